//! What the counting images share: a stopwatch of instructions, packets, and a way to say figures.
//!
//! The emulator gives each instruction the same time, so that the system timer counts them. What a
//! tick of it is, the machine says: a run of a thousand instructions comes first in each report.
#![no_std]

pub mod frame;
pub mod report;
pub mod stopwatch;

use core::panic::PanicInfo;

use keeptrack_routines as _;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    semihosting::process::exit(2)
}
