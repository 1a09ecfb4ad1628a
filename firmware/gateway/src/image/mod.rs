//! The configuration as it lies in flash: an image that is read in place.
//!
//! All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `KTGW` |
//! | 2 | version, [`VERSION`] |
//! | 2 | what [`Fail`] says: `0x0f0f` open, `0xf0f0` closed, `0x3c3c` default |
//! | 4 | length of the body |
//! | 4 | CRC-32 (that of zip and Ethernet) of version, fail, length and body |
//! | | the body |
//!
//! The first two lines are the same in every version, and are understood with up to three bits
//! wrong each: what a gateway does whose configuration is damaged, that has to say itself. Nothing
//! else is believed of an image one of whose bits is wrong.
//!
//! The body is of words of 32 bits: settings (in `body.rs`), the [program](crate::rules) of
//! PREROUTING and that of FORWARD.

mod body;
mod error;
mod header;
#[cfg(feature = "write")]
mod write;

use crate::settings::{Fail, Settings};
pub use error::ImageError;
#[cfg(feature = "write")]
pub use write::{Plan, WriteError, plan, write};

/// The version that is read and written.
pub const VERSION: u16 = 1;

/// The built-in configuration: what `keeptrack firmware-config` makes of the files beside it.
pub static BUILT_IN: &[u8] = include_bytes!("../../default/default.image");

/// What the image says that `flash` begins with. What lies behind it does not count.
///
/// Reads the image twice, once for the check sum.
///
/// # Errors
/// Why it is no image that can be used.
pub fn read(flash: &[u8]) -> Result<Settings<'_>, ImageError> {
    let (fail, body) = header::open(flash)?;
    body::read(fail, body)
}

/// What is to be done without rules, as the image says that `flash` begins with, even a damaged
/// one or one of another version; [`Fail::Default`] when there is none.
#[must_use]
pub fn fail(flash: &[u8]) -> Fail {
    header::fail(flash)
}

/// The built-in configuration: inside, `eth0`, may open connections, outside may answer.
#[must_use]
pub fn default() -> Settings<'static> {
    // A test reads it: nothing passes in a build that lacks it.
    read(BUILT_IN).unwrap_or(Settings::BARE)
}
