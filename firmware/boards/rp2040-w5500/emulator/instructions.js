// The instructions a program spends its time in, done quickly: the same as rp2040js does, at the
// same number of cycles, about twice as fast.
//
// Two things that rp2040js has wrong are right here: the carry of shifts by a register, for no bit
// and for more than 32; and BLX of LR, which it writes before it reads it.
//
// What is not here is left to rp2040js: whatever touches devices or faults, and what a program
// rarely does. `cycles plain` leaves all to rp2040js, and comes to the same figures.

import { setFlagsFromString } from 'node:v8';

import {
    C, N, V, Z, add, addOrSubtract, extend, reverse, shiftByConstant, withConstant, withRegister,
} from './arithmetic.js';
import { LR, NOT_HERE, PC, SP, Transfers } from './transfers.js';

// What an instruction does is spread over small functions, which are to be one: a fifth faster.
setFlagsFromString('--max-inlined-bytecode-size=2000');
setFlagsFromString('--max-inlined-bytecode-size-cumulative=10000');

export class Instructions {
    constructor(core, memory) {
        this.core = core;
        this.memory = memory;
        /** Registers, and behind them flags. */
        this.r = new Int32Array(20);
        this.transfers = new Transfers(this.r, memory);
        core.registers = new Uint32Array(this.r.buffer, 0, 16);
    }

    /** Runs until so many cycles are spent, or the next instruction is not here; spent cycles. */
    run(budget) {
        const { memory, r } = this;
        const { halves } = memory;
        this.takeFlags();
        let spent = 0;
        while (spent < budget) {
            const at = r[PC];
            const place = memory.readable(at, 1);
            if (place < 0) {
                break;
            }
            r[PC] = at + 2;
            const cycles = this.execute(halves[place >> 1], place);
            if (cycles === NOT_HERE) {
                r[PC] = at;
                break;
            }
            spent += cycles;
        }
        this.giveFlags();
        return spent;
    }

    execute(opcode, place) {
        const { r } = this;
        switch (opcode >>> 11) {
            case 0b00000:
            case 0b00001:
            case 0b00010:
                shiftByConstant(r, opcode);
                return 1;
            case 0b00011:
                addOrSubtract(r, opcode);
                return 1;
            case 0b00100:
            case 0b00101:
            case 0b00110:
            case 0b00111:
                withConstant(r, opcode);
                return 1;
            case 0b01000:
                return this.ofRegisters(opcode);
            case 0b01001: // LDR of a constant near by
                return this.transfers.load(2, (opcode >> 8) & 7, ((r[PC] + 2) & ~3) + ((opcode & 0xff) << 2));
            case 0b01010:
            case 0b01011:
                return this.transfers.byRegister(opcode);
            case 0b01100:
            case 0b01101:
            case 0b01110:
            case 0b01111:
            case 0b10000:
            case 0b10001:
                return this.transfers.byConstant(opcode);
            case 0b10010: // STR at SP
                return this.transfers.store(2, (opcode >> 8) & 7, r[SP] + ((opcode & 0xff) << 2));
            case 0b10011: // LDR at SP
                return this.transfers.load(2, (opcode >> 8) & 7, r[SP] + ((opcode & 0xff) << 2));
            case 0b10100: // ADR
                r[(opcode >> 8) & 7] = ((r[PC] + 2) & ~3) + ((opcode & 0xff) << 2);
                return 1;
            case 0b10101: // ADD of SP
                r[(opcode >> 8) & 7] = r[SP] + ((opcode & 0xff) << 2);
                return 1;
            case 0b10110:
            case 0b10111:
                return this.odd(opcode);
            case 0b11000: // STM
                return this.transfers.several(opcode, (opcode >> 8) & 7);
            case 0b11001: // LDM
                return this.transfers.several(opcode, (opcode >> 8) & 7);
            case 0b11010:
            case 0b11011:
                return this.branchIf(opcode);
            case 0b11100: // B
                r[PC] += ((opcode << 21) >> 20) + 2;
                return 2;
            case 0b11110:
                return this.call(opcode, this.memory.halves[(place >> 1) + 1]);
            default:
                return NOT_HERE;
        }
    }

    takeFlags() {
        const { core, r } = this;
        r[N] = core.N ? -1 : 0;
        r[Z] = core.Z ? 0 : 1;
        r[C] = core.C ? 1 : 0;
        r[V] = core.V ? 1 : 0;
    }

    giveFlags() {
        const { core, r } = this;
        core.N = r[N] < 0;
        core.Z = r[Z] === 0;
        core.C = r[C] !== 0;
        core.V = r[V] !== 0;
    }

    ofRegisters(opcode) {
        const { r } = this;
        if ((opcode & 0x400) === 0) {
            withRegister(r, opcode);
            return 1;
        }
        const from = (opcode >> 3) & 0xf;
        const to = ((opcode >> 4) & 8) | (opcode & 7);
        const other = from === PC ? r[PC] + 2 : r[from];
        switch ((opcode >> 8) & 3) {
            case 0b00: // ADD
                return to >= SP ? NOT_HERE : this.move(to, r[to] + other);
            case 0b01: // CMP
                return from === PC || to === PC ? NOT_HERE : this.compare(r[to], other);
            case 0b10: // MOV
                return to >= SP ? NOT_HERE : this.move(to, other);
            default:
                return from === PC ? NOT_HERE : this.jump(opcode, other);
        }
    }

    move(to, value) {
        this.r[to] = value;
        return 1;
    }

    compare(left, right) {
        add(this.r, left, ~right, 1);
        return 1;
    }

    /** BX and BLX. */
    jump(opcode, target) {
        const { r } = this;
        if ((opcode & 7) !== 0 || target >>> 28 === 0xf) {
            return NOT_HERE;
        }
        if (opcode & 0x80) {
            r[LR] = r[PC] | 1;
        }
        r[PC] = target & ~1;
        return 2;
    }

    /** What else there is: moves of SP, PUSH and POP, extensions, reversals, NOP. */
    odd(opcode) {
        const { r } = this;
        switch (opcode >>> 8) {
            case 0b10110000:
                r[SP] += ((opcode & 0x7f) << 2) * (opcode & 0x80 ? -1 : 1);
                return 1;
            case 0b10110010:
                extend(r, opcode);
                return 1;
            case 0b10110100:
            case 0b10110101:
                return this.transfers.push(opcode);
            case 0b10111010:
                if (((opcode >> 6) & 3) === 0b10) {
                    return NOT_HERE;
                }
                reverse(r, opcode);
                return 1;
            case 0b10111100:
            case 0b10111101:
                return this.transfers.pop(opcode);
            default:
                return opcode === 0xbf00 ? 1 : NOT_HERE;
        }
    }

    branchIf(opcode) {
        const condition = (opcode >> 8) & 0xf;
        if (condition >= 0b1110) {
            return NOT_HERE;
        }
        if (!this.holdsTrue(condition)) {
            return 1;
        }
        this.r[PC] += ((opcode << 24) >> 23) + 2;
        return 2;
    }

    holdsTrue(condition) {
        const { r } = this;
        switch (condition) {
            case 0b0000: // EQ
                return r[Z] === 0;
            case 0b0001: // NE
                return r[Z] !== 0;
            case 0b0010: // CS
                return r[C] !== 0;
            case 0b0011: // CC
                return r[C] === 0;
            case 0b0100: // MI
                return r[N] < 0;
            case 0b0101: // PL
                return r[N] >= 0;
            case 0b0110: // VS
                return r[V] !== 0;
            case 0b0111: // VC
                return r[V] === 0;
            case 0b1000: // HI
                return r[C] !== 0 && r[Z] !== 0;
            case 0b1001: // LS
                return r[C] === 0 || r[Z] === 0;
            case 0b1010: // GE
                return r[N] >>> 31 === r[V];
            case 0b1011: // LT
                return r[N] >>> 31 !== r[V];
            case 0b1100: // GT
                return r[Z] !== 0 && r[N] >>> 31 === r[V];
            default: // LE
                return r[Z] === 0 || r[N] >>> 31 !== r[V];
        }
    }

    /** BL. The rest of the wide instructions is rare. */
    call(opcode, second) {
        if ((second & 0xd000) !== 0xd000) {
            return NOT_HERE;
        }
        const { r } = this;
        const sign = (opcode >> 10) & 1;
        const i1 = 1 - (sign ^ ((second >> 13) & 1));
        const i2 = 1 - (sign ^ ((second >> 11) & 1));
        const upper = (i1 << 23) | (i2 << 22) | ((opcode & 0x3ff) << 12);
        const offset = (sign ? 0xff000000 : 0) | upper | ((second & 0x7ff) << 1);
        r[LR] = (r[PC] + 2) | 1;
        r[PC] += 2 + offset;
        return 3;
    }
}
