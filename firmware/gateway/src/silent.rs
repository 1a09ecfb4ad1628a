//! The log of a gateway that has none: on a PC.

use keeptrack_core::{Ended, Instant};

use crate::action::Action;
use crate::counts::{Counts, Reason};
use crate::image::ImageError;
use crate::port::{LinkState, Side};
use crate::settings::{Fail, LogLevel};
use crate::table::Table;

/// Says nothing.
#[derive(Debug)]
pub(crate) struct Log;

#[allow(clippy::unused_self, reason = "the face is that of the log which says something")]
impl Log {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) fn level(&mut self, _level: LogLevel) {}

    pub(crate) fn configuration(&self, _why: ImageError, _fail: Fail) {}

    pub(crate) fn boot(&self, _table: &Table<'_>, _level: LogLevel) {}

    pub(crate) fn action(
        &mut self,
        _now: Instant,
        _frame: (Side, usize),
        _action: &Action<'_>,
        _unsent: Option<Reason>,
    ) {
    }

    pub(crate) fn ended(&self, _now: Instant, _ended: &Ended) {}

    pub(crate) fn status(
        &self,
        _links: [LinkState; 2],
        _counts: &Counts,
        _table: Option<&Table<'_>>,
    ) {
    }
}
