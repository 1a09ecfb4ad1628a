//! Arguments, the run, the exit code; a reader that has gone away is no failure.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use keeptrack::options::Options;
use keeptrack::{Outcome, run};

fn main() -> ExitCode {
    let options = Options::parse();
    let mut stdout = io::stdout().lock();
    match run(&options, &mut stdout) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Finding) => ExitCode::from(1),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // Where stderr is gone, too, the exit code is all that can be said.
            let _ = error.show(&mut anstream::stderr());
            ExitCode::from(2)
        }
    }
}
