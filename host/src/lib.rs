//! Passes captures through the tracker that firmware runs, and tells what became of them.
//!
//! [`run`] is the program without its process: options in, reports out.

pub mod advise;
pub mod capture;
pub mod conntrack;
pub mod lint;
pub mod memory;
pub mod on_full;
pub mod options;
pub mod replay;
pub mod report;
pub mod rules;
pub mod settings;
pub mod verdict;

mod compare;
mod copies;
mod datagram;
mod diagnostic;
mod diff;
mod error;
mod fate;
mod firmware_config;
mod front;
mod lane;
mod lanes;
mod ledger;
mod listing;
mod log;
mod manual;
mod output;
mod path;
mod peers;
mod progress;
mod restored;
mod run;
mod saved;
mod seed;
mod service;
mod session;
mod setup;
mod sight;
mod source;
mod stage;
mod sweep;
mod trials;
mod twins;
mod units;

pub use error::Error;
pub use path::Naming;
pub use run::{Outcome, run};
