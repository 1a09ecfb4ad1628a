//! What the kernel said of each packet of a trace and of its table at the end, and what the host
//! program says of them.
//!
//! Beside a trace `X` lies `X.oracle.jsonl.gz`: a line of JSON for every packet that was passed
//! through a Linux kernel, with the fields that `keeptrack replay -o packets` writes, too.

mod compare;
mod exception;
mod record;
mod report;
mod rows;
mod traces;

pub use compare::{Agreed, Comparison, Counts, Differing};
pub use exception::{Exception, MOST};
pub use record::{Answers, Asked, Record, replays};
pub use report::Report;
pub use rows::{Row, Rows};
pub use traces::{Trace, below};
