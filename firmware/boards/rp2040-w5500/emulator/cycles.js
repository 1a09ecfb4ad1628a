// Counts cycles of the board's processor, at 125 MHz, that a frame takes: cycles.js UF2 [plain]
//
// A line a figure: its name, with tracking by the built-in rules, and without. `forward` is what a
// frame of an open connection takes from when it is whole in one chip to when the other is told to
// send it: the median of some, for what else the program has to do now and then may fall into one.
// `saturated` is the time between two when more come than can be carried. Noise and random bits are
// drawn from a seed: the figures are the same on each run. With `plain` every instruction is left to
// rp2040js, which is slow, and comes to the same.
//
// It fails unless the one board holds back what nobody inside asked for, and the other lets it pass.

import { Board } from './board.js';
import { CYCLE_NANOS } from './clock.js';
import { flash } from './flash.js';
import { ACK, CLIENT, SERVER, SYN, segment } from './frames.js';
import { logger } from './logger.js';
import { CONFIG, FLASH, Memory } from './memory.js';
import { loadModel } from './model.js';
import { xorshift } from './random.js';

/** The head of a configuration that is damaged, of a gateway that then lets everything pass. */
const OPEN = Buffer.from('KTGW\x01\x00\x0f\x0f\0\0\0\0\0\0\0\0', 'latin1');

const SHORT = 64;
const LONG = 1514;
/** Until the program has keys, and links are up. */
const START_NANOS = 3e9;
/** Longer than any frame takes. */
const PATIENCE_NANOS = 20e6;
/** So many frames the median is of: an odd number. */
const FRAMES = 31;
/** Between those a time passes that is no multiple of what the program does at times. */
const PAUSE_NANOS = 20e6 + 12_344;
/** So many frames are carried before the count, and in it. */
const WARM_COUNT = 30;
const COUNT = 200;

class Bench {
    constructor(image, config, how) {
        const memory = new Memory(xorshift(1));
        flash(memory, image);
        memory.flash.set(config, CONFIG - FLASH);
        this.frames = 0;
        const onFrame = () => {
            this.frames += 1;
        };
        const random = xorshift(2);
        const model = loadModel();
        this.board = new Board({ memory, model, random, logger, onFrame, onLog() {} });
        this.board.chip.core.isPlain = how === 'plain';
        this.board.run(START_NANOS);
    }

    /** Whether a frame passes that only a gateway without rules lets in. */
    letsAllIn() {
        const before = this.frames;
        this.deliver(SERVER, segment(SERVER, { flags: SYN, seq: 300, ack: 0 }));
        this.board.run(this.board.nanos + PATIENCE_NANOS);
        return this.frames > before;
    }

    /** Opens the connection whose frames are counted. */
    open() {
        this.carry(CLIENT, segment(CLIENT, { flags: SYN, seq: 100, ack: 0 }));
        this.carry(SERVER, segment(SERVER, { flags: SYN | ACK, seq: 300, ack: 101 }));
        this.carry(CLIENT, segment(CLIENT, { flags: ACK, seq: 101, ack: 301 }));
    }

    /** Cycles that a frame takes which comes in at that port. */
    carry(port, frame) {
        const { board } = this;
        const to = board.chips[1 - port];
        const start = board.clock.nanos;
        const before = this.frames;
        this.deliver(port, frame);
        board.run(board.nanos + PATIENCE_NANOS, () => this.frames > before);
        if (this.frames === before || to.sendNanos < start) {
            throw new Error('the board carried no frame');
        }
        const cycles = (to.sendNanos - start) / CYCLE_NANOS;
        board.run(board.nanos + PAUSE_NANOS);
        return Math.round(cycles);
    }

    deliver(port, frame) {
        if (!this.board.chips[port].deliver(frame)) {
            throw new Error('the chip took no frame: its port is not open');
        }
    }

    /** Cycles of a frame that is alone. */
    forward(len) {
        const frame = segment(CLIENT, { flags: ACK, seq: 101, ack: 301, len });
        return median(Array.from({ length: FRAMES }, () => this.carry(CLIENT, frame)));
    }

    /** Cycles between two frames when there are always more. */
    saturated(len) {
        const { board } = this;
        const frame = segment(CLIENT, { flags: ACK, seq: 101, ack: 301, len });
        this.carried(frame, WARM_COUNT);
        const start = board.clock.nanos;
        this.carried(frame, COUNT);
        const nanos = board.clock.nanos - start;
        board.run(board.nanos + PATIENCE_NANOS);
        return Math.round(nanos / COUNT / CYCLE_NANOS);
    }

    carried(frame, count) {
        const { board } = this;
        const wire = board.wires[CLIENT];
        const end = this.frames + count;
        const latest = board.nanos + count * PATIENCE_NANOS;
        while (this.frames < end) {
            if (board.nanos > latest) {
                throw new Error(`the board carried ${this.frames + count - end} frames of ${count}`);
            }
            if (!wire.isFull) {
                wire.send(frame);
            }
            const before = this.frames;
            const isEnough = () => this.frames > before || !wire.isFull;
            board.run(board.nanos + PATIENCE_NANOS, isEnough);
        }
    }
}

function median(figures) {
    const sorted = [...figures].sort((left, right) => left - right);
    return sorted[(sorted.length - 1) / 2];
}

function run([image, how]) {
    const [on, off] = [Buffer.alloc(0), OPEN].map((config) => new Bench(image, config, how));
    if (on.letsAllIn()) {
        throw new Error('the board does not track, or not by the built-in rules');
    }
    if (!off.letsAllIn()) {
        throw new Error('the board tracks that is not to: has the head of a configuration changed?');
    }
    [on, off].forEach((bench) => bench.open());
    for (const name of ['forward', 'saturated']) {
        for (const len of [SHORT, LONG]) {
            console.log(`${name}-${len} ${on[name](len)} ${off[name](len)}`);
        }
    }
}

try {
    run(process.argv.slice(2));
} catch (why) {
    process.stderr.write(`cycles: ${why.message}\n`);
    process.exit(1);
}
