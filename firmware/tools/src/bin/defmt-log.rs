//! Puts a board's log into words: `defmt-log ELF <FRAMES`, one line a frame, as they come.

use std::env::args_os;
use std::io::{self, Write, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use keeptrack_tools::log::{Line, Words};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("defmt-log: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> io::Result<()> {
    let image = args_os().nth(1).ok_or_else(|| io::Error::other("usage: defmt-log ELF <FRAMES"))?;
    Words::of(Path::new(&image))?.read(stdin(), print)
}

/// At once: somebody may be waiting for the line.
#[allow(clippy::needless_pass_by_value, reason = "lines are handed over")]
fn print(line: Line) -> io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
