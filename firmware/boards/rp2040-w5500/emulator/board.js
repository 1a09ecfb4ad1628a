// The board: the chip, what hangs at its pins, and its resets.

import { Chip } from './chip.js';
import { CYCLE_NANOS, Clock } from './clock.js';
import { Ethernet } from './ethernet.js';
import { FLASH } from './memory.js';
import { Probe } from './probe.js';
import { Cause } from './registers.js';
import { GPIOPinState } from './rp2040js.js';
import { W5500 } from './w5500.js';

/** Behind the 256 bytes that the boot ROM runs, which set up the flash: not needed here. */
const VECTORS = FLASH + 0x100;

/** The pins of each port's W5500; the SPI has its number. */
const PORTS = [
    { select: 17, reset: 20, interrupt: 21 },
    { select: 13, reset: 14, interrupt: 15 },
];

/** So often the probe looks. */
const LOOK_NANOS = 4096 * CYCLE_NANOS;

export class Board {
    /**
     * With the W5500's model, and what is told of frames and of the log: onFrame(port, bytes) and
     * onLog(bytes).
     */
    constructor({ memory, model, random, logger, onFrame, onLog }) {
        Object.assign(this, { memory, random, logger, onLog });
        this.probe = new Probe(memory);
        this.chips = PORTS.map((pins, port) => new W5500(model, {
            onInterrupt: (isLow) => this.chip.gpio[pins.interrupt].setInputValue(!isLow),
            onFrame: (bytes) => onFrame(port, bytes),
        }));
        this.wires = this.chips.map((chip) => new Ethernet((frame) => chip.deliver(frame)));
        /** Nanoseconds that passed before the last reset. */
        this.before = 0;
        this.begin(Cause.power);
    }

    /** Nanoseconds since power-on. */
    get nanos() {
        return this.before + this.clock.nanos;
    }

    get isIdle() {
        return this.chip.core.isIdle;
    }

    /** When something happens next. */
    get next() {
        return this.isIdle ? this.before + this.clock.next : this.nanos;
    }

    /** A reset by the pin RUN. */
    reset() {
        this.readLog();
        this.begin(Cause.run);
    }

    /** Runs until that time; `isEnough` is asked now and then whether to stop before. */
    run(nanos, isEnough = () => false) {
        while (this.nanos < nanos && !isEnough()) {
            const { chip, clock } = this;
            const until = nanos - this.before;
            chip.core.run(Math.min(until, clock.nanos + LOOK_NANOS));
            if (chip.core.isIdle && !chip.isStopped) {
                clock.nanos = Math.max(clock.nanos, Math.min(until, clock.next));
                clock.ring();
            }
            this.readLog();
            if (chip.isStopped) {
                this.begin(Cause.none);
            }
        }
    }

    /** Everything begins anew but memory, the W5500s, and what a reset by the watchdog keeps. */
    begin(cause) {
        const old = this.chip;
        this.before += this.clock?.nanos ?? 0;
        this.clock = new Clock();
        const { random, logger } = this;
        this.chip = new Chip(this.memory, this.clock, { random, cause, logger });
        if (cause === Cause.none) {
            this.chip.watchdog.inherit(old.watchdog);
        }
        this.probe.forget();
        this.chip.core.start(VECTORS);
        PORTS.forEach((_, port) => this.connect(port));
    }

    connect(port) {
        const pins = PORTS[port];
        const { gpio, spi } = this.chip;
        const device = this.chips[port];
        // Nobody drives the pins yet. The module pulls RSTn, INTn and SCSn up, and more strongly
        // than an RP2040 in reset pulls down.
        gpio[pins.interrupt].setInputValue(true);
        device.attach(this.clock);
        spi[port].device = device;
        gpio[pins.select].addListener((state) => {
            spi[port].settle();
            device.select(state === GPIOPinState.Low);
        });
        gpio[pins.reset].addListener((state) => device.setReset(state === GPIOPinState.Low));
        this.wires[port].attach(this.clock);
    }

    readLog() {
        if (this.probe.control < 0) {
            this.probe.look();
        }
        const bytes = this.probe.read();
        if (bytes) {
            this.onLog(bytes);
        }
    }
}
