// The DMA controller. A block that an SPI paces is moved at once, at the moment of its last byte.
//
// rp2040js has an alarm for every byte, which is far too slow for real traffic. So TRANS_COUNT
// stands still while a block is under way, and both channels of an SPI end at once: on the chip the
// one that sends is ahead by what the FIFOs hold. Other pacing, words, the sniffer, rings, byte
// swaps and errors are not modelled, which is said when they are used.

import { BasePeripheral } from './rp2040js.js';

const CHANNEL_COUNT = 12;
const CHANNELS_END = CHANNEL_COUNT * 0x40;
const INTR = 0x400;
const TRIGGER = 0x430;
const ABORT = 0x444;
const CHANNELS = 0x448;

const FIRST_IRQ = 11;

const ENABLED = 1 << 0;
const INCREMENTS_READ = 1 << 4;
const INCREMENTS_WRITE = 1 << 5;
const QUIET = 1 << 21;
const BUSY = 1 << 24;
const WRITABLE = 0xffffff;
/** Words, rings, the sniffer, byte swaps. */
const NOT_HERE = (3 << 2) | (0xf << 6) | (1 << 22) | (1 << 23);

/** A channel's four registers, four times: the last of each row starts the channel. */
const ALIASES = [
    'readAddress', 'writeAddress', 'count', 'control',
    'control', 'readAddress', 'writeAddress', 'count',
    'control', 'count', 'readAddress', 'writeAddress',
    'control', 'writeAddress', 'count', 'readAddress',
];

export class Dma extends BasePeripheral {
    constructor(chip, name) {
        super(chip, name);
        this.reset();
    }

    reset() {
        const numbers = Array.from({ length: CHANNEL_COUNT }, (_, number) => number);
        this.channels = numbers.map((number) => new Channel(this, number));
        this.ended = 0;
        /** For each of both interrupts: what enables it, and what forces it. */
        this.enabled = [0, 0];
        this.forced = [0, 0];
        this.updateInterrupts();
    }

    /** The channel under way that this request paces. */
    paced(request) {
        return this.channels.find((channel) => channel.isBusy && channel.request === request);
    }

    readUint32(offset) {
        if (offset < CHANNELS_END) {
            return this.channels[offset >> 6].read(ALIASES[(offset >> 2) & 0xf]);
        }
        if (offset >= INTR && offset < INTR + 0x20) {
            return this.readInterrupts((offset >> 4) & 1, offset & 0xf);
        }
        switch (offset) {
            case TRIGGER:
            case ABORT:
                return 0;
            case CHANNELS:
                return CHANNEL_COUNT;
            default:
                return super.readUint32(offset);
        }
    }

    writeUint32(offset, value) {
        if (offset < CHANNELS_END) {
            this.channels[offset >> 6].write((offset >> 2) & 0xf, value);
            return;
        }
        if (offset >= INTR && offset < INTR + 0x20) {
            this.writeInterrupts((offset >> 4) & 1, offset & 0xf, value);
            return;
        }
        switch (offset) {
            case TRIGGER:
                this.chosen(value).forEach((channel) => channel.start());
                return;
            case ABORT:
                this.chosen(value).forEach((channel) => channel.abort());
                return;
            default:
                super.writeUint32(offset, value);
        }
    }

    /** The registers of an interrupt: what ended, is enabled, is forced, and what comes of it. */
    readInterrupts(which, offset) {
        switch (offset) {
            case 0x0:
                return this.ended;
            case 0x4:
                return this.enabled[which];
            case 0x8:
                return this.forced[which];
            default:
                return this.status(which);
        }
    }

    writeInterrupts(which, offset, value) {
        switch (offset) {
            case 0x4:
                this.enabled[which] = value & 0xffff;
                break;
            case 0x8:
                this.forced[which] = value & 0xffff;
                break;
            default:
                this.ended &= ~this.rawWriteValue;
        }
        this.updateInterrupts();
    }

    status(which) {
        return (this.ended & this.enabled[which]) | this.forced[which];
    }

    updateInterrupts() {
        for (const which of [0, 1]) {
            this.rp2040.setInterrupt(FIRST_IRQ + which, this.status(which) !== 0);
        }
    }

    chosen(bits) {
        return this.channels.filter((channel) => bits & (1 << channel.number));
    }
}

class Channel {
    constructor(dma, number) {
        this.dma = dma;
        this.number = number;
        this.readAddress = 0;
        this.writeAddress = 0;
        this.count = 0;
        this.reload = 0;
        this.control = number << 11;
    }

    get isBusy() {
        return (this.control & BUSY) !== 0;
    }

    get request() {
        return (this.control >> 15) & 0x3f;
    }

    get next() {
        return (this.control >> 11) & 0xf;
    }

    read(register) {
        return this[register] >>> 0;
    }

    write(alias, value) {
        const register = ALIASES[alias];
        switch (register) {
            case 'count':
                this.reload = value >>> 0;
                break;
            case 'control':
                this.control = (this.control & ~WRITABLE) | (value & WRITABLE);
                break;
            default:
                this[register] = value >>> 0;
        }
        if ((alias & 3) === 3 && value !== 0) {
            this.start();
        }
    }

    start() {
        if (!(this.control & ENABLED) || this.isBusy) {
            return;
        }
        if (this.control & NOT_HERE) {
            const control = this.control.toString(16);
            this.dma.error(`channel ${this.number}: CTRL 0x${control} is not modelled`);
        }
        this.control |= BUSY;
        this.count = this.reload;
        if (!this.dma.rp2040.spi.some((spi) => spi.isPacing(this.request))) {
            this.dma.error(`channel ${this.number}: nothing here paces by ${this.request}`);
        }
    }

    abort() {
        if (this.isBusy) {
            this.dma.rp2040.spi.forEach((spi) => spi.stopBlock(this.request));
            this.control &= ~BUSY;
        }
    }

    /** The next so many bytes that it reads, into `bytes`. */
    take(bytes) {
        const { memory } = this.dma.rp2040;
        if (this.control & INCREMENTS_READ) {
            bytes.set(this.part(memory.readable(this.readAddress, 0), bytes.length));
            this.readAddress += bytes.length;
        } else {
            bytes.fill(this.part(memory.readable(this.readAddress, 0), 1)[0]);
        }
        this.pass(bytes.length);
    }

    /** Writes the bytes, of which there are some. */
    give(bytes) {
        const { memory } = this.dma.rp2040;
        if (this.control & INCREMENTS_WRITE) {
            this.part(memory.writable(this.writeAddress, 0), bytes.length).set(bytes);
            this.writeAddress += bytes.length;
        } else {
            this.part(memory.writable(this.writeAddress, 0), 1)[0] = bytes.at(-1);
        }
        this.pass(bytes.length);
    }

    /** So many bytes of memory from that place on. */
    part(place, len) {
        const part = this.dma.rp2040.memory.bytes.subarray(place, place + len);
        if (place < 0 || part.length < len) {
            this.dma.error(`channel ${this.number}: a block that is not all in memory`);
        }
        return part;
    }

    pass(count) {
        this.count -= count;
        if (this.count > 0 || !this.isBusy) {
            return;
        }
        this.control &= ~BUSY;
        if (!(this.control & QUIET)) {
            this.dma.ended |= 1 << this.number;
            this.dma.updateInterrupts();
        }
        if (this.next !== this.number) {
            this.dma.channels[this.next].start();
        }
    }
}
