// The timer and the watchdog: rp2040js's, of which both run only while the watchdog's tick does, as
// on the chip.

import { RPTimer, RPWatchdog } from './rp2040js.js';

const TIME_REGISTERS = new Set([0x08, 0x0c, 0x24, 0x28]);
const TICK = 0x2c;

/** The timer. Its time is 0 until there is a tick; one that stops later is not modelled. */
export class Timer extends RPTimer {
    readUint32(offset) {
        const stands = TIME_REGISTERS.has(offset) && !this.rp2040.watchdog.tickEnable;
        return stands ? 0 : super.readUint32(offset);
    }
}

/** The watchdog. */
export class Watchdog extends RPWatchdog {
    constructor(chip, name) {
        super(chip, name);
        this.writeUint32(TICK, 0);
    }

    /** What a reset by a watchdog leaves. */
    inherit(before) {
        this.scratchData.set(before.scratchData);
        this.reason = before.reason;
    }
}
