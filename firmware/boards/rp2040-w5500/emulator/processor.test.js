// Faults, and what ends a wait, as on the chip. Run by `node --test`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Chip } from './chip.js';
import { Clock } from './clock.js';
import { FLASH, Memory, RAM } from './memory.js';
import { Cause } from './registers.js';

const PC = 15;
const TIMER_IRQ_0 = 0;
const VECTOR_COUNT = 48;
const PROGRAM = FLASH + 0x200;
const HANDLER = FLASH + 0x300;

const NOP = 0xbf00;
const WFI = 0xbf30;
const CPSID = 0xb672;
const UNDEFINED = 0xde00;
const LOAD_R0_FROM_R1 = 0x6808;
const FOREVER = 0xe7fe;

/** A chip that is to run those instructions; faults and interrupts go to `handler`. */
function chip(instructions, handler = [FOREVER]) {
    const memory = new Memory(() => 0);
    memory.words.fill(HANDLER | 1, 0, VECTOR_COUNT);
    memory.words[0] = RAM + 0x1000;
    memory.words[1] = PROGRAM | 1;
    memory.halves.set([...instructions, FOREVER], (PROGRAM - FLASH) >> 1);
    memory.halves.set(handler, (HANDLER - FLASH) >> 1);
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const made = new Chip(memory, new Clock(), { random: () => 0, cause: Cause.power, logger });
    made.core.start(FLASH);
    return made;
}

test('a bad address, one that is not aligned, and no instruction are faults', () => {
    const faults = [
        [UNDEFINED, 0],
        [LOAD_R0_FROM_R1, 0x60000000],
        [LOAD_R0_FROM_R1, RAM + 2],
    ];
    for (const [instruction, address] of faults) {
        const { core } = chip([NOP, instruction]);
        core.registers[1] = address;
        core.run(1000);
        assert.equal(core.registers[PC] >>> 0, HANDLER);
        // Where the fault was is what the handler finds on the stack.
        assert.equal(core.rp2040.readUint32(core.registers[13] + 24), PROGRAM + 2);
        assert.ok(!core.isLocked);
    }
});

test('a fault within the handler of one stops the processor for good', () => {
    const { core } = chip([UNDEFINED], [UNDEFINED]);
    core.run(1000);
    assert.ok(core.isLocked && core.isIdle);
});

test('an interrupt ends a wait, and is not taken while interrupts are masked', () => {
    for (const [before, at] of [[NOP, HANDLER], [CPSID, PROGRAM + 4]]) {
        const { core } = chip([before, WFI]);
        core.enabledInterrupts = 1 << TIMER_IRQ_0;
        core.run(1000);
        assert.ok(core.waiting && core.isIdle);
        core.setInterrupt(TIMER_IRQ_0, true);
        assert.ok(!core.waiting);
        core.run(2000);
        assert.equal(core.registers[PC] >>> 0, at);
    }
});

test('an interrupt stays pending as long as its line is up', () => {
    const { core } = chip([CPSID]);
    core.setInterrupt(TIMER_IRQ_0, true);
    core.unpend(1 << TIMER_IRQ_0);
    assert.equal(core.pendingInterrupts, 1 << TIMER_IRQ_0);
    core.setInterrupt(TIMER_IRQ_0, false);
    core.unpend(1 << TIMER_IRQ_0);
    assert.equal(core.pendingInterrupts, 0);
});
