// What is flashed: UF2 files, as the boot ROM writes them, and plain bytes. What is not as it is to
// be ends it, where the boot ROM would pass over the block or hang.

import { readFileSync } from 'node:fs';

import { FLASH } from './memory.js';

const BLOCK_LEN = 512;
const PAYLOAD_AT = 32;
const PAYLOAD_LEN = 256;
const FAMILY_IS_GIVEN = 0x2000;
const RP2040 = 0xe48bff56;
/** What stands at a block's begin, and at its end. */
const MAGIC = [[0, 0x0a324655], [4, 0x9e5d5157], [508, 0x0ab16f30]];

/** The boot ROM erases a sector for each so many blocks, and not by where they go. */
const SECTOR_BLOCKS = 16;
const SECTOR_LEN = 4096;

const BOOT2_LEN = 252;

/** A Pico has 2 MB. */
const FLASH_LEN = 2 << 20;

/** Flashes a file: a UF2 to where its blocks say, anything else to `address`, if that is given. */
export function flash(memory, path, address) {
    const file = readFileSync(path);
    if (file.length >= 4 && file.readUInt32LE(0) === MAGIC[0][1]) {
        blocks(file, path).forEach(({ to, bytes }, number) => {
            if (number % SECTOR_BLOCKS === 0) {
                erase(memory, to);
            }
            write(memory, to, bytes, path);
        });
    } else if (address === undefined) {
        throw new Error(`${path}: no UF2`);
    } else {
        write(memory, address, file, path);
    }
}

/** Whether the boot ROM would start it: the first 252 bytes have their CRC behind them. */
export function isBootable(memory) {
    const { flash: bytes } = memory;
    const said = new DataView(bytes.buffer, 0).getUint32(BOOT2_LEN, true);
    return crc32(bytes.subarray(0, BOOT2_LEN)) === said;
}

function blocks(file, path) {
    if (file.length % BLOCK_LEN !== 0) {
        throw new Error(`${path}: ${file.length} bytes are no whole blocks of ${BLOCK_LEN}`);
    }
    const count = file.length / BLOCK_LEN;
    return Array.from({ length: count }, (_, number) => block(file, number, count, path));
}

function block(file, number, count, path) {
    const bytes = file.subarray(number * BLOCK_LEN, (number + 1) * BLOCK_LEN);
    const word = (at) => bytes.readUInt32LE(at);
    const wrong = [
        [MAGIC.some(([at, magic]) => word(at) !== magic), 'it is no block'],
        [word(8) !== FAMILY_IS_GIVEN || word(28) !== RP2040, 'it is for another chip'],
        [word(12) % PAYLOAD_LEN !== 0, 'its address is within a page'],
        [word(16) !== PAYLOAD_LEN, `it has not ${PAYLOAD_LEN} bytes`],
        [word(20) !== number || word(24) !== count, 'its number is wrong'],
    ].find(([is]) => is);
    if (wrong) {
        throw new Error(`${path}: block ${number}: ${wrong[1]}`);
    }
    return { to: word(12), bytes: bytes.subarray(PAYLOAD_AT, PAYLOAD_AT + PAYLOAD_LEN) };
}

function erase(memory, address) {
    const at = address - FLASH;
    const start = at - (at % SECTOR_LEN);
    memory.flash.fill(0xff, start, start + SECTOR_LEN);
}

/** Where the flash is not erased it keeps its zeros. */
function write(memory, address, bytes, path) {
    const at = address - FLASH;
    if (at < 0 || at + bytes.length > FLASH_LEN) {
        const where = `0x${address.toString(16)}`;
        throw new Error(`${path}: ${where} and what follows is no flash of a Pico`);
    }
    bytes.forEach((byte, place) => {
        memory.flash[at + place] &= byte;
    });
}

/** The boot ROM's: polynomial 0x04c11db7, from all ones, no bits mirrored. */
function crc32(bytes) {
    return bytes.reduce((crc, byte) => {
        let rest = crc ^ (byte << 24);
        for (let bit = 0; bit < 8; bit += 1) {
            rest = rest < 0 ? (rest << 1) ^ 0x04c11db7 : rest << 1;
        }
        return rest;
    }, ~0) >>> 0;
}
