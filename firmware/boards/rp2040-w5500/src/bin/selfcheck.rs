//! Calls all of keeptrack-core's face on the board, and says in the log how that went.
#![no_std]
#![no_main]

use rp2040_w5500::start;

#[cortex_m_rt::entry]
fn main() -> ! {
    // It needs nothing of the board but the log's time, and feeds nobody.
    if let Some(parts) = start::parts() {
        parts.watchdog.disable();
    }
    keeptrack_log::end_selfcheck(keeptrack_selfcheck::run())
}
