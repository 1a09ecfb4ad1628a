// A debug probe: empties the ring in RAM that the program's log goes into (RTT).

import { RAM, RAM_LEN } from './memory.js';

const ID = 'SEGGER RTT';
/** Within the control block: the first ring up, and its fields. */
const RING = 24;
const START = RING + 4;
const LEN = RING + 8;
const WRITE = RING + 12;
const READ = RING + 16;
const CONTROL_LEN = RING + 24;

export class Probe {
    constructor(memory) {
        this.ram = Buffer.from(memory.ram.buffer, memory.ram.byteOffset, memory.ram.byteLength);
        this.words = new Uint32Array(memory.ram.buffer, memory.ram.byteOffset, RAM_LEN >> 2);
        this.control = -1;
    }

    /** The board is reset: what is left of the ring is not to be taken for the next program's. */
    forget() {
        if (this.control >= 0) {
            this.ram.fill(0, this.control, this.control + CONTROL_LEN);
        }
        this.control = -1;
    }

    /** What has been written into the ring since, or null. */
    read() {
        const { words } = this;
        const at = this.control >> 2;
        if (at < 0 || words[at + (WRITE >> 2)] === words[at + (READ >> 2)]) {
            return null;
        }
        const fields = [START, LEN, WRITE, READ];
        const [start, len, write, read] = fields.map((field) => words[at + (field >> 2)]);
        const first = start - RAM;
        if (first < 0 || first + len > RAM_LEN || write >= len || read >= len) {
            return null;
        }
        words[at + (READ >> 2)] = write;
        const bytes = this.ram.subarray(first, first + len);
        return write > read
            ? Buffer.from(bytes.subarray(read, write))
            : Buffer.concat([bytes.subarray(read), bytes.subarray(0, write)]);
    }

    /** Looks for the control block, whose words are aligned. */
    look() {
        let at = this.ram.indexOf(ID);
        while (at >= 0 && at % 4 !== 0) {
            at = this.ram.indexOf(ID, at + 1);
        }
        this.control = at;
    }
}
