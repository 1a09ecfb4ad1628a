// What is taken of rp2040js, an emulator of the chip by others: https://github.com/wokwi/rp2040js.
//
// The package exports the chip as a whole alone. What is subclassed here is in files of its own,
// and package-lock.json holds them as they are.

import { CortexM0Core } from './node_modules/rp2040js/dist/esm/cortex-m0-core.js';
import { RPPPB } from './node_modules/rp2040js/dist/esm/peripherals/ppb.js';
import { RPTimer } from './node_modules/rp2040js/dist/esm/peripherals/timer.js';
import { RPWatchdog } from './node_modules/rp2040js/dist/esm/peripherals/watchdog.js';

export { BasePeripheral, GPIOPinState, RP2040 } from 'rp2040js';
export { CortexM0Core, RPPPB, RPTimer, RPWatchdog };
