// Keeps virtual time to real time: it waits where the board is faster, and falls behind where the
// board is slower.

import { performance } from 'node:perf_hooks';

/** Milliseconds of work, before events from outside have their turn. */
const SLICE_MS = 2;
/** So far virtual time may be ahead, since nothing can wake us up more precisely. */
const LEAD_NANOS = 1e6;
/** Further behind than that it does not hurry to catch up. */
const LAG_NANOS = 20e6;
/** Where nothing is to happen. */
const LONGEST_MS = 1000;

export class Pace {
    /** Of that board. Before each slice `mayRun` is asked; if not, `soon` is to say when. */
    constructor(board, mayRun) {
        this.board = board;
        this.mayRun = mayRun;
        this.origin = now() - board.nanos;
        this.timer = null;
    }

    /** Something is to happen now: a board that slept has slept until now. */
    wake() {
        const { board } = this;
        if (board.isIdle) {
            board.run(Math.min(this.target(), board.next));
        }
        this.soon();
    }

    soon() {
        this.stop();
        this.timer = setImmediate(() => this.go());
    }

    /** Runs what is due, and sees to it that the rest runs in time. */
    go() {
        this.stop();
        const { board } = this;
        if (!this.mayRun()) {
            return;
        }
        const end = performance.now() + SLICE_MS;
        const target = this.target();
        board.run(target + LEAD_NANOS, () => performance.now() > end);
        if (board.nanos < target) {
            // What is too late already is not made up for.
            this.origin += Math.max(0, target - board.nanos - LAG_NANOS);
            this.soon();
        } else {
            this.sleep(target);
        }
    }

    stop() {
        clearTimeout(this.timer);
        clearImmediate(this.timer);
    }

    target() {
        return Math.floor(now() - this.origin);
    }

    sleep(target) {
        const ms = Math.ceil((Math.max(this.board.next, target) - target) / 1e6);
        this.timer = setTimeout(() => this.go(), Math.min(Math.max(ms, 1), LONGEST_MS));
    }
}

function now() {
    return performance.now() * 1e6;
}
