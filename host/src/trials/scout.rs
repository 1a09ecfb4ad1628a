//! The table that goes ahead of the others: it has no limit, and the rules and settings as typed.
//! What it says of a packet is what each of the others is compared with.

use std::collections::HashMap;
use std::io;

use keeptrack_core::{Conn, Direction, Packet, SctpState, State, TcpState, Tuple, Zone};

use super::Watch;
use super::outcome::{Meter, Outcome};
use crate::path::Sighting;
use crate::report::Tally;
use crate::verdict::{Left, Report, Verdict, What};

/// What the scout says of a packet, as far as others are compared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// It begins a connection.
    New,
    /// It is of a connection that was open when it came.
    Known,
    /// It is an ICMP error about one.
    Related,
    /// Anything else; also what comes behind the end of a connection.
    Other,
}

/// A connection as a packet found it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    /// Which of the scout's.
    pub(super) number: u64,
    /// The tuple of its first packet.
    pub(super) tuple: Tuple,
    pub(super) zone: Zone,
    /// How long nothing had been heard of it.
    pub(super) silent_ms: u64,
}

/// What the scout came to.
pub(super) struct Scout {
    pub(super) tally: Tally,
    pub(super) outcome: Outcome,
    meter: Meter,
    /// When each of its connections was heard of last, in nanoseconds, by number.
    heard_ns: HashMap<u64, u64>,
    /// What it said of each packet of a batch.
    pub(super) said: Vec<Said>,
    /// The connection of each packet of a batch, where it said NEW or known.
    pub(super) met: Vec<Option<Met>>,
    /// The numbers of connections that left while a batch passed.
    pub(super) left: Vec<u64>,
}

/// The scout while a packet passes, and who looks over its shoulder.
pub(super) struct Told<'t> {
    pub(super) scout: &'t mut Scout,
    pub(super) watch: &'t mut dyn Watch,
    pub(super) packet: Option<&'t Packet<'t>>,
    pub(super) sighting: Option<&'t Sighting>,
}

impl Scout {
    pub(super) fn new() -> Self {
        Self {
            tally: Tally::new(None),
            outcome: Outcome::default(),
            meter: Meter::new(None),
            heard_ns: HashMap::new(),
            said: Vec::new(),
            met: Vec::new(),
            left: Vec::new(),
        }
    }

    /// A batch comes.
    pub(super) fn begin(&mut self) {
        self.said.clear();
        self.met.clear();
        self.left.clear();
    }

    fn judge(&mut self, verdict: &Verdict) -> (Said, Option<Met>) {
        let (said, conn) = match &verdict.what {
            What::New(conn, _) => (Said::New, conn),
            What::Known(.., conn, change) => {
                let before = change.left.or(conn.state());
                let said = if before.is_some_and(is_closed) { Said::Other } else { Said::Known };
                (said, conn)
            }
            What::Related(..) => return (Said::Related, None),
            _ => return (Said::Other, None),
        };
        let (number, now_ns) = (conn.number(), verdict.time_ns);
        let before_ns = self.heard_ns.insert(number, now_ns).unwrap_or(now_ns);
        let silent_ms = now_ns.saturating_sub(before_ns) / 1_000_000;
        let tuple = conn.tuple(Direction::Original);
        (said, Some(Met { number, tuple, zone: conn.zone(), silent_ms }))
    }
}

impl Report for Told<'_> {
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()> {
        let Self { scout, watch, packet, sighting } = self;
        scout.tally.packet(verdict)?;
        scout.meter.packet(verdict, &mut scout.outcome);
        let (said, met) = scout.judge(verdict);
        scout.said.push(said);
        scout.met.push(met);
        watch.packet(*packet, *sighting, verdict);
        Ok(())
    }

    fn ended(&mut self, left: &Left<'_>) -> io::Result<()> {
        let Self { scout, watch, .. } = self;
        scout.tally.ended(left)?;
        scout.meter.ended(left, &mut scout.outcome);
        let number = left.ended.conn.number();
        scout.heard_ns.remove(&number);
        scout.left.push(number);
        watch.ended(left);
        Ok(())
    }

    fn was_open(&mut self, conn: &Conn) {
        self.watch.was_open(conn);
        self.scout.tally.was_open(conn);
        self.scout.outcome.entries_end += 1;
    }
}

/// Whether both sides have taken leave, so that nobody misses the entry.
const fn is_closed(state: State) -> bool {
    use {SctpState as S, TcpState as T};
    match state {
        State::Tcp(state) => matches!(state, T::LastAck | T::TimeWait | T::Close),
        State::Sctp(state) => matches!(state, S::Closed | S::ShutdownAckSent),
        _ => false,
    }
}
