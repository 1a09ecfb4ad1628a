//! All who are told of a replay while it runs.

use std::io::{self, Write};

use keeptrack_core::{Conn, Instant};

use super::{Events, Hurt, KernelLog, Packets, Tally};
use crate::conntrack::Event;
use crate::listing::Listing;
use crate::options::Format;
use crate::output::Outputs;
use crate::verdict::{Left, Report, Verdict};

/// The numbers, the outputs that are lines, and the kernel's log.
pub(crate) struct Reports<'r, 'o, W> {
    tally: Tally,
    packets: Vec<Packets<'r, 'o>>,
    events: Vec<Events<'r, 'o>>,
    ledgers: Vec<Hurt<'r, 'o>>,
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
        let (mut packets, mut events, mut ledgers) = (Vec::new(), Vec::new(), Vec::new());
        for (format, lines) in &mut outputs.streams {
            match *format {
                Format::Events(form, times) => {
                    events.push(Events::new(lines, listing, (form, times)));
                }
                Format::Ledger => ledgers.push(Hurt::new(lines)),
                _ => packets.push(Packets::new(lines)),
            }
        }
        let tally = if ledgers.is_empty() { tally } else { tally.with_ledger_lines() };
        Self { tally, packets, events, ledgers, log, lasts }
    }

    /// Nothing comes any more; time has passed until `now`.
    ///
    /// # Errors
    /// When what is told then cannot be written down.
    pub(crate) fn end(&mut self, now: Instant) -> io::Result<()> {
        self.tally.finish(now);
        self.tell(|_| Ok(()))
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
        let told = packets.chain(events).map(&tell);
        let written = self.tally.ledger.take_lines();
        let ledgers = self.ledgers.iter_mut();
        let ledgers = ledgers.map(|lines| lines.push(&written).and_then(|()| tell(lines)));
        for told in told.chain(ledgers) {
            match told {
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

    fn ended(&mut self, left: &Left<'_>) -> io::Result<()> {
        self.tally.ended(left)?;
        self.tell(|lines| lines.ended(left))
    }

    fn told(&mut self, event: &Event) -> io::Result<()> {
        self.tell(|lines| lines.told(event))
    }

    fn collected(&mut self) {
        self.tally.collected();
    }

    fn was_open(&mut self, conn: &Conn) {
        self.tally.was_open(conn);
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tally.ledger.flush();
        self.tell(|lines| lines.flush())
    }
}
