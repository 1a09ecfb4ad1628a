//! `-o events`: what `conntrack -E` would have printed.

use std::io::{self, Write};

use keeptrack_core::{Change, Conn, Instant, Status};

use crate::conntrack::{Event, Form, Kind, Time, Times};
use crate::listing::{Listing, WhoTells};
use crate::output::Lines;
use crate::verdict::{Left, Report, Verdict, What};

/// Writes a line for each change that Linux tells its listeners of.
pub(crate) struct Events<'r, 'o> {
    out: &'r mut Lines<'o>,
    listing: &'r Listing,
    form: Form,
    times: Times,
    line: Vec<u8>,
    count: u64,
}

impl<'r, 'o> Events<'r, 'o> {
    pub(crate) fn new(
        out: &'r mut Lines<'o>,
        listing: &'r Listing,
        (form, times): (Form, Times),
    ) -> Self {
        Self { out, listing, form, times, line: Vec::new(), count: 0 }
    }

    /// How many lines there are.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    fn tell(&mut self, time_ns: u64, kind: Kind, conn: &Conn) -> io::Result<()> {
        let now = Instant::from_millis(time_ns / 1_000_000);
        let entry = self.listing.entry(conn, now, self.form);
        self.write(&Event::sent(Some(Time::of(time_ns)), kind, entry))
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        self.line.clear();
        writeln!(self.line, "{}", event.as_logged(self.form, self.times))?;
        self.count += 1;
        self.out.push(&self.line)
    }
}

impl Report for Events<'_, '_> {
    fn told(&mut self, event: &Event) -> io::Result<()> {
        self.write(event)
    }

    fn packet(&mut self, verdict: &Verdict) -> io::Result<()> {
        match &verdict.what {
            _ if self.listing.who_tells() == WhoTells::Log => Ok(()),
            What::New(conn, _) => self.tell(verdict.time_ns, Kind::New, conn),
            What::Known(_, _, conn, change) if is_told(change) => {
                self.tell(verdict.time_ns, Kind::Update, conn)
            }
            _ => Ok(()),
        }
    }

    fn ended(&mut self, left: &Left<'_>) -> io::Result<()> {
        match self.listing.who_tells() {
            WhoTells::Table => self.tell(left.time_ns, Kind::Destroy, &left.ended.conn),
            WhoTells::Log => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether Linux sends an update: for the first answer, for ASSURED, for another state of the
/// protocol. What ends its connection is told by the end alone.
fn is_told(change: &Change) -> bool {
    change.ended.is_none() && (change.status != Status::NONE || change.left.is_some())
}
