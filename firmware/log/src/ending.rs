//! How a board's program ends: its emulator does, with an exit code; on hardware it goes on no more.

use core::panic::PanicInfo;

use crate::output;

/// Ends the machine: the emulator's exit code is 1.
pub fn fail() -> ! {
    output::fail()
}

/// Says what the checks of keeptrack-core have found, and ends the machine: the emulator's exit code
/// is 0 if they all passed.
pub fn end_selfcheck(found: Result<(), &'static str>) -> ! {
    match found {
        Ok(()) => {
            defmt::info!("selfcheck ok");
            output::succeed()
        }
        Err(what) => {
            defmt::error!("selfcheck: {=str}", what);
            fail()
        }
    }
}

/// Says where, and stops: a panic is a bug, and the gateway's image has no place where one begins.
#[panic_handler]
fn panic(panic: &PanicInfo<'_>) -> ! {
    if let Some(place) = panic.location() {
        defmt::error!("panicked at {=str}:{=u32}", place.file(), place.line());
    }
    fail()
}
