//! Puts a board's log into words: `defmt-log ELF <FRAMES`, one line a frame, as they come.

use std::env::args_os;
use std::error::Error;
use std::io::{Read, Write, stdin, stdout};
use std::process::ExitCode;
use std::{fs, io};

use defmt_decoder::{DecodeError, Frame, Table};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("defmt-log: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let path = args_os().nth(1).ok_or("usage: defmt-log ELF <FRAMES")?;
    let name = path.display();
    let elf = fs::read(&path).map_err(|why| format!("{name}: {why}"))?;
    let table = Table::parse(&elf)
        .map_err(|why| format!("{name}: {why}"))?
        .ok_or_else(|| format!("{name}: no image that logs by defmt"))?;
    let mut frames = table.new_stream_decoder();
    let mut received = [0; 4096];
    loop {
        match stdin().read(&mut received)? {
            0 => return Ok(()),
            len => frames.received(&received[..len]),
        }
        loop {
            match frames.decode() {
                Ok(frame) => print(&frame)?,
                Err(DecodeError::UnexpectedEof) => break,
                Err(DecodeError::Malformed) => {
                    return Err(format!("a frame that {name} did not send").into());
                }
            }
        }
    }
}

/// `4.215 INFO  boot`, at once: somebody may be waiting for the line.
fn print(frame: &Frame<'_>) -> io::Result<()> {
    let level = frame.level().map_or("", |level| level.as_str()).to_uppercase();
    let message = frame.display_message();
    let mut out = stdout().lock();
    match frame.display_timestamp() {
        Some(time) => writeln!(out, "{time} {level:<5} {message}")?,
        None => writeln!(out, "{level:<5} {message}")?,
    }
    out.flush()
}
