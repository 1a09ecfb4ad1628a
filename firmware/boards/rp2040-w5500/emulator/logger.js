// What the emulator has to say, to stderr: rp2040js's warnings and ours. What is not modelled ends
// it.

const said = new Set();

export const logger = {
    debug() {},
    info() {},
    /** Once: a loop would say it for ever. */
    warn(who, what) {
        const line = `rp2040-w5500: ${who}: ${what}\n`;
        if (!said.has(line)) {
            said.add(line);
            process.stderr.write(line);
        }
    },
    error(who, what) {
        throw new Error(`${who}: ${what}`);
    },
};
