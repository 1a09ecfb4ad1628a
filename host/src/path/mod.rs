//! Where a packet was seen, from what the capture knows and what was typed beside it.
//!
//! Nothing is guessed: what neither the capture nor the user says stays unknown, and a rule that
//! needs it can be refused.

mod naming;
mod tap;

use std::fmt;
use std::net::IpAddr;

use keeptrack_core::{IfName, LinkType, Packet, Path, Seen};

use crate::capture::Record;

pub use self::naming::Naming;
pub(crate) use self::tap::{Cooked, Tap, Way};

/// What Linux calls its loopback interface, and BSDs theirs.
const LOOPBACK_NAMES: [&[u8]; 2] = [b"lo", b"lo0"];
/// The name that libpcap gives to the capture of all interfaces, which is none of them.
const ALL_INTERFACES: &str = "any";
/// The most interfaces that are listed where nothing was captured at the one that was asked for.
const MAX_LISTED: usize = 16;

/// Whether `name` is that of a loopback interface.
pub(crate) fn is_loopback_name(name: &str) -> bool {
    LOOPBACK_NAMES.contains(&name.as_bytes())
}

/// What is known of where a packet was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// The hooks that it crosses; `None`: the capture has no direction and no `--local` was typed.
    pub(crate) path: Option<Path>,
    /// The interface at which it was captured; `None`: nobody named it.
    pub(crate) interface: Option<IfName>,
}

impl Sighting {
    /// As tracking is told of it. A packet of unknown path counts as arrived: that is right for a
    /// gateway, and where no rule asks it makes no difference.
    pub(crate) fn seen(&self) -> Seen<'_> {
        let name = self.interface.as_ref();
        let path = self.path.unwrap_or(Path::Arrives);
        match path {
            Path::Arrives => Seen { path, input: name, output: None },
            Path::Local => Seen { path, input: None, output: name },
            Path::Loops => Seen { path, input: name, output: name },
        }
    }
}

/// Tells where packets were seen.
pub(crate) struct Places {
    naming: Naming,
    local: Vec<IpAddr>,
    /// What [`Naming::One`] turned out to be the name of.
    one: Option<Tap>,
    /// Whether anything was captured at an interface that is looked at.
    has_looked: bool,
    /// Other interfaces at which something was captured, each once.
    others: Vec<(Tap, Option<String>)>,
}

/// Why what `--iface` names cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misplaced {
    /// It is one name, and several interfaces have none.
    Several {
        /// The capture.
        capture: String,
        /// What was typed.
        iface: String,
    },
    /// Nothing was captured there.
    Nothing {
        /// The capture.
        capture: String,
        /// What was typed.
        iface: String,
        /// The interfaces at which something was captured, as they can be typed.
        others: Vec<String>,
    },
}

impl Places {
    /// With the names and the addresses of the capturing host that were typed.
    pub(crate) fn new(naming: Naming, local: Vec<IpAddr>) -> Self {
        Self { naming, local, one: None, has_looked: false, others: Vec::new() }
    }

    /// Whether `record`, of the file `capture`, was captured where one is to look.
    pub(crate) fn look_at(
        &mut self,
        record: &Record<'_>,
        capture: &str,
    ) -> Result<bool, Misplaced> {
        let looks = match &self.naming {
            Naming::Capture => true,
            Naming::One(name) => {
                let cooked = Cooked::of(record);
                match own_name(record, cooked) {
                    Some(own) => own == *name,
                    None => {
                        let tap = Tap::of(record, cooked);
                        if *self.one.get_or_insert(tap) != tap {
                            let (capture, iface) = (capture.to_owned(), self.naming.to_string());
                            return Err(Misplaced::Several { capture, iface });
                        }
                        true
                    }
                }
            }
            Naming::Numbered(known) => {
                let number = Tap::of(record, Cooked::of(record)).number();
                known.iter().any(|(known, _)| Some(*known) == number)
            }
        };
        self.has_looked |= looks;
        if !looks {
            self.list(record);
        }
        Ok(looks)
    }

    /// What is wrong when all of `capture` has been read, and nothing of it was looked at.
    pub(crate) fn nothing_seen(&self, capture: &str) -> Option<Misplaced> {
        if self.has_looked || self.others.is_empty() {
            return None;
        }
        let mut others: Vec<_> = self.others.iter().collect();
        others.sort_by_key(|(tap, _)| tap.number());
        let others = others.into_iter().filter_map(|(tap, name)| {
            let number = tap.number().map(|number| number.to_string());
            match (number, name) {
                (Some(number), Some(name)) => Some(format!("{number} ({name})")),
                (number, name) => number.or_else(|| name.clone()),
            }
        });
        let (capture, iface) = (capture.to_owned(), self.naming.to_string());
        Some(Misplaced::Nothing { capture, iface, others: others.collect() })
    }

    fn list(&mut self, record: &Record<'_>) {
        let cooked = Cooked::of(record);
        let tap = Tap::of(record, cooked);
        let is_listed = self.others.iter().any(|(other, _)| *other == tap);
        if !is_listed && self.others.len() < MAX_LISTED {
            let name = own_name(record, cooked);
            self.others.push((tap, name.map(|name| name.as_bytes().escape_ascii().to_string())));
        }
    }

    /// Where `packet`, which was read from `record`, was seen.
    pub(crate) fn sight(&self, record: &Record<'_>, packet: &Packet<'_>) -> Sighting {
        let cooked = Cooked::of(record);
        let tap = Tap::of(record, cooked);
        if cooked.is_some_and(|cooked| cooked.is_loopback) {
            return loops(self.numbered(tap));
        }
        let interface = self.name(record, tap, cooked);
        let is_loopback = match interface {
            Some(name) => LOOPBACK_NAMES.contains(&name.as_bytes()),
            None => cooked.is_none() && self.looks_like_loopback(record, packet),
        };
        if is_loopback {
            return loops(interface);
        }
        let path = match cooked {
            Some(Cooked { way: Way::In, .. }) => Some(Path::Arrives),
            Some(Cooked { way: Way::Out, .. }) => Some(Path::Local),
            None if self.local.is_empty() => None,
            None if self.local.contains(&packet.tuple.source) => Some(Path::Local),
            None => Some(Path::Arrives),
        };
        Sighting { path, interface }
    }

    fn name(&self, record: &Record<'_>, tap: Tap, cooked: Option<Cooked>) -> Option<IfName> {
        let named = self.numbered(tap).or_else(|| own_name(record, cooked));
        match self.naming {
            // One name for several interfaces would be wrong for all but one of them.
            Naming::One(name) if named.is_none() => (self.one == Some(tap)).then_some(name),
            _ => named,
        }
    }

    fn numbered(&self, tap: Tap) -> Option<IfName> {
        let Naming::Numbered(names) = &self.naming else { return None };
        let number = tap.number()?;
        names.iter().find(|(known, _)| *known == number).and_then(|&(_, name)| name)
    }

    /// Whether a packet at an interface without a name can only have been seen on the loopback one:
    /// Linux gives its frames Ethernet addresses of zeros, BSDs give them a link type.
    fn looks_like_loopback(&self, record: &Record<'_>, packet: &Packet<'_>) -> bool {
        let (source, destination) = (packet.tuple.source, packet.tuple.destination);
        if self.local.contains(&source) && self.local.contains(&destination) {
            return true;
        }
        match LinkType::from_dlt(record.link) {
            Some(LinkType::Null | LinkType::Loop) => true,
            Some(LinkType::Ethernet) => {
                record.data.starts_with(&[0; 12])
                    && (source.is_loopback() || destination.is_loopback() || source == destination)
            }
            _ => false,
        }
    }
}

/// The name that the capture has for the interface of a record.
fn own_name(record: &Record<'_>, cooked: Option<Cooked>) -> Option<IfName> {
    if cooked.is_some_and(|cooked| cooked.is_loopback) {
        return IfName::new(LOOPBACK_NAMES[0]);
    }
    let name = record.interface.name.as_deref()?;
    let is_one = cooked.is_none() || name != ALL_INTERFACES;
    IfName::new(name.as_bytes()).filter(|_| is_one)
}

/// Seen on the loopback interface, which without a name is called as Linux does: so do rules.
fn loops(name: Option<IfName>) -> Sighting {
    let interface = name.or_else(|| IfName::new(LOOPBACK_NAMES[0]));
    Sighting { path: Some(Path::Loops), interface }
}

impl Misplaced {
    /// What to do.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Several { iface, .. } => {
                format!("say which, by index: `--iface 2={iface}`; without `--iface` all are seen")
            }
            Self::Nothing { others, .. } if others.is_empty() => {
                "its interfaces cannot be told apart: leave `--iface` out".to_owned()
            }
            Self::Nothing { others, .. } => format!("it has the interfaces {}", others.join(", ")),
        }
    }
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Several { capture, iface } => {
                write!(f, "{capture} has several interfaces without a name: which is `{iface}`?")
            }
            Self::Nothing { capture, iface, .. } => {
                write!(f, "nothing in {capture} was captured at `--iface {iface}`")
            }
        }
    }
}

#[cfg(test)]
mod tests;
