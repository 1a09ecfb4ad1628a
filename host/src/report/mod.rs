//! What a replay tells: to each report every packet, every connection that ended, and the end.

mod census;
mod json;
mod kernel_log;
mod packets;
mod subject;
mod summary;
mod tally;

pub use json::json;
pub use kernel_log::KernelLog;
pub use packets::Packets;
pub use subject::{Reached, RuleEffect, Subject};
pub use summary::summary;
pub use tally::Tally;
