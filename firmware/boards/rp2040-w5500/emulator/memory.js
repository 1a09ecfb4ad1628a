// Flash and RAM, in one buffer, so that an access of the program is one comparison and one look.

export const FLASH = 0x10000000;
/** As much as rp2040js has, which is more than is on a Pico. */
const FLASH_LEN = 16 << 20;
/** Where memory.x has CONFIG. */
export const CONFIG = 0x101f0000;
export const RAM = 0x20000000;
export const RAM_LEN = 264 << 10;

export class Memory {
    /** Erased flash, and noise in RAM, as it comes up. */
    constructor(random) {
        const buffer = new ArrayBuffer(FLASH_LEN + RAM_LEN);
        this.bytes = new Uint8Array(buffer);
        this.halves = new Uint16Array(buffer);
        this.words = new Int32Array(buffer);
        this.flash = new Uint8Array(buffer, 0, FLASH_LEN).fill(0xff);
        this.ram = new Uint8Array(buffer, FLASH_LEN);
        for (let at = FLASH_LEN >> 2; at < this.words.length; at += 1) {
            this.words[at] = random();
        }
    }

    /** Makes it the memory of one of rp2040js's chips. */
    lend(chip) {
        const { buffer } = this.bytes;
        chip.flash = this.flash;
        chip.flash16 = new Uint16Array(buffer, 0, FLASH_LEN >> 1);
        chip.flashView = new DataView(buffer, 0, FLASH_LEN);
        chip.sram = this.ram;
        chip.sramView = new DataView(buffer, FLASH_LEN);
    }

    /** Where in the buffer a read goes, or -1: nowhere. The bits `within` are to be clear. */
    readable(address, within) {
        if ((address & within) !== 0) {
            return -1;
        }
        const isFlash = (address & 0xff000000) === FLASH;
        return isFlash ? address & 0xffffff : this.writable(address, within);
    }

    /** The same for a write. */
    writable(address, within) {
        const at = (address - RAM) >>> 0;
        return at < RAM_LEN && (address & within) === 0 ? FLASH_LEN + at : -1;
    }
}
