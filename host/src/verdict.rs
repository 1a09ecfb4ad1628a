//! What a replay tells of each packet, and whom.

use std::io;

use keeptrack_core::{
    Change, Conn, CtState, Direction, Ended, Held, Instant, Invalid, Packet, ParseError, Refused,
    Status, Transport, Tuple,
};

use crate::conntrack::Event;
pub use crate::fate::Fate;

/// What became of one packet of the capture.
#[derive(Debug)]
pub struct Verdict {
    /// Which packet of the capture, from 0.
    pub index: u64,
    /// When it came, in nanoseconds since 1970; never before the packet before it.
    pub time_ns: u64,
    /// Who speaks to whom, as the packet itself says; `None` where there is no packet to track.
    pub tuple: Option<Tuple>,
    /// What it is to the table.
    pub what: What,
    /// What the gateway does with its frame; `None`: no gateway is replayed, or it is none of its
    /// frames.
    pub fate: Option<Fate>,
    /// How many connections are in the table now.
    pub entry_count: usize,
    /// Whether it is a part of a datagram, and `what` told of all of that, which it completed.
    pub is_reassembled: bool,
}

/// What a packet is to the table.
#[derive(Debug, Clone, Copy)]
pub enum What {
    /// It made a connection, which lives so many seconds; perhaps one that was expected.
    New(Conn, u32),
    /// It would have made this connection, and a filter drops it before.
    Filtered(Conn),
    /// It would have made a connection, and is dropped.
    Refused(Refused, Rule),
    /// It would have made a connection, and passes untracked: a rule says so.
    Bypassed(Refused, Rule),
    /// It is of a connection in the table.
    Known(CtState, Direction, Conn, Change),
    /// It is an ICMP error about a packet of that connection.
    Related(Direction, Conn),
    /// It is INVALID, and has perhaps left its connection so many seconds.
    Invalid(Invalid, Speaks, Option<u32>),
    /// It is INVALID, and dropped: some ask a full table for an entry before they look at a packet.
    Unheard(Invalid, Rule),
    /// It is a part of a datagram, and waits for the others or is refused.
    Held(Held),
    /// It is UNTRACKED.
    Untracked,
    /// A rule of the raw table dropped it.
    RawDropped,
    /// Tracking was not asked.
    Skipped(Skip),
}

/// Why a policy refused a newcomer, or chose whom it chose, in a few words.
pub type Rule = &'static str;

/// A connection that has left the table.
#[derive(Debug, Clone, Copy)]
pub struct Left<'e> {
    /// When, in nanoseconds since 1970.
    pub time_ns: u64,
    /// The connection as it was, and why it left.
    pub ended: &'e Ended,
    /// Why it and no other had to make room; of one that left otherwise, how.
    pub rule: Rule,
}

/// Whom an INVALID packet speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// It speaks for itself.
    ForItself,
    /// It is an ICMP error.
    OfAnother,
}

/// Why tracking was not asked about a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// Frames of this link type are not read.
    Link(u16),
    /// There is no packet to track in the frame.
    Parse(ParseError),
    /// The capture shows it twice.
    Copy,
    /// An event of a log, of a connection that is not in the table.
    Unknown,
    /// It was captured at an interface that `--iface` leaves out.
    Elsewhere,
}

impl Verdict {
    /// When it came, to the millisecond.
    #[must_use]
    pub const fn now(&self) -> Instant {
        Instant::from_millis(self.time_ns / 1_000_000)
    }
}

impl What {
    /// The verdict in one word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::New(conn, _) if conn.status().has(Status::EXPECTED) => "related",
            Self::New(..) | Self::Filtered(_) | Self::Known(CtState::New, ..) => "new",
            Self::Known(CtState::Established, ..) => "established",
            Self::Known(CtState::Related, ..) | Self::Related(..) => "related",
            Self::Refused(..) | Self::Unheard(..) | Self::RawDropped => "dropped",
            Self::Invalid(..) => "invalid",
            Self::Held(_) => "held",
            Self::Untracked | Self::Bypassed(..) => "untracked",
            Self::Skipped(_) => "skip",
        }
    }
}

impl Speaks {
    /// By what the packet is, or by why the datagram is INVALID that it completed.
    pub(crate) const fn of(packet: &Packet<'_>, why: Invalid) -> Self {
        match packet.transport {
            Transport::Error(_) => Self::OfAnother,
            _ if why.is_of_error() => Self::OfAnother,
            _ => Self::ForItself,
        }
    }
}

impl Skip {
    /// Whether an IP layer refused the packet, before tracking could be asked.
    pub(crate) const fn is_by_ip(self) -> bool {
        use ParseError as E;
        matches!(
            self,
            Self::Parse(E::IpHeaderLen(_) | E::IpTotalLen(_) | E::IpShort { .. } | E::HopByHop)
        )
    }

    /// The reason in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Link(_) => "link",
            Self::Parse(why) => why.name(),
            Self::Copy => "copy",
            Self::Unknown => "unknown",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// Somebody who is told.
pub trait Report {
    /// What became of a packet.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()>;

    /// A connection left the table. Whoever had to make room is told of just before the newcomer.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn ended(&mut self, left: &Left<'_>) -> io::Result<()>;

    /// An event of a log was heeded; what it is to the table comes next.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn told(&mut self, _event: &Event) -> io::Result<()> {
        Ok(())
    }

    /// A connection was in the table before the first packet.
    fn was_open(&mut self, _conn: &Conn) {}

    /// Whoever has left until now has not left for the packet that comes next.
    fn collected(&mut self) {}

    /// The next packet may take its time: what was told so far should not wait for it.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
