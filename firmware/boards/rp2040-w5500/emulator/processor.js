// The processor: rp2040js's, with faults, with interrupts as the chip has them, and quick.
//
// Departures of rp2040js 1.4.1 from the chip that are mended here:
// - It has no faults. Here a bad address, one that is not aligned, an instruction that is none, and
//   a breakpoint without a debugger are HardFaults, and a fault within one is a lockup.
// - WFI with PRIMASK set takes the interrupt that ends it. On the chip it only ends.
// - An interrupt is pending as long as its line is up. On the chip it stays so until it is taken or
//   taken back.
// Those that stay: PUSH does not count the cycle of LR, and flash is always in the cache.

import { CYCLE_NANOS } from './clock.js';
import { Instructions } from './instructions.js';
import { CortexM0Core, RPPPB } from './rp2040js.js';

const HARD_FAULT = 3;
const FIRST_INTERRUPT = 16;
const ICPR = 0x280;

/** What an access or an instruction throws that the chip has none of. */
export class Fault extends Error {}

/** How rp2040js says that there is no such instruction, and then goes on. */
const FAULTS = {
    info() {},
    warn(_, what) {
        throw new Fault(what);
    },
};

export class Processor extends CortexM0Core {
    constructor(chip) {
        super(chip);
        /** Lines that are up. */
        this.lines = 0;
        /** A fault within a fault: nothing runs any more, until a reset. */
        this.isLocked = false;
        /** Nothing is executed, as a debugger does it. */
        this.isHalted = false;
        /** Every instruction is left to rp2040js. */
        this.isPlain = false;
        this.quick = new Instructions(this, chip.memory);
        chip.onBreak = () => {
            throw new Fault('a breakpoint, or an instruction that is none');
        };
    }

    get logger() {
        return FAULTS;
    }

    /** Does what it does at a bad address. */
    fail() {
        this.waiting = false;
        this.takeFault(new Fault('by order'));
    }

    /** Starts the program whose vectors are there. */
    start(vectors) {
        this.VTOR = vectors;
        this.reset();
    }

    /** Runs until that time, until the processor waits, or until the chip stops it. */
    run(nanos) {
        const { clock } = this.rp2040;
        while (clock.nanos < nanos && !this.isIdle && !this.rp2040.isStopped) {
            if (this.interruptsUpdated && this.checkForInterrupts()) {
                this.waiting = false;
            }
            const until = Math.min(nanos, clock.next);
            const budget = Math.ceil((until - clock.nanos) / CYCLE_NANOS);
            const spent = this.isPlain ? 0 : this.quick.run(budget);
            this.pass(spent);
            if (spent < budget) {
                this.step();
            }
            clock.ring();
        }
    }

    /** One instruction, by rp2040js. */
    step() {
        const at = this.PC;
        try {
            this.pass(this.executeInstruction());
            // What was pending before it waits ends the wait, too.
            if (this.waiting && this.checkForInterrupts()) {
                this.waiting = false;
            }
        } catch (why) {
            if (!(why instanceof Fault)) {
                throw why;
            }
            this.PC = at;
            this.takeFault(why);
        }
    }

    get isIdle() {
        return this.waiting || this.isLocked || this.isHalted;
    }

    setInterrupt(irq, isUp) {
        const line = 1 << irq;
        if (!isUp) {
            this.lines &= ~line;
        } else if (!(this.lines & line)) {
            this.lines |= line;
            this.pend(line);
        }
    }

    /** Takes pending interrupts back; one whose line is still up is pending again. */
    unpend(lines) {
        this.pendingInterrupts = (this.pendingInterrupts & ~lines) | this.lines;
    }

    checkForInterrupts() {
        if (this.PM) {
            this.interruptsUpdated = false;
            return this.waiting && (this.pendingInterrupts & this.enabledInterrupts) !== 0;
        }
        return super.checkForInterrupts();
    }

    exceptionEntry(number) {
        super.exceptionEntry(number);
        this.PC &= ~1;
        if (number >= FIRST_INTERRUPT) {
            this.pendingInterrupts &= ~(1 << (number - FIRST_INTERRUPT));
        }
    }

    exceptionReturn(how) {
        super.exceptionReturn(how);
        this.unpend(0);
    }

    pend(lines) {
        this.pendingInterrupts |= lines;
        this.interruptsUpdated = true;
        if (this.waiting && this.checkForInterrupts()) {
            this.waiting = false;
        }
    }

    pass(cycles) {
        this.rp2040.clock.nanos += cycles * CYCLE_NANOS;
    }

    takeFault(why) {
        const address = (this.PC >>> 0).toString(16);
        this.rp2040.logger.warn('fault', `at 0x${address}: ${why.message}`);
        try {
            if (this.IPSR === HARD_FAULT) {
                throw why;
            }
            this.exceptionEntry(HARD_FAULT);
        } catch (again) {
            if (!(again instanceof Fault)) {
                throw again;
            }
            this.isLocked = true;
        }
    }
}

/** The interrupt controller: rp2040js's, whose ICPR takes no interrupt of the chip's back. */
export class InterruptController extends RPPPB {
    writeUint32(offset, value) {
        if (offset === ICPR) {
            this.rp2040.core.unpend(value);
        } else {
            super.writeUint32(offset, value);
        }
    }
}
