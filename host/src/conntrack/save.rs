//! The form of `-o save`, printed and read: the options with which `conntrack -A` makes an entry.
//!
//! It has no mark, counters, identifiers, names or ages.

use std::fmt::{self, Display, Formatter};

use keeptrack_core::{Ends, Protocol, Status};

use super::draft::{Draft, number, read as keep, set};
use super::entry::{Entry, Kind, Offload, Userspace};
use super::fault::Fault;
use super::print::Address;
use super::tokens::Tokens;
use super::{listed, words};

/// The option for each port: of the original direction, then of the reply.
const PORTS: [&str; 4] = ["--sport", "--dport", "--reply-port-src", "--reply-port-dst"];
/// The option for each key of GRE.
const KEYS: [&str; 4] = ["--srckey", "--dstkey", "--reply-key-src", "--reply-key-dst"];
/// What is seen of a connection.
const STATUSES: [(&str, Status); 3] = [
    ("EXPECTED", Status::EXPECTED),
    ("SEEN_REPLY", Status::SEEN_REPLY),
    ("ASSURED", Status::ASSURED),
];
const FIXED_TIMEOUT: &str = "FIXED_TIMEOUT";
/// Nothing of that.
const UNSET: &str = "UNSET";
/// What an end of DCCP is.
const ROLES: [&str; 2] = ["client", "server"];
/// The option for each verification tag of SCTP.
const VTAGS: [&str; 2] = ["--orig-vtag", "--reply-vtag"];

/// What happens to the entry behind the options of `conntrack`, if that is what the line has.
pub(super) fn command(tokens: &Tokens<'_>) -> Option<Kind> {
    let mut tokens = tokens.clone();
    let kind = match tokens.next()? {
        "-A" | "-I" => Kind::New,
        "-U" => Kind::Update,
        "-D" => Kind::Destroy,
        _ => return None,
    };
    // The name of a chain of iptables does not begin so.
    tokens.next()?.starts_with('-').then_some(kind)
}

/// Reads a line that begins with a command; and who asked for it. What is not told of the reply is
/// taken from the original direction.
pub(super) fn read(tokens: &mut Tokens<'_>) -> Result<(Entry, Option<Userspace>), Fault> {
    let mut saved = Saved { draft: Draft::new(Protocol(0)), state: None, vtags: [None; 2] };
    saved.draft.entry.status = Status::NONE;
    let mut protocol = None;
    let mut by = None;
    tokens.next();
    while let Some(option) = tokens.next() {
        if option == "[USERSPACE]" {
            by = Some(listed::userspace(tokens)?);
            break;
        }
        let value = tokens.next().ok_or_else(|| Fault::Value(option.into()))?;
        match option {
            "-p" => {
                let known =
                    words::named(value).map_or_else(|| number(value, value).map(Protocol), Ok);
                set(&mut protocol, known?, value)?;
            }
            _ => saved.option(option, value)?,
        }
    }
    saved.draft.protocol = protocol.ok_or(Fault::Missing("-p"))?;
    Ok((saved.finish()?, by))
}

struct Saved<'l> {
    draft: Draft,
    state: Option<&'l str>,
    vtags: [Option<u32>; 2],
}

impl<'l> Saved<'l> {
    fn option(&mut self, option: &str, value: &'l str) -> Result<(), Fault> {
        let Draft { entry, original, reply, .. } = &mut self.draft;
        match option {
            "-t" => keep(&mut entry.timeout, value, value),
            "-u" => status(entry, value),
            "-c" => keep(&mut entry.secmark, value, value),
            "-w" => keep(&mut entry.zone, value, value),
            "--orig-zone" => keep(&mut original.zone, value, value),
            "--reply-zone" => keep(&mut reply.zone, value, value),
            "-s" => keep(&mut original.source, value, value),
            "-d" => keep(&mut original.destination, value, value),
            "-r" | "-g" => keep(&mut reply.source, value, value),
            "-q" | "-n" => keep(&mut reply.destination, value, value),
            "--sport" | "--dport" | "--srckey" | "--dstkey" => {
                original.take(option.trim_start_matches('-'), value, value)
            }
            "--reply-port-src" => reply.take("sport", value, value),
            "--reply-port-dst" => reply.take("dport", value, value),
            "--reply-key-src" => reply.take("srckey", value, value),
            "--reply-key-dst" => reply.take("dstkey", value, value),
            "--icmp-type" | "--icmpv6-type" => original.take("type", value, value),
            "--icmp-code" | "--icmpv6-code" => original.take("code", value, value),
            "--icmp-id" | "--icmpv6-id" => original.take("id", value, value),
            "--state" => set(&mut self.state, value, value),
            "--orig-vtag" => keep(&mut self.vtags[0], value, value),
            "--reply-vtag" => keep(&mut self.vtags[1], value, value),
            "--role" => {
                let role = ROLES.into_iter().find(|role| *role == value);
                set(&mut entry.role, role.ok_or_else(|| Fault::Value(value.into()))?, value)
            }
            _ => Err(Fault::Unknown(option.into())),
        }
    }

    fn finish(self) -> Result<Entry, Fault> {
        let Self { mut draft, state, vtags } = self;
        draft.entry.state = match state {
            Some(state) => {
                let known = words::state(draft.protocol, state);
                Some(known.ok_or_else(|| Fault::Value(state.into()))?)
            }
            None => None,
        };
        draft.entry.vtags = match vtags {
            [None, None] => None,
            [Some(original), Some(reply)] => Some([original, reply]),
            [None, _] => return Err(Fault::Missing("--orig-vtag")),
            [_, None] => return Err(Fault::Missing("--reply-vtag")),
        };
        let original = draft.original.tuple(draft.protocol)?;
        draft.reply.or(&original.invert());
        draft.finish()
    }
}

fn status(entry: &mut Entry, value: &str) -> Result<(), Fault> {
    for word in value.split(',') {
        match word {
            UNSET => {}
            FIXED_TIMEOUT => entry.fixed_timeout = true,
            "OFFLOAD" => entry.offload = Some(Offload::Software),
            "HW_OFFLOAD" => entry.offload = Some(Offload::Hardware),
            _ => {
                let known = STATUSES.iter().find(|(name, _)| *name == word);
                entry.status |= known.ok_or_else(|| Fault::Value(value.into()))?.1;
            }
        }
    }
    Ok(())
}

/// Writes `entry` behind `command`, such as `-A`.
pub(super) fn write(f: &mut Formatter<'_>, command: &str, entry: &Entry) -> fmt::Result {
    let (original, reply) = (&entry.original.tuple, &entry.reply.tuple);
    f.write_str(command)?;
    write_option(f, "-t", entry.timeout)?;
    write_status(f, entry)?;
    write_option(f, "-c", entry.secmark)?;
    write_option(f, "-w", entry.zone)?;
    write_option(f, "--orig-zone", entry.original.zone)?;
    write_option(f, "--reply-zone", entry.reply.zone)?;
    // The same address under another option where NAT put it there.
    let source = if reply.source == original.destination { "-r" } else { "-g" };
    let destination = if reply.destination == original.source { "-q" } else { "-n" };
    write!(f, " -s {} -d {}", Address(original.source), Address(original.destination))?;
    let (from, to) = (Address(reply.source), Address(reply.destination));
    write!(f, " {source} {from} {destination} {to}")?;
    write_protocol(f, entry)
}

fn write_status(f: &mut Formatter<'_>, entry: &Entry) -> fmt::Result {
    let fixed = entry.fixed_timeout.then_some(FIXED_TIMEOUT);
    let set = STATUSES.iter().filter(|(_, status)| entry.status.has(*status)).map(|named| named.0);
    let mut before = " -u ";
    for word in set.chain(fixed) {
        write!(f, "{before}{word}")?;
        before = ",";
    }
    if before == "," { Ok(()) } else { write!(f, "{before}{UNSET}") }
}

fn write_protocol(f: &mut Formatter<'_>, entry: &Entry) -> fmt::Result {
    let protocol = entry.protocol();
    match words::name(protocol) {
        "unknown" => write!(f, " -p {}", protocol.0)?,
        name => write!(f, " -p {name}")?,
    }
    match (entry.original.tuple.ends, entry.reply.tuple.ends) {
        (Ends::Query { kind, code, id }, _) => {
            let name = words::name(protocol);
            write!(f, " --{name}-type {kind} --{name}-code {code} --{name}-id {id}")?;
        }
        (Ends::Ports { source, destination }, Ends::Ports { source: from, destination: to }) => {
            write_each(f, PORTS, [source, destination, from, to])?;
        }
        (Ends::Keys { source, destination }, Ends::Keys { source: from, destination: to }) => {
            write_each(f, KEYS, [source, destination, from, to])?;
        }
        _ => {}
    }
    write_option(f, "--state", entry.state)?;
    write_option(f, "--role", entry.role)?;
    let Some(vtags) = entry.vtags else { return Ok(()) };
    write_each(f, VTAGS, vtags)
}

fn write_each<const N: usize, T: Display>(
    f: &mut Formatter<'_>,
    options: [&str; N],
    values: [T; N],
) -> fmt::Result {
    options.iter().zip(values).try_for_each(|(option, value)| write_option(f, option, Some(value)))
}

fn write_option(f: &mut Formatter<'_>, option: &str, value: Option<impl Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {option} {value}"))
}
