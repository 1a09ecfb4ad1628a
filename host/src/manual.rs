//! Manual pages and the completion of commands in a shell, from the definition of the command line.

use std::fs;
use std::io::Write;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::error::Error;
use crate::options::Options;

/// Writes what `shell` needs to complete commands.
///
/// # Errors
/// When `out` does not take it.
pub(crate) fn completions(shell: Shell, out: &mut dyn Write) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), NAME, &mut script);
    Ok(out.write_all(&script)?)
}

/// Writes keeptrack(1) to `out`, or that page and one for each command into `folder`.
///
/// # Errors
/// When a page cannot be written.
pub(crate) fn pages(folder: Option<&Path>, out: &mut dyn Write) -> Result<(), Error> {
    let Some(folder) = folder else {
        // `generate_to` leaves the same command out.
        return Ok(Man::new(command().disable_help_subcommand(true)).render(out)?);
    };
    let unusable = |why| Error::Output(folder.to_owned(), why);
    fs::create_dir_all(folder).map_err(unusable)?;
    clap_mangen::generate_to(command(), folder).map_err(unusable)
}

const NAME: &str = "keeptrack";

fn command() -> Command {
    Options::command().name(NAME)
}
