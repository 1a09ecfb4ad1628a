//! What the kernel said of each packet of a trace, and what the host program says of it.
//!
//! Beside a trace `X` lies `X.oracle.jsonl.gz`: a line of JSON for every packet that was passed
//! through a Linux kernel, with the fields that `keeptrack replay -o packets` writes, too.

mod compare;
mod record;
mod report;
mod traces;

pub use compare::{Agreed, Comparison, Counts, Differing};
pub use record::{Record, kernels, ours};
pub use report::Report;
pub use traces::{Trace, below};
