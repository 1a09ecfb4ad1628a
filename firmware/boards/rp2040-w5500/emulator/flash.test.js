// What is flashed is what the file says, and a file that is damaged is refused. Run by `node --test`.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { flash, isBootable } from './flash.js';
import { CONFIG, FLASH, Memory } from './memory.js';

const BLOCKS_A_SECTOR = 16;

const folder = mkdtempSync(join(tmpdir(), 'keeptrack-'));
after(() => rmSync(folder, { recursive: true }));

function written(bytes) {
    const path = join(folder, 'file');
    writeFileSync(path, bytes);
    return path;
}

/** Sixteen blocks that fill the sector at `address`. */
function uf2(address, byte) {
    const blocks = Array.from({ length: BLOCKS_A_SECTOR }, (_, number) => {
        const block = Buffer.alloc(512);
        const words = [0x0a324655, 0x9e5d5157, 0x2000, address + 256 * number, 256, number,
            BLOCKS_A_SECTOR, 0xe48bff56];
        words.forEach((word, at) => block.writeUInt32LE(word, 4 * at));
        block.fill(byte, 32, 32 + 256);
        block.writeUInt32LE(0x0ab16f30, 508);
        return block;
    });
    return Buffer.concat(blocks);
}

function memory() {
    return new Memory(() => 0);
}

test('a sector is erased, and written as the file has it', () => {
    const flashed = memory();
    flash(flashed, written(uf2(FLASH + 4096, 0x00)));
    flash(flashed, written(uf2(FLASH + 4096, 0x5a)));
    const bytes = flashed.flash.subarray(0, 3 * 4096);
    assert.ok(bytes.subarray(4096, 2 * 4096).every((byte) => byte === 0x5a));
    assert.ok(bytes.subarray(0, 4096).every((byte) => byte === 0xff));
    assert.ok(bytes.subarray(2 * 4096).every((byte) => byte === 0xff));
});

test('a block that is damaged, or is for another place, is refused', () => {
    const damages = [
        [[0, 4, 508], /no block/],
        [[8, 28], /another chip/],
        [[12], /within a page/],
        [[16], /has not 256 bytes/],
        [[20, 24], /number is wrong/],
        [[15], /no flash of a Pico/],
    ];
    for (const [places, words] of damages) {
        for (const place of places) {
            const file = uf2(FLASH, 0);
            file[512 + place] ^= 0x40;
            // The first magic alone says what the file is, so the second block is damaged.
            assert.throws(() => flash(memory(), written(file)), words, `byte ${place}`);
        }
    }
    assert.throws(() => flash(memory(), written(uf2(FLASH, 0).subarray(1))), /no UF2/);
    assert.throws(() => flash(memory(), written(uf2(FLASH, 0).subarray(0, 700))), /no whole blocks/);
});

test('plain bytes go where they are told to, within the flash', () => {
    const flashed = memory();
    flash(flashed, written(Buffer.from([1, 2, 3])), CONFIG);
    assert.deepEqual([...flashed.flash.subarray(CONFIG - FLASH, CONFIG - FLASH + 4)], [1, 2, 3, 255]);
    const end = FLASH + (2 << 20);
    assert.throws(() => flash(memory(), written(Buffer.alloc(2)), end - 1), /no flash of a Pico/);
});

test('without the check sum behind its first 252 bytes nothing is started', () => {
    assert.ok(!isBootable(memory()));
    const flashed = memory();
    flashed.flash.fill(0, 0, 252);
    // As any CRC-32/MPEG-2 of 252 zeros.
    flashed.words[63] = 0x7065399a;
    assert.ok(isBootable(flashed));
});

test('the configuration is where the linker puts it', () => {
    const script = readFileSync(new URL('../memory.x', import.meta.url), 'latin1');
    const origin = /\bCONFIG\s*:\s*ORIGIN\s*=\s*(\w+)/.exec(script)[1];
    assert.equal(Number(origin), CONFIG);
});
