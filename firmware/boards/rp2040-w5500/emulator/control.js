// Orders to the machine, in as much of QEMU's machine protocol as the tools of this project speak:
// a JSON object a line, each with an answer.
//
// Beside `qmp_capabilities`, `set_link`, `system_reset` and `quit`: `x-w5500` does something wrong
// at a port's chip, `x-watchdog` halts the processor, so that the watchdog bites, and `x-fault`
// makes it fault.

import { createServer } from 'node:net';

const GREETING = { QMP: { version: {}, capabilities: [] } };

export class Control {
    /** At that socket, to that board, whose ports have those names. */
    constructor(path, { board, names, onOrder, onQuit }) {
        this.board = board;
        this.names = names;
        this.onOrder = onOrder;
        this.onQuit = onQuit;
        this.server = createServer((socket) => this.serve(socket)).listen(path);
    }

    serve(socket) {
        const answer = (what) => socket.write(`${JSON.stringify(what)}\n`);
        let rest = '';
        answer(GREETING);
        socket.on('data', (bytes) => {
            const lines = (rest + bytes).split('\n');
            rest = lines.pop();
            lines.filter((line) => line.trim()).forEach((line) => answer(this.answer(line)));
        });
        // Who has asked is gone; the machine runs on.
        socket.on('error', () => {});
    }

    answer(line) {
        try {
            const { execute, arguments: given } = JSON.parse(line);
            const value = this.run(execute, given ?? {});
            this.onOrder();
            return { return: value };
        } catch (why) {
            return { error: { class: 'GenericError', desc: why.message } };
        }
    }

    run(command, given) {
        const { board } = this;
        switch (command) {
            case 'qmp_capabilities':
                return {};
            case 'set_link':
                this.chip(given.name).setLink(given.up);
                return {};
            case 'system_reset':
                board.reset();
                return {};
            case 'x-w5500':
                this.chip(given.port).fault(given.fault, given.argument ?? 0);
                return {};
            case 'x-watchdog':
                board.chip.core.isHalted = true;
                return {};
            case 'x-fault':
                board.chip.core.fail();
                return {};
            case 'quit':
                setImmediate(this.onQuit);
                return {};
            default:
                throw new Error(`no command \`${command}\``);
        }
    }

    chip(name) {
        const port = this.names.indexOf(name);
        if (port < 0) {
            throw new Error(`no port \`${name}\`; there are: ${this.names.join(' ')}`);
        }
        return this.board.chips[port];
    }
}
