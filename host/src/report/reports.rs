//! All who are told of a replay while it runs.

use std::io::{self, Write};

use keeptrack_core::{Conn, Ended};

use super::{Events, KernelLog, Packets, Tally};
use crate::conntrack::Event;
use crate::listing::Listing;
use crate::options::Format;
use crate::output::Outputs;
use crate::verdict::{Report, Verdict};

/// The numbers, the outputs that are lines, and the kernel's log.
pub(crate) struct Reports<'r, 'o, W> {
    tally: Tally,
    packets: Vec<Packets<'r, 'o>>,
    events: Vec<Events<'r, 'o>>,
    log: Option<KernelLog<W>>,
}

impl<'r, 'o, W: Write> Reports<'r, 'o, W> {
    pub(crate) fn new(
        tally: Tally,
        outputs: &'r mut Outputs<'o>,
        listing: &'r Listing,
        log: Option<KernelLog<W>>,
    ) -> Self {
        let (mut packets, mut events) = (Vec::new(), Vec::new());
        for (format, lines) in &mut outputs.streams {
            match *format {
                Format::Events(form, times) => {
                    events.push(Events::new(lines, listing, (form, times)));
                }
                _ => packets.push(Packets::new(lines)),
            }
        }
        Self { tally, packets, events, log }
    }

    /// The numbers, once nothing comes any more, and of each output of events how many it has.
    pub(crate) fn finish(mut self) -> (Tally, Vec<u64>) {
        self.log(KernelLog::finish);
        (self.tally, self.events.iter().map(Events::count).collect())
    }

    /// What the kernel says is said as long as there is somebody to hear it.
    fn log(&mut self, say: impl FnOnce(&mut KernelLog<W>) -> io::Result<()>) {
        if self.log.as_mut().is_some_and(|log| say(log).is_err()) {
            self.log = None;
        }
    }
}

impl<W: Write> Report for Reports<'_, '_, W> {
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()> {
        self.tally.packet(verdict)?;
        self.packets.iter_mut().try_for_each(|lines| lines.packet(verdict))?;
        self.events.iter_mut().try_for_each(|lines| lines.packet(verdict))?;
        self.log(|log| log.packet(verdict));
        Ok(())
    }

    fn ended(&mut self, time_ns: u64, ended: &Ended) -> io::Result<()> {
        self.tally.ended(time_ns, ended)?;
        self.events.iter_mut().try_for_each(|lines| lines.ended(time_ns, ended))
    }

    fn told(&mut self, event: &Event) -> io::Result<()> {
        self.events.iter_mut().try_for_each(|lines| lines.told(event))
    }

    fn was_open(&mut self, conn: &Conn) {
        self.tally.was_open(conn);
    }

    fn flush(&mut self) -> io::Result<()> {
        self.packets.iter_mut().try_for_each(Report::flush)?;
        self.events.iter_mut().try_for_each(Report::flush)
    }
}
