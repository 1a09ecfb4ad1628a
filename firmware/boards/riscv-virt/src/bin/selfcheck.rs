//! Calls all of keeptrack-core's face on the board, and ends the machine by how that went.
#![no_std]
#![no_main]

use riscv_virt::guard;

#[riscv_rt::entry]
fn main() -> ! {
    guard::start();
    keeptrack_log::end_selfcheck(keeptrack_selfcheck::run())
}
