//! What conntrack-tools and /proc/net/nf_conntrack tell of a connection, whatever the form.

use keeptrack_core::{Counters, Ends, Protocol, Status, Tuple};

/// An entry of the kernel's table, with what a line tells of it.
///
/// What a line does not tell is `None` and is not printed: make one with [`Entry::new`] and fill in
/// what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Seconds left to live. `None` for what is offloaded, and for what was destroyed because it
    /// had run out.
    pub timeout: Option<u64>,
    /// The name of its state, for protocols that have states.
    pub state: Option<&'static str>,
    /// The two timeouts that /proc prints of a GRE entry.
    pub gre: Option<GreTimeouts>,
    /// As the first packet went.
    pub original: Side,
    /// As answers go.
    pub reply: Side,
    /// SEEN_REPLY and ASSURED; EXPECTED is told by the save form alone.
    pub status: Status,
    /// Whether a fast path has taken it over. Such an entry is ASSURED, though no line says so.
    pub offload: Option<Offload>,
    /// The mark that rules gave it.
    pub mark: Option<u32>,
    /// The security mark of old kernels.
    pub secmark: Option<u32>,
    /// Its security context.
    pub secctx: Option<Box<str>>,
    /// The zone of both directions.
    pub zone: Option<u16>,
    /// Seconds since it began.
    pub delta_time: Option<u64>,
    /// When it began: seconds since 1970 on the wall clock of the machine that printed it, whose
    /// time zone no line tells.
    pub start: Option<i64>,
    /// When it ended, as `start`.
    pub stop: Option<i64>,
    /// The helper that reads along, such as `ftp`.
    pub helper: Option<Box<str>>,
    /// How many references the kernel holds to it.
    pub use_count: Option<u32>,
    /// The kernel's number of it.
    pub id: Option<u32>,
    /// Its labels, separated by commas.
    pub labels: Option<Box<str>>,
    /// Whether its timeout is never renewed; the save form alone tells it.
    pub fixed_timeout: bool,
    /// The verification tags of SCTP, original direction first; the save form alone tells them.
    pub vtags: Option<[u32; 2]>,
    /// What DCCP's original direction is, `client` or `server`; the save form alone tells it.
    pub role: Option<&'static str>,
}

impl Entry {
    /// An entry of which nothing but its two tuples is known.
    #[must_use]
    pub const fn new(original: Tuple, reply: Tuple) -> Self {
        Self {
            timeout: None,
            state: None,
            gre: None,
            original: Side::new(original),
            reply: Side::new(reply),
            status: Status::NONE,
            offload: None,
            mark: None,
            secmark: None,
            secctx: None,
            zone: None,
            delta_time: None,
            start: None,
            stop: None,
            helper: None,
            use_count: None,
            id: None,
            labels: None,
            fixed_timeout: false,
            vtags: None,
            role: None,
        }
    }

    /// What IP carries.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.original.tuple.protocol
    }

    /// Whether it is of ICMP and its type, code and identifier are not known, which XML does not
    /// tell: nothing says then which packets are its own.
    #[must_use]
    pub const fn lacks_query(&self) -> bool {
        let is_icmp = matches!(self.protocol(), Protocol::ICMP | Protocol::ICMPV6);
        is_icmp && matches!(self.original.tuple.ends, Ends::None)
    }

    /// What NAT changed; `None` where the reply is the inverse of the original direction.
    #[must_use]
    pub fn nat(&self) -> Option<Nat> {
        let (expected, reply) = (self.original.tuple.invert(), self.reply.tuple);
        let [source, destination] = ends(&reply);
        let [expected_source, expected_destination] = ends(&expected);
        let answers_from_elsewhere = (reply.source, source) != (expected.source, expected_source);
        let answers_to_elsewhere =
            (reply.destination, destination) != (expected.destination, expected_destination);
        match (answers_to_elsewhere, answers_from_elsewhere) {
            (true, true) => Some(Nat::Both),
            (true, false) => Some(Nat::Source),
            (false, true) => Some(Nat::Destination),
            (false, false) => None,
        }
    }
}

/// What belongs to either end. The identifier of a query is the end that asks: NAT maps it as it
/// maps the port of a client.
const fn ends(tuple: &Tuple) -> [u16; 2] {
    match tuple.ends {
        Ends::Ports { source, destination } | Ends::Keys { source, destination } => {
            [source, destination]
        }
        Ends::Query { kind, code, id } => [u16::from_be_bytes([kind, code]), id],
        Ends::None => [0, 0],
    }
}

/// One direction of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// Who speaks to whom.
    pub tuple: Tuple,
    /// What went this way, where the kernel counts (`nf_conntrack_acct`).
    pub counters: Option<Counters>,
    /// The zone of this direction alone.
    pub zone: Option<u16>,
}

impl Side {
    const fn new(tuple: Tuple) -> Self {
        Self { tuple, counters: None, zone: None }
    }
}

/// What /proc prints of a GRE entry: `timeout=30, stream_timeout=180`. Seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GreTimeouts {
    /// `nf_conntrack_gre_timeout`.
    pub unreplied: u32,
    /// `nf_conntrack_gre_timeout_stream`.
    pub stream: u32,
}

/// A fast path that has taken a connection over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offload {
    /// A flowtable: `[OFFLOAD]`.
    Software,
    /// The network card: `[HW_OFFLOAD]`.
    Hardware,
}

/// Which of the addresses and ports of the original direction answers do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nat {
    /// The source's: answers go elsewhere than where the first packet came from.
    Source,
    /// The destination's: answers come from elsewhere than where the first packet went.
    Destination,
    /// Those of both.
    Both,
}

/// What happened to an entry, as `conntrack -E` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, where the log tells (`-o timestamp`).
    pub time: Option<Time>,
    /// What.
    pub kind: Kind,
    /// To which entry.
    pub entry: Entry,
    /// The program that asked for it, where one did.
    pub by: Option<Userspace>,
}

impl Event {
    /// The event of that kind as the kernel sends it: without what an entry of the table has but
    /// such an event lacks.
    ///
    /// Events carry no use count, no mark of 0, and counters and age only at the end; the end
    /// carries no helper, and no timeout where that has run out.
    /// (`ctnetlink_conntrack_event` in Linux 6.18.)
    #[must_use]
    pub fn sent(time: Option<Time>, kind: Kind, mut entry: Entry) -> Self {
        entry.use_count = None;
        entry.mark = entry.mark.filter(|mark| *mark != 0);
        if kind == Kind::Destroy {
            entry.timeout = entry.timeout.filter(|timeout| *timeout != 0);
            entry.helper = None;
        } else {
            entry.original.counters = None;
            entry.reply.counters = None;
            entry.delta_time = None;
        }
        Self { time, kind, entry, by: None }
    }
}

/// What happens to entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It came into the table.
    New,
    /// It changed.
    Update,
    /// It left the table.
    Destroy,
}

/// A moment, as `-o timestamp` prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Seconds since 1970.
    pub seconds: u64,
    /// Microseconds of the second, below 1,000,000.
    pub micros: u32,
}

impl Time {
    /// That many nanoseconds after the start of 1970.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "a second has a million microseconds")]
    pub const fn of(nanos: u64) -> Self {
        Self { seconds: nanos / 1_000_000_000, micros: (nanos / 1000 % 1_000_000) as u32 }
    }

    /// Nanoseconds since the start of 1970; the end of time where they do not fit.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.seconds.saturating_mul(1_000_000_000).saturating_add(self.micros as u64 * 1000)
    }
}

/// A program that changed the table through netlink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Userspace {
    /// The port of its netlink socket, most often its process identifier.
    pub portid: u32,
    /// Its name, where it still ran when the event came.
    pub progname: Option<Box<str>>,
}

/// How an entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `conntrack -L`, `conntrack -E`.
    Plain,
    /// With `-o extended`: the family in front.
    Extended,
    /// /proc/net/nf_conntrack.
    Proc,
    /// With `-o save`: the options of `conntrack -A`, which `conntrack -R` reads.
    Save,
}

/// Whether events have their time in front (`-o timestamp`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// No.
    Without,
    /// Yes, where it is known.
    With,
}
