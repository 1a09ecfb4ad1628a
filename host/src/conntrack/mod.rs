//! Tables, event logs and counters in the forms in which conntrack-tools 1.4.7 and /proc print
//! them, read and printed byte for byte.
//!
//! [`Reader`] reads a file of any of the forms, [`Line`] one line of text. What is printed again in
//! the form in which it was read is the same line, unless it has words that are not known, or those
//! that only Linux 2.4 had.

mod counters;
mod ctime;
mod draft;
mod entry;
mod expect;
mod fault;
mod line;
mod listed;
mod names;
mod print;
mod reader;
mod save;
#[cfg(test)]
mod tests;
mod tokens;
mod words;
mod xml;
mod xml_expect;
mod xml_flow;

pub use counters::{Cpu, Statistics, StatisticsForm};
pub use entry::{
    Entry, Event, Form, GreTimeouts, Kind, Nat, Offload, Side, Time, Times, Userspace,
};
pub use expect::{Expectation, Expected};
pub use fault::{Error, Fault, Why};
pub use line::{Footer, Line, Record};
pub use print::{Listed, Logged};
pub use reader::{Foreign, MAX_LINE_LEN, Reader};
