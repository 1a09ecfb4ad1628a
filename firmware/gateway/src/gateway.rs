//! The gateway: two ports, the bridge between them, and the rounds that carry frames.

use keeptrack_core::{ConfigError, Instant};

use crate::action::Action;
use crate::bridge::{Bridge, Have, Tracking};
use crate::counts::{Counts, Reason};
use crate::image;
use crate::log::Log;
use crate::port::{LinkState, Port, Side};
use crate::settings::{Fail, Settings};
use crate::table::{Keys, Memory, Table, table};

/// The most frames that one round takes from a port, so that the other has its turn.
pub const BURST: usize = 16;

/// Seconds from one look at the links to the next.
const LINK_INTERVAL: u32 = 1;

/// Seconds from one status in the log to the next.
const STATUS_INTERVAL: u32 = 10;

/// A bridge of two ports that tracks what it carries.
#[derive(Debug)]
pub struct Gateway<'m> {
    flash: &'m [u8],
    bridge: Bridge<'m>,
    counts: Counts,
    log: Log,
    next_look: Instant,
    next_status: Instant,
}

/// When the gateway has something to do again.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// At once: a round was not enough.
    Now,
    /// When a frame comes in or has gone out, and at this moment at the latest.
    At(Instant),
}

/// Whether a round did all that there was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    Done,
    Cut,
}

impl<'m> Gateway<'m> {
    /// One that has no rules yet: it carries everything or nothing, as the configuration in `flash`
    /// says of a gateway that fails.
    #[must_use]
    pub fn waiting(flash: &'m [u8]) -> Self {
        Self {
            flash,
            bridge: Bridge::failing(image::fail(flash)),
            counts: Counts::default(),
            log: Log::new(),
            next_look: Instant::default(),
            next_status: Instant::default(),
        }
    }

    /// Begins to track, by the configuration in flash: by the built-in one when there is none; when
    /// it is damaged, as that says of such a case.
    ///
    /// # Errors
    /// When the memory is of no use: there are no slots.
    pub fn start(&mut self, memory: Memory<'m>, keys: Keys) -> Result<(), ConfigError> {
        let read = self.settings(memory.connections.slot_count());
        read.map_or(Ok(()), |settings| self.track(&settings, memory, keys))
    }

    /// What the configuration in flash asks for, or the built-in one; none when nothing is tracked.
    #[inline(never)] // What it needs of the stack is free again when there is a table.
    fn settings(&mut self, slot_count: usize) -> Option<Settings<'m>> {
        let read = image::read(self.flash).and_then(|settings| settings.fit(slot_count));
        read.map_or_else(
            |why| {
                let fail = image::fail(self.flash);
                self.log.configuration(why, fail);
                (fail == Fail::Default || why.is_absent()).then(image::default)
            },
            Some,
        )
    }

    #[inline(never)] // Its copies of the table are off the stack when frames come.
    fn track(
        &mut self,
        settings: &Settings<'m>,
        memory: Memory<'m>,
        keys: Keys,
    ) -> Result<(), ConfigError> {
        self.log.level(settings.log);
        let table = table(settings, memory, keys)?;
        self.log.boot(&table, settings.log);
        self.bridge.rules = Have::Rules(Tracking::new(table, settings.filter));
        Ok(())
    }

    /// A round: ends what has run out, and carries what has come in at the two ports.
    ///
    /// Touches [`STEPS`](crate::STEPS) steps of the table at the most, and [`BURST`] frames of each
    /// port.
    pub fn poll<P: Port>(&mut self, now: Instant, left: &mut P, right: &mut P) -> Wake {
        if now >= self.next_look {
            self.bridge.links = [left.link(), right.link()];
            self.next_look = now.after(LINK_INTERVAL);
        }
        let rounds = [
            self.bridge.expire(now, &self.log),
            self.relay(now, Side::Left, (left, right)),
            self.relay(now, Side::Right, (right, left)),
        ];
        if now >= self.next_status {
            self.status(left, right);
            self.next_status = now.after(STATUS_INTERVAL);
        }
        if rounds.contains(&Round::Cut) { Wake::Now } else { Wake::At(self.next_wake()) }
    }

    /// What became of all frames so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether the ports have a link, as of the last look at them.
    #[must_use]
    pub const fn links(&self) -> [LinkState; 2] {
        self.bridge.links
    }

    /// The table, once there is one.
    #[must_use]
    pub const fn table(&self) -> Option<&Table<'m>> {
        self.bridge.table()
    }

    fn next_wake(&self) -> Instant {
        let timers = self.next_look.min(self.next_status);
        self.table().and_then(Table::next_expiry).map_or(timers, |expiry| expiry.min(timers))
    }

    /// Carries what came in at the port of `side`.
    fn relay<P: Port>(&mut self, now: Instant, side: Side, (from, to): (&mut P, &mut P)) -> Round {
        while let Some(frame) = to.reclaim() {
            from.recycle(frame);
        }
        for _ in 0..BURST {
            let Some(frame) = from.receive() else { return Round::Done };
            self.carry(now, side, frame, (from, to));
        }
        Round::Cut
    }

    /// Carries a frame that came in at the port of `side`.
    #[inline(never)] // A round without a frame does not set up what this needs.
    fn carry<P: Port>(
        &mut self,
        now: Instant,
        side: Side,
        frame: P::Frame,
        (from, to): (&mut P, &mut P),
    ) {
        let frame_len = frame.as_ref().len();
        let action = self.bridge.decide(now, side, frame.as_ref());
        let sent = match &action {
            Action::Forward(_) => to.transmit(frame).map_err(|frame| (frame, Reason::Busy)),
            Action::Drop(_, dropped) => Err((frame, dropped.reason())),
        };
        let unsent = sent.err().map(|(frame, why)| {
            from.recycle(frame);
            why
        });
        self.counts.port_mut(side).count(unsent);
        self.log.action(now, (side, frame_len), &action, unsent);
    }

    /// Says how the gateway is.
    fn status<P: Port>(&mut self, left: &P, right: &P) {
        for (side, port) in [(Side::Left, left), (Side::Right, right)] {
            self.counts.port_mut(side).faults = port.faults();
        }
        self.log.status(self.bridge.links, &self.counts, self.table());
    }
}
