// A W5500: the chip model of firmware/w5500-model, built for WebAssembly, at the board's pins.

/** What the model calls them. */
export const FAULTS = {
    none: 0,
    'resets-itself': 1,
    'lies-about-length': 2,
    'lies-about-size': 3,
    'fills-fifo': 4,
    'delays-command': 5,
    'forgets-sent': 6,
    unplugged: 7,
    garbles: 8,
    hangs: 9,
    overflows: 10,
    'turns-bit': 11,
};
const NEVER = 0xffffffff;
/** As much as the model's clock is told at once. */
const LONGEST = 1e9;
/** As much as the model takes or hands out at once. */
const BUFFER_LEN = 32 << 10;

export class W5500 {
    /** With what is called when INTn changes, and with each frame that has left. */
    constructor(module, { onInterrupt, onFrame }) {
        this.model = new WebAssembly.Instance(module, {}).exports;
        this.onInterrupt = onInterrupt;
        this.onFrame = onFrame;
        this.isInterrupting = false;
        /** When the last SEND was given, in nanoseconds of the clock. */
        this.sendNanos = -1;
        this.isSending = false;
        this.clock = null;
        this.nanos = 0;
        /** Misuses that were not the driver's. */
        this.forgiven = 0;
    }

    /**
     * Lives by that clock from now on: the board was reset, which the chip sees by its pins, that
     * nobody drives any more. That may end a frame or RSTn early, which the driver cannot help.
     */
    attach(clock) {
        this.clock = clock;
        this.nanos = clock.nanos;
        this.alarm = clock.createAlarm(() => this.settle());
        this.isInterrupting = false;
        this.model.set_reset(0);
        this.model.select(0);
        this.forgiven = this.model.misuse_count();
        this.look();
    }

    select(isLow) {
        this.elapse();
        this.model.select(isLow ? 1 : 0);
        this.look();
    }

    exchange(byte) {
        this.elapse();
        const answer = this.model.exchange(byte) & 0xff;
        this.look();
        return answer;
    }

    exchangeInPlace(bytes) {
        this.elapse();
        const buffer = this.buffer(bytes.length);
        buffer.set(bytes);
        this.model.exchange_in_place(bytes.length);
        bytes.set(buffer);
        this.look();
    }

    setReset(isLow) {
        this.elapse();
        this.model.set_reset(isLow ? 1 : 0);
        this.look();
    }

    setLink(isUp) {
        this.elapse();
        this.model.set_link(isUp ? 1 : 0);
        this.look();
    }

    /** A frame has come in whole; whether it is not lost. */
    deliver(frame) {
        this.elapse();
        if (frame.length > BUFFER_LEN) {
            return false;
        }
        this.buffer(frame.length).set(frame);
        const isTaken = this.model.deliver(frame.length) !== 0;
        this.look();
        return isTaken;
    }

    /** A fault by its name, with its argument. */
    fault(name, argument) {
        if (!Object.hasOwn(FAULTS, name)) {
            throw new Error(`no fault \`${name}\`; there are: ${Object.keys(FAULTS).join(' ')}`);
        }
        this.elapse();
        if (this.model.fault(FAULTS[name], argument) === 0) {
            throw new Error(`the model knows no fault \`${name}\`, number ${FAULTS[name]}`);
        }
        this.look();
    }

    buffer(len) {
        const { model } = this;
        if (len > BUFFER_LEN) {
            throw new Error(`${len} bytes at once are more than the W5500's model takes`);
        }
        return new Uint8Array(model.memory.buffer, model.buffer(), len);
    }

    /** Does what is due by now. */
    settle() {
        this.elapse();
        this.look();
    }

    elapse() {
        let left = this.clock.nanos - this.nanos;
        this.nanos = this.clock.nanos;
        while (left > 0) {
            const step = Math.min(left, LONGEST);
            this.model.elapse(step);
            left -= step;
            this.takeSent();
        }
    }

    takeSent() {
        const len = this.model.take_sent() >>> 0;
        if (len > 0) {
            this.onFrame(this.buffer(len).slice());
        }
    }

    /** Looks at what the chip says, and when it does something by itself. */
    look() {
        if (this.model.misuse_count() !== this.forgiven) {
            throw new Error('the program does at the W5500 what its datasheet forbids');
        }
        const isInterrupting = this.model.is_interrupting() !== 0;
        if (isInterrupting !== this.isInterrupting) {
            this.isInterrupting = isInterrupting;
            this.onInterrupt(isInterrupting);
        }
        const isSending = this.model.is_sending() !== 0;
        if (isSending && !this.isSending) {
            this.sendNanos = this.clock.nanos;
        }
        this.isSending = isSending;
        const next = this.model.next_event() >>> 0;
        if (next === NEVER) {
            this.alarm.cancel();
        } else {
            this.alarm.schedule(next);
        }
    }
}
