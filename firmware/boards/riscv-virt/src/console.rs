//! The log's time, and what is logged when the processor goes on no more.

use keeptrack_log::fail;
use riscv::register::{mcause, mepc};
use riscv_rt::TrapFrame;

use crate::clock;

defmt::timestamp!("{=u64:tus}", clock::micros());

/// Says what the processor would not do, and stops: no instruction of the image should fault.
// SAFETY: the runtime declares this symbol for the program to define, once and with this signature.
#[unsafe(no_mangle)]
extern "C" fn ExceptionHandler(_registers: &TrapFrame) -> ! {
    defmt::error!("exception {=usize} at {=usize:#x}", mcause::read().code(), mepc::read());
    fail()
}
