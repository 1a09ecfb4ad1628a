//! Prints entries and events as `conntrack -L`, `conntrack -E` and /proc/net/nf_conntrack do.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv6Addr};

use keeptrack_core::{Ends, Status, Tuple};

use super::entry::{Entry, Event, Form, Kind, Offload, Side, Time, Times, Userspace};
use super::{ctime, save, words};

impl Entry {
    /// The line of `conntrack -L`, or of /proc, for it.
    ///
    /// /proc knows no identifier, helper, labels, start and stop: they are left out there.
    #[must_use]
    pub const fn as_listed(&self, form: Form) -> Listed<'_> {
        Listed { entry: self, form }
    }
}

impl Event {
    /// The line of `conntrack -E` for it. /proc has no events: its form is the extended one then.
    #[must_use]
    pub const fn as_logged(&self, form: Form, times: Times) -> Logged<'_> {
        Logged { event: self, form, times }
    }
}

/// An entry to be printed, without the end of the line.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'e> {
    entry: &'e Entry,
    form: Form,
}

impl Display for Listed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.form {
            Form::Save => save::write(f, "-A", self.entry),
            form => write_entry(f, self.entry, form),
        }
    }
}

/// An event to be printed, without the end of the line.
#[derive(Debug, Clone, Copy)]
pub struct Logged<'e> {
    event: &'e Event,
    form: Form,
    times: Times,
}

impl Display for Logged<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Event { time, kind, entry, by } = self.event;
        if let (Some(time), Times::With) = (time, self.times) {
            write!(f, "[{time}]\t")?;
        }
        match self.form {
            Form::Save => save::write(f, kind.command(), entry)?,
            form => {
                write!(f, "{:>9} ", kind.tag())?;
                let form = if form == Form::Plain { form } else { Form::Extended };
                write_entry(f, entry, form)?;
            }
        }
        by.as_ref().map_or(Ok(()), |by| write!(f, " {by}"))
    }
}

impl Kind {
    /// The word in front of an event.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::New => "[NEW]",
            Self::Update => "[UPDATE]",
            Self::Destroy => "[DESTROY]",
        }
    }

    /// The option of `conntrack` that repeats it.
    pub(super) const fn command(self) -> &'static str {
        match self {
            Self::New => "-A",
            Self::Update => "-U",
            Self::Destroy => "-D",
        }
    }
}

/// As `-o timestamp` prints it, without the brackets.
impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}.{:06}", self.seconds, self.micros)
    }
}

impl Display for Userspace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "[USERSPACE] portid={}", self.portid)?;
        field(f, " progname=", self.progname.as_ref())
    }
}

fn write_entry(f: &mut Formatter<'_>, entry: &Entry, form: Form) -> fmt::Result {
    let tuple = &entry.original.tuple;
    if form != Form::Plain {
        f.write_str(if tuple.source.is_ipv4() { "ipv4     2 " } else { "ipv6     10 " })?;
    }
    let name = match form {
        Form::Proc => words::name_in_proc(tuple),
        _ => words::name(tuple.protocol),
    };
    write!(f, "{name:<8} {} ", tuple.protocol.0)?;
    if let Some(timeout) = entry.timeout {
        write!(f, "{timeout} ")?;
    }
    if let Some(state) = entry.state {
        write!(f, "{state} ")?;
    }
    if let (Some(gre), Form::Proc) = (entry.gre, form) {
        write!(f, "timeout={}, stream_timeout={} ", gre.unreplied, gre.stream)?;
    }
    write_side(f, &entry.original, " zone-orig=", form)?;
    if !entry.status.has(Status::SEEN_REPLY) {
        f.write_str(" [UNREPLIED]")?;
    }
    f.write_str(" ")?;
    write_side(f, &entry.reply, " zone-reply=", form)?;
    match entry.offload {
        Some(Offload::Hardware) => f.write_str(" [HW_OFFLOAD]")?,
        Some(Offload::Software) => f.write_str(" [OFFLOAD]")?,
        None if entry.status.has(Status::ASSURED) => f.write_str(" [ASSURED]")?,
        None => {}
    }
    write_rest(f, entry, form)
}

/// What stands behind the two directions.
fn write_rest(f: &mut Formatter<'_>, entry: &Entry, form: Form) -> fmt::Result {
    field(f, " mark=", entry.mark)?;
    field(f, " secmark=", entry.secmark)?;
    field(f, " secctx=", entry.secctx.as_ref())?;
    // /proc prints the zone of both directions also where it is the default one.
    let is_both = entry.original.zone.or(entry.reply.zone).is_none();
    let default = (form == Form::Proc && is_both).then_some(0);
    field(f, " zone=", entry.zone.or(default))?;
    field(f, " delta-time=", entry.delta_time)?;
    if form != Form::Proc {
        if let Some(start) = entry.start {
            write!(f, " [start={}]", ctime::Shown(start))?;
        }
        if let Some(stop) = entry.stop {
            write!(f, " [stop={}]", ctime::Shown(stop))?;
        }
        field(f, " helper=", entry.helper.as_ref())?;
    }
    field(f, " use=", entry.use_count)?;
    if form != Form::Proc {
        field(f, " id=", entry.id)?;
        field(f, " labels=", entry.labels.as_ref())?;
    }
    Ok(())
}

pub(super) fn field(f: &mut Formatter<'_>, name: &str, value: Option<impl Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, "{name}{value}"))
}

fn write_side(f: &mut Formatter<'_>, side: &Side, zone: &str, form: Form) -> fmt::Result {
    match form {
        Form::Proc => write!(f, "{}", InFull(&side.tuple))?,
        _ => write!(f, "{}", Tool(&side.tuple))?,
    }
    field(f, zone, side.zone)?;
    let Some(counters) = side.counters else { return Ok(()) };
    write!(f, " packets={} bytes={}", counters.packets, counters.bytes)
}

/// A tuple as conntrack-tools print it.
pub(super) struct Tool<'t>(pub(super) &'t Tuple);

impl Display for Tool<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let tuple = self.0;
        write!(f, "src={} dst={}", Address(tuple.source), Address(tuple.destination))?;
        write_ends(f, tuple)?;
        match (tuple.protocol, tuple.ends) {
            // The tools look for ports that kernels without a tracker for DCCP do not send.
            (words::DCCP, Ends::None) => f.write_str(" sport=0 dport=0"),
            _ => Ok(()),
        }
    }
}

/// An address as conntrack-tools print it, so as C's `inet_ntop` does with glibc: that of IPv6 ends as
/// one of IPv4 if 96 zero bits stand before it.
pub(super) struct Address(pub(super) IpAddr);

impl Display for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            // Where more bits are zero, they are all left out.
            IpAddr::V6(address) => match address.segments() {
                [0, 0, 0, 0, 0, 0, 1..=u16::MAX, _] => {
                    let [.., a, b, c, d] = address.octets();
                    write!(f, "::{a}.{b}.{c}.{d}")
                }
                _ => write!(f, "{address}"),
            },
            IpAddr::V4(address) => write!(f, "{address}"),
        }
    }
}

/// A tuple as /proc prints it: IPv6 addresses in full.
pub(super) struct InFull<'t>(pub(super) &'t Tuple);

impl Display for InFull<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let tuple = self.0;
        let (IpAddr::V6(source), IpAddr::V6(destination)) = (tuple.source, tuple.destination)
        else {
            return write!(f, "{tuple}");
        };
        f.write_str("src=")?;
        write_full(f, source)?;
        f.write_str(" dst=")?;
        write_full(f, destination)?;
        write_ends(f, tuple)
    }
}

/// Writes what stands behind the two addresses of a tuple.
pub(super) fn write_ends(f: &mut Formatter<'_>, tuple: &Tuple) -> fmt::Result {
    match tuple.ends {
        Ends::Ports { source, destination } => write!(f, " sport={source} dport={destination}"),
        Ends::Keys { source, destination } => {
            write!(f, " srckey={source:#x} dstkey={destination:#x}")
        }
        Ends::Query { kind, code, id } => write!(f, " type={kind} code={code} id={id}"),
        Ends::None => Ok(()),
    }
}

fn write_full(f: &mut Formatter<'_>, address: Ipv6Addr) -> fmt::Result {
    let [first, rest @ ..] = address.segments();
    write!(f, "{first:04x}")?;
    rest.iter().try_for_each(|segment| write!(f, ":{segment:04x}"))
}
