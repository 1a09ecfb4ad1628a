//! The gateway's configuration: text compiled to the image that lies in its flash, and read again.

mod compile;
mod image;
mod print;
mod uf2;

use std::io::Write;
use std::path::Path;

use crate::error::Error;
use crate::options::FirmwareConfig;
use crate::output;
use crate::run::Outcome;
use crate::session::refuse_stdin_twice;

pub(crate) use self::image::{Filter, Image, side};
pub(crate) use self::uf2::{USUAL_ADDRESS, address};

/// Compiles, checks or prints, as `options` ask.
///
/// # Errors
/// All that is wrong with what is read, or when the result cannot be written; a file that was there
/// is then what it was before.
pub(crate) fn run(options: &FirmwareConfig, stdout: &mut dyn Write) -> Result<Outcome, Error> {
    if let Some(file) = &options.print {
        stdout.write_all(Image::open(file)?.text().as_bytes())?;
        return Ok(Outcome::Done);
    }
    let read: Vec<&Path> = options.files().collect();
    refuse_stdin_twice(read.iter().copied())?;
    let out = options.output.as_deref();
    let out = out.map(|out| output::document(out, &read, stdout)).transpose()?;
    let made = compile::compile(&options.rules, &options.config)?;
    let file = match options.uf2 {
        Some(address) => uf2::write(made.image, address)?,
        None => made.image,
    };
    if let Some(out) = out {
        out.write(|out| out.write_all(&file))?;
    }
    if !options.quiet {
        let mut stderr = anstream::stderr();
        for note in &made.notes {
            // Nobody misses it where stderr is gone.
            let _ = writeln!(stderr, "warning: {note}");
        }
    }
    Ok(Outcome::Done)
}
