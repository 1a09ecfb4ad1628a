// The wire that leads to a port: frames come along it at 100 Mbit/s, one after the other.

/** A byte's time, and what of a frame nobody sees: preamble, check sequence, gap. */
const BYTE_NANOS = 80;
const UNSEEN_LEN = 8 + 4 + 12;
const SHORTEST_LEN = 60;

/** So many frames wait, before those that feed the wire are asked to. */
const ENOUGH = 64;

export class Ethernet {
    /** With what takes each frame when it has come in whole. */
    constructor(onFrame) {
        this.onFrame = onFrame;
        this.waiting = [];
        this.clock = null;
    }

    /** Goes on by that clock. */
    attach(clock) {
        this.clock = clock;
        this.alarm = clock.createAlarm(() => this.arrive());
        this.begin();
    }

    get isFull() {
        return this.waiting.length >= ENOUGH;
    }

    send(frame) {
        this.waiting.push(frame);
        if (this.waiting.length === 1) {
            this.begin();
        }
    }

    begin() {
        if (this.waiting.length > 0) {
            this.alarm.schedule(airNanos(this.waiting[0]));
        }
    }

    arrive() {
        this.onFrame(this.waiting.shift());
        this.begin();
    }
}

/** How long a frame keeps the wire. */
function airNanos(frame) {
    return (Math.max(frame.length, SHORTEST_LEN) + UNSEEN_LEN) * BYTE_NANOS;
}
