//! How far a replay has got, on a terminal.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

/// Packets between two looks at how far the capture has been read.
const STEP: u64 = 4096;

/// A bar of bytes read; nothing where nobody watches.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for a capture of so many bytes, if that is known and stderr is a terminal.
    #[must_use]
    pub(crate) fn new(total_bytes: Option<u64>) -> Self {
        let bar = match total_bytes {
            Some(total) if io::stderr().is_terminal() => ProgressBar::new(total),
            _ => ProgressBar::hidden(),
        };
        let template = "  {prefix} {bar:40} {percent}%  {bytes}/{total_bytes}  {bytes_per_sec}";
        // The template is a constant that indicatif takes.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix("replaying");
        Self { bar }
    }

    /// The same, which says before the bar what is being done.
    #[must_use]
    pub(crate) fn doing(self, what: String) -> Self {
        self.bar.set_prefix(what);
        self
    }

    /// Packet `index` comes; now and then it is asked how many bytes have been read.
    pub(crate) fn at(&self, index: u64, bytes_read: impl FnOnce() -> u64) {
        if index.is_multiple_of(STEP) {
            self.bar.set_position(bytes_read());
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// A stderr whose lines do not tear the bar.
    #[must_use]
    pub(crate) fn stderr(&self) -> impl Write + use<> {
        Beside { bar: self.bar.clone() }
    }
}

struct Beside {
    bar: ProgressBar,
}

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bar.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
