//! A figure on the emulator's standard output, without Rust's formatting: `NAME TICKS`.

use semihosting::io::{Write, stdout};

/// The digits of the largest number.
const DIGITS: usize = 10;

/// Says a figure.
pub fn say(name: &str, ticks: u32) {
    let mut digits = [0; DIGITS];
    let mut rest = ticks;
    for digit in digits.iter_mut().rev() {
        *digit = b'0'.wrapping_add((rest % 10) as u8);
        rest /= 10;
    }
    let Ok(mut out) = stdout() else { return };
    for part in [name.as_bytes(), b" ", &digits, b"\n"] {
        // Nobody else could be told of an error; a figure that is missing is one to the reader.
        _ = out.write_all(part);
    }
}
