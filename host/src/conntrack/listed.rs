//! Reads an entry of `conntrack -L`, of `conntrack -E` behind its tag, or of /proc.

use keeptrack_core::{Protocol, Status};

use super::ctime;
use super::draft::{Draft, key, number, read, set};
use super::entry::{Entry, GreTimeouts, Offload, Userspace};
use super::fault::Fault;
use super::names::Text;
use super::tokens::{Tokens, Unknown};
use super::words;

/// The protocol with which an entry begins, and the rest of it; `None` for what is no entry.
pub(super) fn head<'l>(tokens: &Tokens<'l>) -> Option<(Protocol, Tokens<'l>)> {
    let mut tokens = tokens.clone();
    let mut name = tokens.next()?;
    if let "ipv4" | "ipv6" = name {
        let family = tokens.next()?;
        if (name, family) != ("ipv4", "2") && (name, family) != ("ipv6", "10") {
            return None;
        }
        name = tokens.next()?;
    }
    let protocol = Protocol(tokens.next()?.parse().ok()?);
    let is_so_named = name == "unknown" || name == words::name(protocol);
    is_so_named.then_some((protocol, tokens))
}

/// Reads what stands behind the protocol, in any order; and who asked for it.
pub(super) fn rest<'l>(
    protocol: Protocol,
    tokens: &mut Tokens<'l>,
    unknown: &mut Unknown<'l>,
) -> Result<(Entry, Option<Userspace>), Fault> {
    let mut reading = Reading { draft: Draft::new(protocol), gre: [None; 2], at: Place::Head };
    let mut by = None;
    while let Some(word) = tokens.next() {
        if word == "[USERSPACE]" {
            by = Some(userspace(tokens)?);
        } else if word.starts_with('[') {
            reading.flag(word)?;
        } else if let Some((name, value)) = word.split_once('=') {
            if is_known(name, protocol) {
                reading.field(name, value, word)?;
            } else if is_name(name) {
                unknown.note(word);
            } else {
                return Err(Fault::Unknown(word.into()));
            }
        } else {
            reading.bare(word)?;
        }
    }
    Ok((reading.finish()?, by))
}

/// Reads what stands behind `[USERSPACE]`.
pub(super) fn userspace(tokens: &mut Tokens<'_>) -> Result<Userspace, Fault> {
    let portid = tokens.next().ok_or(Fault::Missing("portid="))?;
    let value = portid.strip_prefix("portid=").ok_or_else(|| Fault::Unknown(portid.into()))?;
    let portid = number(value, portid)?;
    // A program may have any name.
    let name = tokens.rest().trim();
    let progname = match name.strip_prefix("progname=") {
        Some(progname) => Some(Text::Program.read(progname, name)?),
        None if name.is_empty() => None,
        None => return Err(Fault::Unknown(name.into())),
    };
    Ok(Userspace { portid, progname })
}

/// The names of all words `name=value`.
const NAMES: [&str; 23] = [
    "bytes",
    "code",
    "delta-time",
    "dport",
    "dst",
    "dstkey",
    "helper",
    "id",
    "labels",
    "mark",
    "packets",
    "secctx",
    "secmark",
    "sport",
    "src",
    "srckey",
    "stream_timeout",
    "timeout",
    "type",
    "use",
    "zone",
    "zone-orig",
    "zone-reply",
];
/// What Linux 2.4 says of GRE besides; it follows from the keys, and no later Linux says it.
const NAMES_OF_OLD_GRE: [&str; 2] = ["version", "protocol"];

fn is_known(name: &str, protocol: Protocol) -> bool {
    NAMES.contains(&name) || (protocol == Protocol::GRE && NAMES_OF_OLD_GRE.contains(&name))
}

/// Whether a later version might have a word of that name.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Which part of the entry the words are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Head,
    Original,
    Reply,
}

struct Reading {
    draft: Draft,
    gre: [Option<u32>; 2],
    at: Place,
}

impl Reading {
    /// A word in brackets.
    fn flag(&mut self, word: &str) -> Result<(), Fault> {
        let entry = &mut self.draft.entry;
        match word {
            "[UNREPLIED]" if entry.status.has(Status::SEEN_REPLY) => {
                entry.status = entry.status.without(Status::SEEN_REPLY);
                Ok(())
            }
            "[ASSURED]" if !entry.status.has(Status::ASSURED) => {
                entry.status |= Status::ASSURED;
                Ok(())
            }
            "[UNREPLIED]" | "[ASSURED]" => Err(Fault::Twice(word.into())),
            "[OFFLOAD]" => set(&mut entry.offload, Offload::Software, word),
            "[HW_OFFLOAD]" => set(&mut entry.offload, Offload::Hardware, word),
            _ => {
                let unknown = || Fault::Unknown(word.into());
                let inner = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
                let (name, value) = inner.and_then(|i| i.split_once('=')).ok_or_else(unknown)?;
                let slot = match name {
                    "start" => &mut entry.start,
                    "stop" => &mut entry.stop,
                    _ => return Err(unknown()),
                };
                set(slot, ctime::read(value).ok_or_else(|| Fault::Value(word.into()))?, word)
            }
        }
    }

    /// A word without a value.
    fn bare(&mut self, word: &str) -> Result<(), Fault> {
        let entry = &mut self.draft.entry;
        if self.at != Place::Head || entry.state.is_some() {
            return Err(Fault::Unknown(word.into()));
        }
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            return read(&mut entry.timeout, word, word);
        }
        let state = words::state(self.draft.protocol, word);
        set(&mut entry.state, state.ok_or_else(|| Fault::Unknown(word.into()))?, word)
    }

    fn field(&mut self, name: &str, value: &str, word: &str) -> Result<(), Fault> {
        let entry = &mut self.draft.entry;
        match name {
            "mark" => return read(&mut entry.mark, value, word),
            "secmark" => return read(&mut entry.secmark, value, word),
            "secctx" => return Text::Context.keep(&mut entry.secctx, value, word),
            "zone" => return read(&mut entry.zone, value, word),
            "delta-time" => return read(&mut entry.delta_time, value, word),
            "helper" => return Text::Helper.keep(&mut entry.helper, value, word),
            "use" => return read(&mut entry.use_count, value, word),
            "labels" => return Text::Labels.keep(&mut entry.labels, value, word),
            "version" | "protocol" => return key(value, word).map(drop),
            "zone-orig" => return read(&mut self.draft.original.zone, value, word),
            "zone-reply" => return read(&mut self.draft.reply.zone, value, word),
            "timeout" => return read(&mut self.gre[0], value.trim_end_matches(','), word),
            "stream_timeout" => return read(&mut self.gre[1], value, word),
            "src" => {
                self.at = match self.at {
                    Place::Head => Place::Original,
                    Place::Original => Place::Reply,
                    Place::Reply => return Err(Fault::Twice(word.into())),
                }
            }
            _ => {}
        }
        let way = match self.at {
            Place::Head => return Err(Fault::Unknown(word.into())),
            Place::Original => &mut self.draft.original,
            Place::Reply => &mut self.draft.reply,
        };
        if name == "id" && !way.asks() {
            return read(&mut entry.id, value, word);
        }
        way.take(name, value, word)
    }

    fn finish(mut self) -> Result<Entry, Fault> {
        self.draft.entry.gre = match self.gre {
            [None, None] => None,
            [Some(unreplied), Some(stream)] => Some(GreTimeouts { unreplied, stream }),
            [None, _] => return Err(Fault::Missing("timeout=")),
            [_, None] => return Err(Fault::Missing("stream_timeout=")),
        };
        self.draft.finish()
    }
}
