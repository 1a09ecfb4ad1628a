//! How whoever waits for input is told to wait no longer.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks readers to come to an end, from anywhere; a signal handler may raise the flag.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether it has been asked for.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl From<Arc<AtomicBool>> for Stop {
    /// Asked for once the flag is raised.
    fn from(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}

/// What a reader answers that was asked to stop: no fault of what it reads.
#[derive(Debug)]
pub(super) struct Stopped;

impl Stopped {
    /// Whether that is what an error says.
    pub(super) fn is_in(error: &io::Error) -> bool {
        matches!(error.get_ref(), Some(inner) if inner.is::<Self>())
    }
}

impl std::error::Error for Stopped {}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}
