// Frames and the log, to and from the program that holds the board's sockets: through stdin and
// stdout, each as a channel's number, a length of two bytes (the lower first), and bytes.

const HEAD_LEN = 3;
/** The log's channel. The wires' are counted from 0. */
export const LOG = 255;
/** So many bytes that nobody takes, and it is better to wait. */
const ENOUGH = 1 << 20;

export class Pipe {
    /** Calls onMessage(channel, bytes) for what comes in, and onEnd when the other side ends. */
    constructor(input, output, { onMessage, onEnd }) {
        this.input = input;
        this.output = output;
        this.rest = Buffer.alloc(0);
        this.onMessage = onMessage;
        input.on('data', (bytes) => this.take(bytes));
        input.on('end', onEnd);
        output.on('error', onEnd);
    }

    /** Whether what was sent is not taken. */
    get isFull() {
        return this.output.writableLength > ENOUGH;
    }

    send(channel, bytes) {
        const message = Buffer.allocUnsafe(HEAD_LEN + bytes.length);
        message[0] = channel;
        message.writeUInt16LE(bytes.length, 1);
        message.set(bytes, HEAD_LEN);
        this.output.write(message);
    }

    /** Takes nothing more for a while, or again. */
    hold(isHeld) {
        if (isHeld !== this.input.isPaused()) {
            isHeld ? this.input.pause() : this.input.resume();
        }
    }

    take(bytes) {
        let rest = this.rest.length > 0 ? Buffer.concat([this.rest, bytes]) : bytes;
        while (rest.length >= HEAD_LEN) {
            const end = HEAD_LEN + rest.readUInt16LE(1);
            if (rest.length < end) {
                break;
            }
            this.onMessage(rest[0], rest.subarray(HEAD_LEN, end));
            rest = rest.subarray(end);
        }
        this.rest = rest;
    }
}
