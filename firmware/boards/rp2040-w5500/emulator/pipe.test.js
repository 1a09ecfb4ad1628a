// Messages come out as they went in, however the pipe cuts them. Run by `node --test`.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';

import { LOG, Pipe } from './pipe.js';

const MESSAGES = [[0, 'a'], [LOG, ''], [1, 'b'.repeat(300)], [0, 'cd']];

/** All of them in the bytes that `send` writes. */
function sent() {
    const output = new PassThrough();
    const pipe = new Pipe(new PassThrough(), output, { onMessage() {}, onEnd() {} });
    MESSAGES.forEach(([channel, text]) => pipe.send(channel, Buffer.from(text)));
    return output.read();
}

test('a message is one wherever the bytes are cut', () => {
    const bytes = sent();
    for (let cut = 0; cut <= bytes.length; cut += 1) {
        const messages = [];
        const pipe = new Pipe(new PassThrough(), new PassThrough(), {
            onMessage: (channel, message) => messages.push([channel, message.toString()]),
            onEnd() {},
        });
        pipe.take(bytes.subarray(0, cut));
        pipe.take(bytes.subarray(cut));
        assert.deepEqual(messages, MESSAGES, `cut at ${cut}`);
    }
});

test('the end of the other side is told', async () => {
    const input = new PassThrough();
    const ended = new Promise((onEnd) => {
        new Pipe(input, new PassThrough(), { onMessage() {}, onEnd });
    });
    input.end();
    await ended;
});
