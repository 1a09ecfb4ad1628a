//! How a board's program ends: its emulator does, with an exit code; hardware starts anew, or stands
//! still.

use core::panic::{Location, PanicInfo};

use crate::output;

/// Why a program goes on no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It has called [`fail`].
    Failed,
    /// It has panicked.
    Panicked {
        /// The line of the source; the log has its file, if there was time to read it.
        line: u32,
    },
}

/// Ends a program that cannot do its work. The emulator's exit code is 1; hardware starts anew.
pub fn fail() -> ! {
    output::fail(Ending::Failed)
}

/// Says what the checks of keeptrack-core have found, and ends the program: the emulator's exit code
/// is 0 if they all passed; hardware stands still.
pub fn end_selfcheck(found: Result<(), &'static str>) -> ! {
    match found {
        Ok(()) => {
            defmt::info!("selfcheck ok");
            output::succeed()
        }
        Err(what) => {
            defmt::error!("selfcheck: {=str}", what);
            output::stop()
        }
    }
}

/// Says where, and ends the program: a panic is a bug, and the gateway's image has no place where one
/// begins.
#[panic_handler]
fn panic(panic: &PanicInfo<'_>) -> ! {
    let place = panic.location();
    if let Some(place) = place {
        defmt::error!("panicked at {=str}:{=u32}", place.file(), place.line());
    }
    output::fail(Ending::Panicked { line: place.map_or(0, Location::line) })
}
