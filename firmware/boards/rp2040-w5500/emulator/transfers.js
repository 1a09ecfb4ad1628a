// Instructions that move registers from and to memory, without devices: loads, stores, PUSH, POP.
//
// Each answers how many cycles it takes, or that it is left to rp2040js.

export const SP = 13;
export const LR = 14;
export const PC = 15;

/** The answer to an instruction that is left to rp2040js: nothing has changed. */
export const NOT_HERE = 0;

export class Transfers {
    /** Of these registers. */
    constructor(r, memory) {
        this.r = r;
        this.memory = memory;
    }

    /** Loads and stores whose address is the sum of two registers. */
    byRegister(opcode) {
        const { r } = this;
        const address = r[(opcode >> 6) & 7] + r[(opcode >> 3) & 7];
        const register = opcode & 7;
        switch ((opcode >> 9) & 7) {
            case 0b000:
                return this.store(2, register, address);
            case 0b001:
                return this.store(1, register, address);
            case 0b010:
                return this.store(0, register, address);
            case 0b011:
                return this.loadSigned(24, 0, register, address);
            case 0b100:
                return this.load(2, register, address);
            case 0b101:
                return this.load(1, register, address);
            case 0b110:
                return this.load(0, register, address);
            default:
                return this.loadSigned(16, 1, register, address);
        }
    }

    /** Loads and stores whose address is a register and a constant. */
    byConstant(opcode) {
        const base = this.r[(opcode >> 3) & 7];
        const constant = (opcode >> 6) & 0x1f;
        const register = opcode & 7;
        switch (opcode >>> 11) {
            case 0b01100:
                return this.store(2, register, base + (constant << 2));
            case 0b01101:
                return this.load(2, register, base + (constant << 2));
            case 0b01110:
                return this.store(0, register, base + constant);
            case 0b01111:
                return this.load(0, register, base + constant);
            case 0b10000:
                return this.store(1, register, base + (constant << 1));
            default:
                return this.load(1, register, base + (constant << 1));
        }
    }

    /** Of 1, 2 or 4 bytes: `size` is the logarithm. */
    load(size, register, address) {
        const { memory, r } = this;
        const place = memory.readable(address, (1 << size) - 1);
        if (place < 0) {
            return NOT_HERE;
        }
        switch (size) {
            case 0:
                r[register] = memory.bytes[place];
                return 2;
            case 1:
                r[register] = memory.halves[place >> 1];
                return 2;
            default:
                r[register] = memory.words[place >> 2];
                return 2;
        }
    }

    loadSigned(bits, size, register, address) {
        const cycles = this.load(size, register, address);
        if (cycles !== NOT_HERE) {
            this.r[register] = (this.r[register] << bits) >> bits;
        }
        return cycles;
    }

    store(size, register, address) {
        const { memory, r } = this;
        const place = memory.writable(address, (1 << size) - 1);
        if (place < 0) {
            return NOT_HERE;
        }
        switch (size) {
            case 0:
                memory.bytes[place] = r[register];
                return 2;
            case 1:
                memory.halves[place >> 1] = r[register];
                return 2;
            default:
                memory.words[place >> 2] = r[register];
                return 2;
        }
    }

    /** LDM and STM. */
    several(opcode, base) {
        const { memory, r } = this;
        const isLoad = (opcode & 0x800) !== 0;
        const start = r[base];
        const end = start + 4 * count(opcode & 0xff);
        const place = isLoad ? memory.readable(start, 3) : memory.writable(start, 3);
        if (place < 0 || !this.holds(isLoad, end - 4)) {
            return NOT_HERE;
        }
        const cycles = this.transfer(opcode & 0xff, isLoad, place >> 2);
        if ((opcode & (1 << base)) === 0) {
            r[base] = end;
        }
        return 1 + cycles;
    }

    holds(isLoad, address) {
        const { memory } = this;
        return (isLoad ? memory.readable(address, 3) : memory.writable(address, 3)) >= 0;
    }

    /** Moves the registers of a list from or to the words that follow; their number. */
    transfer(list, isLoad, first) {
        const { r } = this;
        const { words } = this.memory;
        let word = first;
        for (let register = 0; list >> register !== 0; register += 1) {
            if (list & (1 << register)) {
                if (isLoad) {
                    r[register] = words[word];
                } else {
                    words[word] = r[register];
                }
                word += 1;
            }
        }
        return word - first;
    }

    push(opcode) {
        const { memory, r } = this;
        const list = opcode & 0xff;
        const registers = count(list);
        const start = r[SP] - 4 * (registers + ((opcode >> 8) & 1));
        const place = memory.writable(start, 3);
        if (place < 0 || memory.writable(r[SP] - 4, 3) < 0) {
            return NOT_HERE;
        }
        this.transfer(list, false, place >> 2);
        if (opcode & 0x100) {
            memory.words[(place >> 2) + registers] = r[LR];
        }
        r[SP] = start;
        return 1 + registers;
    }

    pop(opcode) {
        const { memory, r } = this;
        const list = opcode & 0xff;
        const registers = count(list);
        const end = r[SP] + 4 * registers;
        const place = memory.readable(r[SP], 3);
        const last = memory.readable(opcode & 0x100 ? end : end - 4, 3);
        if (place < 0 || last < 0) {
            return NOT_HERE;
        }
        if ((opcode & 0x100) === 0) {
            this.transfer(list, true, place >> 2);
            r[SP] = end;
            return 1 + registers;
        }
        const target = memory.words[last >> 2];
        if (target >>> 28 === 0xf) {
            return NOT_HERE;
        }
        this.transfer(list, true, place >> 2);
        r[SP] = end + 4;
        r[PC] = target & ~1;
        return 3 + registers;
    }
}

/** How many of eight bits are set. */
function count(bits) {
    let pairs = bits - ((bits >> 1) & 0x55);
    pairs = (pairs & 0x33) + ((pairs >> 2) & 0x33);
    return (pairs + (pairs >> 4)) & 0xf;
}
