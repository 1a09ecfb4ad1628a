//! How the log leaves the board, and how the board stops: by semihosting.

use core::panic::PanicInfo;

use defmt_semihosting as _;
use riscv::register::{mcause, mepc};
use riscv_rt::TrapFrame;
use semihosting::process::ExitCode;

use crate::clock;

defmt::timestamp!("{=u64:tms}", clock::now().as_millis());

/// Ends the machine, as failed.
pub(crate) fn exit() -> ! {
    ExitCode::FAILURE.exit_process()
}

/// Says where, and stops: a panic is a bug.
#[panic_handler]
fn panic(panic: &PanicInfo<'_>) -> ! {
    if let Some(place) = panic.location() {
        defmt::error!("panicked at {=str}:{=u32}", place.file(), place.line());
    }
    exit()
}

/// Says what the processor would not do, and stops: no instruction of the image should fault.
// SAFETY: the runtime declares this symbol for the program to define, once and with this signature.
#[unsafe(no_mangle)]
extern "C" fn ExceptionHandler(_registers: &TrapFrame) -> ! {
    defmt::error!("exception {=usize} at {=usize:#x}", mcause::read().code(), mepc::read());
    exit()
}
