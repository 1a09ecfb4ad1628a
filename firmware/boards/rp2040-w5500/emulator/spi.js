// An SPI controller as a master of 8-bit frames: its registers, its FIFOs, and what takes how long.
//
// rp2040js hands a byte over in no time. Here a byte takes the time of its bits; with SPH clear
// about two more, which the chip leaves between frames (pico-examples issue 285). Bytes of the FIFO
// are exchanged when somebody looks, a DMA block at the moment of its last byte. Not modelled:
// interrupts of the FIFOs, other frame lengths and formats, slave mode.

import { BasePeripheral } from './rp2040js.js';

const CR0 = 0x000;
const CR1 = 0x004;
const DR = 0x008;
const SR = 0x00c;
const CPSR = 0x010;
const IMSC = 0x014;
const RIS = 0x018;
const MIS = 0x01c;
const ICR = 0x020;
const DMACR = 0x024;

const FRAME_BITS = 0xf;
const EIGHT_BITS = 7;
const SPH = 1 << 7;
const ENABLED = 1 << 1;
const RX_DMA = 1 << 0;
const TX_DMA = 1 << 1;

const FIFO_LEN = 8;
/** The shift register holds one more. */
const SENT_LEN = FIFO_LEN + 1;

export class Spi extends BasePeripheral {
    constructor(chip, { name, tx, rx }) {
        super(chip, name);
        this.requests = { tx, rx };
        /** What hangs on it: exchange(byte) and exchangeInPlace(bytes). */
        this.device = null;
        this.blockAlarm = chip.clock.createAlarm(() => this.endBlock());
        this.reset();
    }

    reset() {
        this.registers = { [CR0]: 0, [CR1]: 0, [CPSR]: 0, [IMSC]: 0, [DMACR]: 0 };
        /** Bytes to send, and when each has been. */
        this.sent = [];
        this.received = [];
        this.hasOverrun = false;
        this.block = null;
        this.blockAlarm.cancel();
    }

    get byteNanos() {
        const control = this.registers[CR0];
        const divider = this.registers[CPSR] * (1 + ((control >> 8) & 0xff));
        const bits = control & SPH ? 8 : 10;
        return (bits * divider * 1e9) / this.rp2040.clkPeri;
    }

    isEnabled(bits) {
        return (this.registers[CR1] & ENABLED) !== 0 && (this.registers[DMACR] & bits) === bits;
    }

    readUint32(offset) {
        this.settle();
        switch (offset) {
            case DR:
                return this.received.shift() ?? 0;
            case SR:
                return this.status();
            case RIS:
                return this.hasOverrun ? 1 : 0;
            case MIS:
            case ICR:
                return 0;
            default:
                return this.registers[offset] ?? super.readUint32(offset);
        }
    }

    writeUint32(offset, value) {
        this.settle();
        switch (offset) {
            case DR:
                this.send(value & 0xff);
                return;
            case ICR:
                this.hasOverrun &&= (value & 1) === 0;
                return;
            default:
                this.configure(offset, value);
        }
    }

    configure(offset, value) {
        if (!(offset in this.registers)) {
            super.writeUint32(offset, value);
            return;
        }
        this.registers[offset] = value;
        if (offset === IMSC && value !== 0) {
            this.error('interrupts of the FIFOs are not modelled');
        }
        if (offset === CR1 && !(value & ENABLED)) {
            this.stopBlock(this.requests.tx);
        }
        this.startBlock();
    }

    status() {
        const sending = this.sent.length;
        return (
            (sending <= 1 ? 1 : 0) |
            (sending < SENT_LEN ? 2 : 0) |
            (this.received.length > 0 ? 4 : 0) |
            (this.received.length >= FIFO_LEN ? 8 : 0) |
            (sending > 0 || this.block ? 16 : 0)
        );
    }

    /** Exchanges what has gone out by now. */
    settle() {
        const { sent } = this;
        const now = this.rp2040.clock.nanos;
        while (sent.length > 0 && sent[0].at <= now) {
            this.receive(this.device.exchange(sent.shift().byte));
        }
    }

    send(byte) {
        const { sent } = this;
        if (!this.isEnabled(0) || sent.length >= SENT_LEN) {
            return;
        }
        if ((this.registers[CR0] & FRAME_BITS) !== EIGHT_BITS) {
            this.error('frames of other than 8 bits are not modelled');
        }
        const start = Math.max(this.rp2040.clock.nanos, sent.at(-1)?.at ?? 0);
        sent.push({ byte, at: start + this.byteNanos });
    }

    receive(byte) {
        if (this.received.length < FIFO_LEN) {
            this.received.push(byte);
        } else {
            this.hasOverrun = true;
        }
    }

    /** A channel that this request paces has been started; whether one of ours paces it. */
    isPacing(request) {
        const isOurs = request === this.requests.tx || request === this.requests.rx;
        if (isOurs) {
            this.startBlock();
        }
        return isOurs;
    }

    /** Begins a block, if there is one to send. */
    startBlock() {
        const channel = this.rp2040.dma.paced(this.requests.tx);
        if (this.block || !channel || !this.isEnabled(TX_DMA)) {
            return;
        }
        const start = Math.max(this.rp2040.clock.nanos, this.sent.at(-1)?.at ?? 0);
        this.block = { channel, start, byteNanos: this.byteNanos };
        this.blockAlarm.at(start + channel.count * this.byteNanos);
    }

    /** Ends a block before its time, if it is this request's: what is out by now is. */
    stopBlock(request) {
        if (this.block && (request === this.requests.tx || request === this.requests.rx)) {
            const { channel, start, byteNanos } = this.block;
            const count = Math.floor(Math.max(0, this.rp2040.clock.nanos - start) / byteNanos);
            this.blockAlarm.cancel();
            this.exchange(channel, Math.min(count, channel.count));
            this.block = null;
        }
    }

    endBlock() {
        const { channel } = this.block;
        this.exchange(channel, channel.count);
        this.block = null;
        this.startBlock();
    }

    exchange(channel, count) {
        this.settle();
        const bytes = new Uint8Array(count);
        channel.take(bytes);
        this.device.exchangeInPlace(bytes);
        const taker = this.isEnabled(RX_DMA) ? this.rp2040.dma.paced(this.requests.rx) : undefined;
        const before = this.received.length;
        const arrived = before === 0 ? bytes : Uint8Array.from([...this.received, ...bytes]);
        const taken = taker ? Math.min(taker.count, arrived.length) : 0;
        this.received = [];
        if (taken > 0) {
            taker.give(arrived.subarray(0, taken));
        }
        arrived.subarray(taken).forEach((byte) => this.receive(byte));
    }
}
