// Each instruction does what rp2040js does with it, by registers, flags, memory and cycles, with
// values drawn from a seed. Run by `node --test`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Instructions } from './instructions.js';
import { FLASH, Memory, RAM, RAM_LEN } from './memory.js';
import { xorshift } from './random.js';
import { CortexM0Core, RP2040 } from './rp2040js.js';

const ROUNDS = 4;
const PC = 15;
const CODE = 0x1000;
/** So many words from there on may be read as constants. */
const LITERALS = 300;
/** Registers point there, so that loads and stores find memory. */
const MIDDLE = RAM + RAM_LEN / 2;
const EDGES = [0, 1, -1, 0x7fffffff, 0x80000000, 31, 32, 33, 255, 256];

/** Shifts by a register: rp2040js has their carry wrong for none, and for more than the word has. */
const SHIFTS = new Set([0b0100000010, 0b0100000011, 0b0100000100, 0b0100000111]);
/** ADCS, SBCS: their overflow, where operand and carry come to 2^32. */
const WITH_CARRY = new Set([0b0100000101, 0b0100000110]);

/** BLX of LR: rp2040js writes LR before it reads it, and goes on behind the instruction. */
const BLX_LR = 0x47f0;

const random = xorshift(1);

function pick() {
    switch (random() & 3) {
        case 0:
            return random();
        case 1:
            return EDGES[(random() >>> 4) % EDGES.length];
        default:
            return MIDDLE + ((random() >>> 4) % 4096) * 4;
    }
}

/** A processor of rp2040js, which is the quick one's, too. */
function machine() {
    const memory = new Memory(() => 0);
    for (let word = CODE >> 2; word < (CODE >> 2) + LITERALS; word += 1) {
        memory.words[word] = word * 0x9e3779b9;
    }
    const chip = new RP2040();
    memory.lend(chip);
    chip.logger = { info() {}, warn() {}, error() {} };
    chip.onBreak = () => {};
    const core = new CortexM0Core(chip);
    return { memory, core, quick: new Instructions(core, memory) };
}

/** The same for both: registers, flags, the instruction, and what may be its second half. */
function prepare(machines, opcode) {
    const registers = Array.from({ length: 16 }, pick);
    registers[13] = MIDDLE + 4 * (random() & 0xff);
    registers[PC] = FLASH + CODE;
    const flags = random();
    const second = random() & 0xffff;
    for (const { memory, core } of machines) {
        core.registers.set(registers);
        core.APSR = flags;
        memory.halves[CODE >> 1] = opcode;
        memory.halves[(CODE >> 1) + 1] = second;
    }
}

function flags(core, opcode) {
    const carry = SHIFTS.has(opcode >> 6) ? 0x20000000 : 0;
    const overflow = WITH_CARRY.has(opcode >> 6) ? 0x10000000 : 0;
    return core.APSR & ~carry & ~overflow;
}

test('every instruction that is done quickly is done as rp2040js does it', () => {
    const plain = machine();
    const quick = machine();
    let count = 0;
    for (let opcode = 0; opcode < 0x10000; opcode += 1) {
        for (let round = 0; round < ROUNDS; round += 1) {
            prepare([plain, quick], opcode);
            const cycles = quick.quick.run(1);
            if (cycles === 0 || opcode === BLX_LR) {
                continue;
            }
            count += 1;
            const name = `0x${opcode.toString(16)} in round ${round}`;
            assert.equal(cycles, plain.core.executeInstruction(), `cycles of ${name}`);
            assert.equal(flags(quick.core, opcode), flags(plain.core, opcode), `flags of ${name}`);
            if (quick.core.registers.some((value, at) => value !== plain.core.registers[at])) {
                assert.deepEqual(quick.core.registers, plain.core.registers, name);
            }
        }
    }
    assert.ok(Buffer.compare(quick.memory.ram, plain.memory.ram) === 0, 'RAM is the same');
    assert.ok(count > 0x10000);
});
