// The W5500's model as `prepare` has built it.

import { readFileSync } from 'node:fs';

const PATH = new URL('./w5500.wasm', import.meta.url);

export function loadModel() {
    return new WebAssembly.Module(readFileSync(PATH));
}
