// Holds peripherals in reset, all of them at first, as the chip does and rp2040js does not.
//
// What is put into reset forgets its registers, if it is one that the board's program resets: SPI
// and DMA. That nothing else may be touched in reset is not checked.

import { BasePeripheral } from './rp2040js.js';

const RESET = 0x0;
const WDSEL = 0x4;
const DONE = 0x8;
const ALL = 0x1ffffff;

const DMA = 1 << 2;
const SPI = [1 << 16, 1 << 17];

export class Resets extends BasePeripheral {
    constructor(chip, name) {
        super(chip, name);
        this.held = ALL;
        this.watchdogSelect = 0;
    }

    readUint32(offset) {
        switch (offset) {
            case RESET:
                return this.held;
            case WDSEL:
                return this.watchdogSelect;
            case DONE:
                return ~this.held & ALL;
            default:
                return super.readUint32(offset);
        }
    }

    writeUint32(offset, value) {
        switch (offset) {
            case RESET:
                this.hold(value & ALL);
                return;
            case WDSEL:
                this.watchdogSelect = value & ALL;
                return;
            default:
                super.writeUint32(offset, value);
        }
    }

    hold(held) {
        const { dma, spi } = this.rp2040;
        const begun = held & ~this.held;
        this.held = held;
        if (begun & DMA) {
            dma.reset();
        }
        spi.filter((_, number) => begun & SPI[number]).forEach((one) => one.reset());
    }
}
