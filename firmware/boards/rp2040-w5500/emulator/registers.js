// Small peripherals that rp2040js lacks: the ring oscillator's random bit, and why the chip
// started.

import { BasePeripheral } from './rp2040js.js';

/** Why the chip starts: bits of CHIP_RESET. */
export const Cause = { power: 1 << 8, run: 1 << 16, none: 0 };

/** A peripheral whose registers only hold what is written to them. */
export class Unused extends BasePeripheral {
    constructor(chip, name) {
        super(chip, name);
        this.written = new Map();
    }

    readUint32(offset) {
        return this.written.get(offset) ?? 0;
    }

    writeUint32(offset, value) {
        this.written.set(offset, value);
    }
}

const ROSC_STATUS = 0x18;
const ROSC_RANDOMBIT = 0x1c;
const STABLE_AND_ENABLED = (1 << 31) | (1 << 12);

/**
 * The ring oscillator. Its random bit is a fair coin at each read; the chip's is worse when it is
 * read faster than the oscillator turns, which needs a chip to be measured.
 */
export class RingOscillator extends Unused {
    constructor(chip, random) {
        super(chip, 'ROSC');
        this.random = random;
    }

    readUint32(offset) {
        switch (offset) {
            case ROSC_STATUS:
                return STABLE_AND_ENABLED >>> 0;
            case ROSC_RANDOMBIT:
                return this.random() & 1;
            default:
                return super.readUint32(offset);
        }
    }
}

const CHIP_RESET = 0x08;

/** The regulator and the chip's own reset. */
export class ChipReset extends Unused {
    constructor(chip, cause) {
        super(chip, 'VREG_AND_CHIP_RESET');
        this.cause = cause;
    }

    readUint32(offset) {
        return offset === CHIP_RESET ? this.cause : super.readUint32(offset);
    }
}
