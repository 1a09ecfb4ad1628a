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
        ["quit"] => machine.quit()?,
        ["link", wire, "up"] => machine.set_link(wire, Link::Up)?,
        ["link", wire, "down"] => machine.set_link(wire, Link::Down)?,
        ["fault", port, fault] => machine.fault(port, fault, None)?,
        ["fault", port, fault, argument] => {
            machine.fault(port, fault, Some(argument.parse()?))?;
        }
        ["hang"] => machine.hang()?,
        ["crash"] => machine.crash()?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

const USAGE: &str = "usage: qmp FOLDER reset|quit|hang|crash, or qmp FOLDER link WIRE up|down, or qmp \
                     FOLDER fault PORT FAULT [ARGUMENT]";
