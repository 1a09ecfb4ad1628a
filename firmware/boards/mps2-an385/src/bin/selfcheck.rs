//! Calls all of keeptrack-core's face on the board, and ends the machine by how that went.
#![no_std]
#![no_main]

use mps2_an385::clock;

#[cortex_m_rt::entry]
fn main() -> ! {
    clock::start();
    keeptrack_log::end_selfcheck(keeptrack_selfcheck::run())
}
