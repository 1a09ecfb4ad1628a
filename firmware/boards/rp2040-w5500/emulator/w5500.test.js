// The W5500's model at the pins: its faults have the names that are said, and who misuses it learns of
// that. Run by `node --test`, when `prepare` has built the model.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Clock } from './clock.js';
import { loadModel } from './model.js';
import { FAULTS, W5500 } from './w5500.js';

/** RSTn is low for that long at the least, and then nobody may talk to the chip. */
const RESET_NANOS = 500_000;
const BOOT_NANOS = 1_000_000;

function device() {
    const clock = new Clock();
    const made = new W5500(loadModel(), { onInterrupt() {}, onFrame() {} });
    made.attach(clock);
    return { made, clock };
}

test('the model has every fault that has a name', () => {
    Object.keys(FAULTS).forEach((name) => device().made.fault(name, 1));
    const { fault } = device().made.model;
    const unnamed = Array.from({ length: 256 }, (_, number) => number)
        .filter((number) => fault(number, 1) !== 0 && !Object.values(FAULTS).includes(number));
    assert.deepEqual(unnamed, []);
    assert.throws(() => device().made.fault('explodes', 0), /no fault `explodes`; there are: none /);
});

test('a reset that is too short is a misuse, and so is to talk to a chip that is not ready', () => {
    const { made, clock } = device();
    made.setReset(true);
    clock.nanos += RESET_NANOS;
    made.setReset(false);
    assert.throws(() => made.select(true), /forbids/);

    const other = device();
    other.made.setReset(true);
    other.clock.nanos += RESET_NANOS / 2;
    assert.throws(() => other.made.setReset(false), /forbids/);
});

test('a reset of the board that ends one of the chip too soon is no misuse', () => {
    const { made, clock } = device();
    made.setReset(true);
    clock.nanos += RESET_NANOS / 2;
    made.attach(new Clock());
    made.settle();
});

test('a chip that has started is talked to', () => {
    const { made, clock } = device();
    made.setReset(true);
    clock.nanos += RESET_NANOS;
    made.setReset(false);
    clock.nanos += BOOT_NANOS;
    // The version register.
    made.select(true);
    const bytes = Uint8Array.from([0x00, 0x39, 0x00, 0x00]);
    made.exchangeInPlace(bytes);
    made.select(false);
    assert.equal(bytes[3], 0x04);
    assert.ok(!made.deliver(new Uint8Array(1 << 16)), 'no frame is that long');
});
