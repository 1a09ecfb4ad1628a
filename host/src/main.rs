//! Arguments, signals, the run, the exit code; a reader that has gone away is no failure.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anstream::{AutoStream, ColorChoice};
use clap::Parser;
use keeptrack::capture::Stop;
use keeptrack::options::{Options, When};
use keeptrack::{Outcome, run};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

fn main() -> ExitCode {
    let mut options = Options::parse();
    options.color = colored(options.color);
    let stop = match heed_signals() {
        Ok(stop) => stop,
        Err(error) => {
            eprintln!("error: signals cannot be caught: {error}");
            return ExitCode::from(BAD_INPUT);
        }
    };
    match run(&options, &stop, &mut io::stdout().lock()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Finding) => ExitCode::from(FINDING),
        Ok(Outcome::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // Where stderr is gone, too, the exit code is all that can be said.
            let _ = error.show(&mut anstream::stderr());
            ExitCode::from(BAD_INPUT)
        }
    }
}

const FINDING: u8 = 1;
const BAD_INPUT: u8 = 2;
const INTERRUPTED: u8 = 130;

/// `auto` stays where stdout shows colours; stderr goes by the same word.
fn colored(when: When) -> When {
    ColorChoice::from(when).write_global();
    match when {
        When::Auto if AutoStream::choice(&io::stdout()) == ColorChoice::Never => When::Never,
        typed => typed,
    }
}

/// The first signal asks the run to end; a second one ends it.
fn heed_signals() -> io::Result<Stop> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&asked))?;
        flag::register(signal, Arc::clone(&asked))?;
    }
    Ok(Stop::from(asked))
}
