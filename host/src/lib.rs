//! Passes captures through the tracker that firmware runs, and tells what became of them.
//!
//! [`run`] is the program without its process: options in, reports out.

pub mod capture;
pub mod memory;
pub mod options;
pub mod replay;
pub mod report;
pub mod rules;
pub mod verdict;

mod copies;
mod error;
mod output;
mod path;
mod progress;
mod run;
mod sight;
mod units;

pub use error::Error;
pub use path::Naming;
pub use run::{Outcome, run};
