//! What a replay tells: to each report every packet, every connection that ended, and the end.

mod census;
mod events;
mod expectations;
mod holds;
mod hurt;
mod hurt_json;
mod json;
mod kernel_log;
mod packets;
mod plot;
mod prometheus;
mod reports;
mod series;
mod sources;
mod stats;
pub(crate) mod style;
mod subject;
mod summary;
mod table;
mod tally;

use events::Events;
pub(crate) use expectations::expectations;
use hurt::Hurt;
pub use json::json;
pub use kernel_log::KernelLog;
use packets::Packets;
pub(crate) use packets::flags;
pub use prometheus::prometheus;
pub(crate) use reports::{Lasts, Reports};
pub(crate) use stats::linux_drop;
pub use stats::stats;
pub use subject::{Reached, RuleEffect, Subject};
pub use summary::summary;
pub(crate) use table::table;
pub use tally::Tally;
