//! A tracker over counted memory: whatever it is asked, how much work that was is kept.

use std::cell::Cell;
use std::rc::Rc;

use keeptrack_core::raw::{PolicyId, Raw, RawVerdict, Template};
use keeptrack_core::{
    Class, Config, Conntrack, Ended, Instant, OnFull, Packet, RestoreError, Restored, Step,
    TcpFlags, TimeoutPolicy, Tracked, Zone,
};

use super::attacker::{SEED, tuple};
use super::counted::{Counted, Touches};
use crate::frames::{ip, read, tcp};

/// Rules that give every connection the class that the test has said last.
#[derive(Debug, Clone, Default)]
pub(super) struct Said(Rc<Cell<Option<Class>>>);

impl Raw for Said {
    fn classify(&mut self, _packet: &Packet<'_>) -> RawVerdict {
        RawVerdict::Track(Template { class: self.0.get(), ..Template::NONE })
    }

    fn timeouts(&self, _id: PolicyId) -> Option<&TimeoutPolicy> {
        None
    }
}

/// How often each call has reached into the memory, at the most.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Most {
    pub(super) track: usize,
    pub(super) confirm: usize,
    pub(super) expire: usize,
    pub(super) restore: usize,
    pub(super) flush: usize,
    pub(super) drop_early: usize,
}

impl Most {
    pub(super) fn numbers(self) -> [usize; 6] {
        [self.track, self.confirm, self.expire, self.restore, self.flush, self.drop_early]
    }

    /// The most of each call in either.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            track: self.track.max(other.track),
            confirm: self.confirm.max(other.confirm),
            expire: self.expire.max(other.expire),
            restore: self.restore.max(other.restore),
            flush: self.flush.max(other.flush),
            drop_early: self.drop_early.max(other.drop_early),
        }
    }
}

/// Who sends a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Client,
    Server,
}

/// The tracker.
pub(super) struct Lab<P> {
    pub(super) ct: Conntrack<Counted, P, Said>,
    class: Said,
    touches: Touches,
    pub(super) now: Instant,
    pub(super) most: Most,
}

impl<P: OnFull> Lab<P> {
    /// An empty table of so many slots, of which so many are reserved for the first class.
    pub(super) fn new((slot_count, reserved): (usize, usize), policy: P) -> Self {
        let (class, touches) = (Said::default(), Touches::default());
        let memory = Counted::new(slot_count, &touches);
        let ct = Conntrack::new(memory, Config::DEFAULT, SEED).unwrap();
        let ct = ct.reserve(Class::at(0).unwrap(), reserved).unwrap();
        let ct = ct.with_rules(class.clone()).on_full(policy);
        Self { ct, class, touches, now: Instant::from_millis(1_000_000), most: Most::default() }
    }

    /// From now on rules give connections this class.
    pub(super) fn classify(&mut self, class: Option<Class>) {
        self.class.0.set(class);
    }

    pub(super) fn wait(&mut self, millis: u64) {
        self.now = Instant::from_millis(self.now.as_millis() + millis);
    }

    /// A segment of a connection; if that is a new one, it is confirmed.
    pub(super) fn send(&mut self, number: u32, sender: Sender, flags: TcpFlags) -> Option<Ended> {
        let packet = segment(number, sender, flags);
        let Self { ct, touches, most, now, .. } = self;
        let (tracked, count) = touches.of(|| ct.track(*now, &packet));
        most.track = most.track.max(count);
        let Tracked::First(first) = tracked else { return None };
        let (made, count) = touches.of(|| first.confirm());
        most.confirm = most.confirm.max(count);
        made.ok().and_then(|made| made.evicted)
    }

    /// A SYN of a connection, for which another one is dropped early.
    pub(super) fn send_instead(&mut self, number: u32, other: u32) -> bool {
        let packet = segment(number, Sender::Client, TcpFlags::SYN);
        let Self { ct, touches, most, now, .. } = self;
        let Tracked::First(mut first) = ct.track(*now, &packet) else { return false };
        let (dropped, count) = touches.of(|| first.drop_early(&tuple(other), Zone::DEFAULT));
        most.drop_early = most.drop_early.max(count);
        dropped
    }

    /// Puts a connection in, of which somebody else tells.
    pub(super) fn restore(&mut self, open: &Restored) -> Result<Option<Ended>, RestoreError> {
        let Self { ct, touches, most, now, .. } = self;
        let (made, count) = touches.of(|| ct.restore(*now, open));
        most.restore = most.restore.max(count);
        made.map(|made| made.evicted)
    }

    /// One step of `expire`.
    pub(super) fn expire(&mut self) -> Step {
        let (step, count) = self.touches.of(|| self.ct.expire(self.now));
        self.most.expire = self.most.expire.max(count);
        step
    }

    pub(super) fn flush(&mut self, number: u32) -> bool {
        let tuple = tuple(number);
        let flush = || self.ct.flush(self.now, &tuple, Zone::DEFAULT);
        let (was_there, count) = self.touches.of(flush);
        self.most.flush = self.most.flush.max(count);
        was_there
    }

    pub(super) fn drop_early(&mut self, number: u32) -> bool {
        let tuple = tuple(number);
        let drop_early = || self.ct.drop_early(self.now, &tuple, Zone::DEFAULT);
        let (was_there, count) = self.touches.of(drop_early);
        self.most.drop_early = self.most.drop_early.max(count);
        was_there
    }
}

fn segment(number: u32, sender: Sender, flags: TcpFlags) -> Packet<'static> {
    let tuple = tuple(number);
    let (from, to, ports) = match sender {
        Sender::Client => (tuple.source, tuple.destination, (1000, 80)),
        Sender::Server => (tuple.destination, tuple.source, (80, 1000)),
    };
    read(&ip(tuple.protocol, from, to, &tcp(ports, flags, (1, 1))))
}
