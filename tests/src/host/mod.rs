//! Runs the host program inside of this process: a command line in, its end and its stdout out.

#[cfg(test)]
mod advise;
#[cfg(test)]
mod advise_figures;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod copies;
#[cfg(test)]
mod counters;
#[cfg(test)]
mod firmware_config;
#[cfg(test)]
mod firmware_rules;
#[cfg(test)]
mod firmware_uf2;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod full_rules;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod ghost;
#[cfg(test)]
mod helpers;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod large;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod made;
#[cfg(test)]
mod manual;
#[cfg(test)]
mod on_full;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod page;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod same_run;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod story;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod twins;
#[cfg(test)]
mod wild;
#[cfg(test)]
mod xml;

use anstream::StripStream;
use clap::Parser;
use keeptrack::capture::Stop;
use keeptrack::options::{Options, When};
use keeptrack::{Error, Outcome};

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub end: Result<Outcome, Failure>,
    /// What it wrote to stdout until then.
    pub stdout: Vec<u8>,
}

/// Why a run ended early.
#[derive(Debug)]
pub enum Failure {
    /// The command line is wrong: it did not begin.
    Typed(clap::Error),
    /// It ended with an error.
    Run(Error),
}

/// Runs `keeptrack` with these words behind its name.
#[must_use]
pub fn keeptrack(words: &[&str]) -> Ran {
    let mut stdout = Vec::new();
    let line = ["keeptrack"].iter().chain(words);
    let end = match Options::try_parse_from(line) {
        Ok(mut options) => {
            if options.color == When::Auto {
                // Nobody shows them here.
                options.color = When::Never;
            }
            keeptrack::run(&options, &Stop::default(), &mut stdout).map_err(Failure::Run)
        }
        Err(error) => Err(Failure::Typed(error)),
    };
    Ran { end, stdout }
}

impl Failure {
    /// What the program says of it, without colours.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Typed(error) => error.to_string(),
            Self::Run(error) => {
                let mut plain = StripStream::new(Vec::new());
                // A `Vec` takes everything.
                let _ = error.show(&mut plain);
                String::from_utf8_lossy(&plain.into_inner()).into_owned()
            }
        }
    }
}
