// Instructions that only compute: on `r`, which holds the registers, and behind them the flags.
//
// Each takes the opcode, writes registers and flags, and takes one cycle.

/** N is the sign of the word at N, Z whether the word at Z is zero; C and V are 0 or 1. */
export const N = 16;
export const Z = 17;
export const C = 18;
export const V = 19;

function result(r, register, value) {
    r[register] = value;
    r[N] = value;
    r[Z] = value;
}

/** What `left + right + carry` is, and the flags of it. */
export function add(r, left, right, carry) {
    const sum = (left >>> 0) + (right >>> 0) + carry;
    const value = sum | 0;
    r[N] = value;
    r[Z] = value;
    r[C] = sum > 0xffffffff ? 1 : 0;
    r[V] = ((left ^ value) & (right ^ value)) >>> 31;
    return value;
}

/** LSLS, LSRS and ASRS by a constant. */
export function shiftByConstant(r, opcode) {
    const count = (opcode >> 6) & 0x1f;
    const value = r[(opcode >> 3) & 7];
    const register = opcode & 7;
    switch (opcode >>> 11) {
        case 0b00000:
            return left(r, register, value, count);
        case 0b00001:
            return right(r, register, value, count === 0 ? 32 : count);
        default:
            return rightSigned(r, register, value, count === 0 ? 32 : count);
    }
}

/** ADDS and SUBS of two registers, or of one and three bits. */
export function addOrSubtract(r, opcode) {
    const value = r[(opcode >> 3) & 7];
    const field = (opcode >> 6) & 7;
    const other = opcode & 0x400 ? field : r[field];
    r[opcode & 7] = opcode & 0x200 ? add(r, value, ~other, 1) : add(r, value, other, 0);
}

/** MOVS, CMP, ADDS and SUBS with eight bits. */
export function withConstant(r, opcode) {
    const constant = opcode & 0xff;
    const register = (opcode >> 8) & 7;
    switch (opcode >>> 11) {
        case 0b00100:
            return result(r, register, constant);
        case 0b00101:
            return void add(r, r[register], ~constant, 1);
        case 0b00110:
            return void (r[register] = add(r, r[register], constant, 0));
        default:
            return void (r[register] = add(r, r[register], ~constant, 1));
    }
}

/** The sixteen of two registers whose result is in the first. */
export function withRegister(r, opcode) {
    const to = opcode & 7;
    const value = r[to];
    const other = r[(opcode >> 3) & 7];
    switch ((opcode >> 6) & 0xf) {
        case 0b0000: // ANDS
            return result(r, to, value & other);
        case 0b0001: // EORS
            return result(r, to, value ^ other);
        case 0b0010: // LSLS
            return left(r, to, value, other & 0xff);
        case 0b0011: // LSRS
            return right(r, to, value, other & 0xff);
        case 0b0100: // ASRS
            return rightSigned(r, to, value, other & 0xff);
        case 0b0101: // ADCS
            return void (r[to] = add(r, value, other, r[C]));
        case 0b0110: // SBCS
            return void (r[to] = add(r, value, ~other, r[C]));
        case 0b0111: // RORS
            return rotate(r, to, value, other & 0xff);
        case 0b1000: // TST
            r[N] = value & other;
            r[Z] = value & other;
            return;
        case 0b1001: // RSBS
            return void (r[to] = add(r, 0, ~other, 1));
        case 0b1010: // CMP
            return void add(r, value, ~other, 1);
        case 0b1011: // CMN
            return void add(r, value, other, 0);
        case 0b1100: // ORRS
            return result(r, to, value | other);
        case 0b1101: // MULS
            return result(r, to, Math.imul(value, other));
        case 0b1110: // BICS
            return result(r, to, value & ~other);
        default: // MVNS
            return result(r, to, ~other);
    }
}

/** SXTH, SXTB, UXTH and UXTB. */
export function extend(r, opcode) {
    const value = r[(opcode >> 3) & 7];
    const to = opcode & 7;
    switch ((opcode >> 6) & 3) {
        case 0b00:
            r[to] = (value << 16) >> 16;
            return;
        case 0b01:
            r[to] = (value << 24) >> 24;
            return;
        case 0b10:
            r[to] = value & 0xffff;
            return;
        default:
            r[to] = value & 0xff;
    }
}

/** REV, REV16 and REVSH. */
export function reverse(r, opcode) {
    const value = r[(opcode >> 3) & 7];
    const swapped = ((value >>> 8) & 0x00ff00ff) | ((value & 0x00ff00ff) << 8);
    const to = opcode & 7;
    switch ((opcode >> 6) & 3) {
        case 0b00:
            r[to] = (swapped >>> 16) | (swapped << 16);
            return;
        case 0b01:
            r[to] = swapped;
            return;
        default:
            r[to] = (swapped << 16) >> 16;
    }
}

function left(r, to, value, count) {
    if (count !== 0) {
        r[C] = count > 32 ? 0 : (value >>> (32 - count)) & 1;
    }
    result(r, to, count > 31 ? 0 : value << count);
}

function right(r, to, value, count) {
    if (count !== 0) {
        r[C] = count > 32 ? 0 : (value >>> (count - 1)) & 1;
    }
    result(r, to, count > 31 ? 0 : (value >>> count) | 0);
}

function rightSigned(r, to, value, count) {
    if (count !== 0) {
        r[C] = count > 31 ? value >>> 31 : (value >>> (count - 1)) & 1;
    }
    result(r, to, count > 31 ? value >> 31 : value >> count);
}

function rotate(r, to, value, count) {
    const by = count & 31;
    const rotated = (value >>> by) | (value << (32 - by));
    if (count !== 0) {
        r[C] = rotated >>> 31;
    }
    result(r, to, by === 0 ? value : rotated);
}
