//! Orders to the machine that `firmware/run` started: `qmp FOLDER reset`, `qmp FOLDER link WIRE up`.

use std::env::args;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use keeptrack_tools::qmp::{Link, Qmp};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("qmp: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let words: Vec<_> = args().skip(1).collect();
    let [folder, order @ ..] = words.as_slice() else { return Err(USAGE.into()) };
    let mut machine = Qmp::connect(Path::new(folder))?;
    match order.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["reset"] => machine.reset()?,
        ["link", wire, "up"] => machine.set_link(wire, Link::Up)?,
        ["link", wire, "down"] => machine.set_link(wire, Link::Down)?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

const USAGE: &str = "usage: qmp FOLDER reset, or qmp FOLDER link WIRE up|down";
