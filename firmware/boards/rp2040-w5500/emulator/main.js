// The emulated board as a program: main.js UF2 CONTROL CONFIG|-
//
// Frames and the log go through stdin and stdout, as in pipe.js; CONTROL is the socket for orders,
// as in control.js; CONFIG is a configuration, as a UF2 or as bytes. It ends when its stdin does.

import { randomBytes } from 'node:crypto';

import { Board } from './board.js';
import { Control } from './control.js';
import { flash, isBootable } from './flash.js';
import { logger } from './logger.js';
import { CONFIG, Memory } from './memory.js';
import { loadModel } from './model.js';
import { Pace } from './pace.js';
import { LOG, Pipe } from './pipe.js';

const NAMES = ['eth0', 'eth1'];

function random() {
    return randomBytes(4).readInt32LE(0);
}

function run([image, control, config]) {
    const memory = new Memory(random);
    flash(memory, image);
    if (config !== '-') {
        flash(memory, config, CONFIG);
    }
    if (!isBootable(memory)) {
        throw new Error(`${image}: the boot ROM would not start it: the CRC of boot2 is wrong`);
    }
    const quit = () => process.exit(0);
    const board = new Board({
        memory,
        random,
        logger,
        model: loadModel(),
        onFrame: (port, bytes) => pipe.send(port, bytes),
        onLog: (bytes) => pipe.send(LOG, bytes),
    });
    const pace = new Pace(board, () => {
        pipe.hold(board.wires.some((wire) => wire.isFull));
        return !pipe.isFull;
    });
    const pipe = new Pipe(process.stdin, process.stdout, {
        onMessage: (port, bytes) => {
            pace.wake();
            board.wires[port].send(bytes);
        },
        onEnd: quit,
    });
    process.stdout.on('drain', () => pace.soon());
    new Control(control, { board, names: NAMES, onQuit: quit, onOrder: () => pace.soon() });
    pace.go();
}

process.on('uncaughtException', (why) => {
    process.stderr.write(`rp2040-w5500: ${why.message}\n`);
    process.exit(1);
});
run(process.argv.slice(2));
