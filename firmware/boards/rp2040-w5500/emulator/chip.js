// The RP2040: rp2040js's, with what that one lacks or what is too slow there replaced.
//
// Departures of rp2040js 1.4.1 from the chip that are mended here and in the files named:
// - It starts in a boot ROM, which the package has not. Here it starts as that one would: board.js.
// - Any address can be read and written, flash too: see check below. Faults: processor.js.
// - Its DMA moves a byte an alarm: dma.js. Its SPI takes no time: spi.js.
// - No ring oscillator, no reason of the last reset; a reset resets nothing: registers.js,
//   resets.js.
// - TIMER runs without the tick that WATCHDOG makes for it: timer.js.
// What is still not as on the chip: PWM, the second core, the PLLs' and the crystal's time to
// start, clk_sys before the PLL (it is always 125 MHz), XIP cache misses, and contention on the
// bus.

import { Dma } from './dma.js';
import { FLASH, RAM, RAM_LEN } from './memory.js';
import { Fault, InterruptController, Processor } from './processor.js';
import { ChipReset, RingOscillator, Unused } from './registers.js';
import { Resets } from './resets.js';
import { RP2040 } from './rp2040js.js';
import { Spi } from './spi.js';
import { Timer, Watchdog } from './timer.js';

const ROM_LEN = 16 << 10;

/** Where the peripherals are, as rp2040js counts: addresses without their last twelve bits. */
const AT = {
    resets: 0x4000c,
    qspiPins: 0x40018,
    spi: [0x4003c, 0x40040],
    pwm: 0x40050,
    timer: 0x40054,
    watchdog: 0x40058,
    ringOscillator: 0x40060,
    chipReset: 0x40064,
    dma: 0x50000,
};

const SPI = [
    { name: 'SPI0', tx: 16, rx: 17 },
    { name: 'SPI1', tx: 18, rx: 19 },
];

export class Chip extends RP2040 {
    /** With that memory and time; `cause` is why it starts, one of registers.js. */
    constructor(memory, clock, { random, cause, logger }) {
        super(clock);
        // They count from the start, and ring.
        this.pwm.channels.forEach((channel) => {
            channel.timer.enable = false;
        });
        this.memory = memory;
        memory.lend(this);
        this.logger = logger;
        /** Set when the processor is to run no further: the chip is to be reset. */
        this.isStopped = false;
        this.core = new Processor(this);
        this.ppb = new InterruptController(this, 'PPB');
        this.dma = new Dma(this, 'DMA');
        this.spi = SPI.map((setup) => new Spi(this, setup));
        this.watchdog = new Watchdog(this, 'WATCHDOG');
        this.watchdog.onWatchdogTrigger = () => {
            // It would bite again at once, for ever.
            this.watchdog.timer.enable = false;
            this.isStopped = true;
        };
        Object.assign(this.peripherals, {
            [AT.resets]: new Resets(this, 'RESETS'),
            [AT.qspiPins]: new Unused(this, 'IO_QSPI'),
            [AT.spi[0]]: this.spi[0],
            [AT.spi[1]]: this.spi[1],
            [AT.timer]: new Timer(this, 'TIMER'),
            [AT.watchdog]: this.watchdog,
            [AT.ringOscillator]: new RingOscillator(this, random),
            [AT.chipReset]: new ChipReset(this, cause),
            [AT.dma]: this.dma,
            [AT.pwm]: new Unused(this, 'PWM'),
        });
    }

    /** A reset is a new chip with the same memory. */
    reset() {}

    readUint32(address) {
        this.check(address, 3, 'read');
        return super.readUint32(address);
    }

    readUint16(address) {
        this.check(address, 1, 'read');
        return super.readUint16(address);
    }

    readUint8(address) {
        this.check(address, 0, 'read');
        return super.readUint8(address);
    }

    writeUint32(address, value) {
        this.check(address, 3, 'write');
        super.writeUint32(address, value);
    }

    writeUint16(address, value) {
        this.check(address, 1, 'write');
        super.writeUint16(address, value);
    }

    writeUint8(address, value) {
        this.check(address, 0, 'write');
        super.writeUint8(address, value);
    }

    /** That there is something at the address: else the bus answers with an error. */
    check(address, within, what) {
        if ((address & within) !== 0 || !this.has(address >>> 0, what)) {
            throw new Fault(`${what} at ${hex(address)}`);
        }
    }

    has(address, what) {
        switch (address >>> 28) {
            case 0x0:
                this.logger.warn('ROM', `${what} at ${hex(address)}: there is no boot ROM`);
                return address < ROM_LEN && what === 'read';
            case 0x1:
                return (address & 0xfc000000) === FLASH
                    ? what === 'read'
                    : this.findPeripheral(address) !== undefined;
            case 0x2:
                return address - RAM < RAM_LEN;
            case 0x4:
                return this.findPeripheral(address) !== undefined;
            case 0x5:
                return address >>> 12 === 0x50100 || this.findPeripheral(address) !== undefined;
            case 0xd:
                return true;
            default:
                return address >>> 12 === 0xe000e;
        }
    }
}

function hex(address) {
    return `0x${(address >>> 0).toString(16)}`;
}
