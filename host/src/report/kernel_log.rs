//! What the kernel would have logged, where an admin looks for it and as seldom.

use std::fmt::Display;
use std::io::{self, Write};

use keeptrack_core::Instant;

use crate::units::Clock;
use crate::verdict::{Left, Report, Verdict, What};

/// Linux's `net_ratelimit`: ten messages in five seconds.
const BURST: u32 = 10;
const INTERVAL_MS: u64 = 5_000;

/// Writes `table full, dropping packet` with the capture's time, rate-limited.
pub struct KernelLog<W> {
    out: W,
    began: Option<Instant>,
    written: u32,
    suppressed: u64,
    latest: Instant,
}

impl<W: Write> KernelLog<W> {
    /// Writes to `out`.
    pub const fn new(out: W) -> Self {
        Self { out, began: None, written: 0, suppressed: 0, latest: Instant::from_millis(0) }
    }

    fn log(&mut self, now: Instant, message: &dyn Display) -> io::Result<()> {
        if self.began.is_none_or(|began| now.since(began) > INTERVAL_MS) {
            self.tell_suppressed(now)?;
            self.began = Some(now);
            self.written = 0;
        }
        if self.written == BURST {
            self.latest = now;
            self.suppressed += 1;
            return Ok(());
        }
        self.written += 1;
        writeln!(self.out, "[{}] nf_conntrack: nf_conntrack: {message}", Clock(now))
    }

    /// Writes how many messages were left out last, which the kernel would with its next message.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn finish(&mut self) -> io::Result<()> {
        self.tell_suppressed(self.latest)
    }

    fn tell_suppressed(&mut self, now: Instant) -> io::Result<()> {
        match std::mem::take(&mut self.suppressed) {
            0 => Ok(()),
            count => {
                writeln!(self.out, "[{}] net_ratelimit: {count} callbacks suppressed", Clock(now))
            }
        }
    }
}

impl<W: Write> Report for KernelLog<W> {
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()> {
        match verdict.what {
            What::Refused(refused, _) => self.log(verdict.now(), &refused),
            _ => Ok(()),
        }
    }

    fn ended(&mut self, _left: &Left<'_>) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::KernelLog;
    use keeptrack_core::Instant;

    #[test]
    fn ten_messages_in_five_seconds_and_a_count_of_the_rest() {
        let mut out = Vec::new();
        let mut log = KernelLog::new(&mut out);
        for millis in (0..25).chain([5_001]) {
            let full = "table full, dropping packet";
            log.log(Instant::from_millis(millis), &full).expect("a Vec takes it");
        }
        let text = String::from_utf8(out).expect("text");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 12);
        assert_eq!(
            lines[9],
            "[00:00:00.009] nf_conntrack: nf_conntrack: table full, dropping packet"
        );
        assert_eq!(lines[10], "[00:00:05.001] net_ratelimit: 15 callbacks suppressed");
    }
}
