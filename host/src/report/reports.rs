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
    lasts: Lasts,
}

/// How long it is of use that a replay goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// To its end, which somebody waits for.
    ToEnd,
    /// As long as somebody reads the lines.
    WhileRead,
}

impl<'r, 'o, W: Write> Reports<'r, 'o, W> {
    pub(crate) fn new(
        tally: Tally,
        outputs: &'r mut Outputs<'o>,
        listing: &'r Listing,
        log: Option<KernelLog<W>>,
        lasts: Lasts,
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
        Self { tally, packets, events, log, lasts }
    }

    /// The numbers, once nothing comes any more, and of each output of events how many it has.
    pub(crate) fn finish(mut self) -> (Tally, Vec<u64>) {
        self.log(KernelLog::finish);
        (self.tally, self.events.iter().map(Events::count).collect())
    }

    /// Tells all outputs of lines, whichever fails. A reader who has gone away is missed only when
    /// it was the last one.
    fn tell(&mut self, tell: impl Fn(&mut dyn Report) -> io::Result<()>) -> io::Result<()> {
        let mut gone = match self.lasts {
            Lasts::ToEnd => Ok(()),
            Lasts::WhileRead => Err(io::ErrorKind::BrokenPipe.into()),
        };
        let mut failed = Ok(());
        let packets = self.packets.iter_mut().map(|lines| lines as &mut dyn Report);
        let events = self.events.iter_mut().map(|lines| lines as &mut dyn Report);
        for lines in packets.chain(events) {
            match tell(lines) {
                Ok(()) => gone = Ok(()),
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                Err(error) => failed = failed.and(Err(error)),
            }
        }
        failed.and(gone)
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
        self.log(|log| log.packet(verdict));
        self.tell(|lines| lines.packet(verdict))
    }

    fn ended(&mut self, time_ns: u64, ended: &Ended) -> io::Result<()> {
        self.tally.ended(time_ns, ended)?;
        self.tell(|lines| lines.ended(time_ns, ended))
    }

    fn told(&mut self, event: &Event) -> io::Result<()> {
        self.tell(|lines| lines.told(event))
    }

    fn was_open(&mut self, conn: &Conn) {
        self.tally.was_open(conn);
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tell(|lines| lines.flush())
    }
}
