//! Sets of ipset, as `ipset save` prints them.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use keeptrack_core::raw::Family;
use keeptrack_core::{Ends, Packet, Protocol};

use super::names::PROTOCOLS;
use super::sets::Side;
use super::text::{self, Line};
use super::values;
use super::words::{self, Syntax, Word};
use crate::diagnostic::{Fault, Faults};
use crate::source::Source;

/// The sets of some files, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct IpSets(BTreeMap<String, Arc<IpSet>>);

/// A set of addresses, of ports, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IpSet {
    family: Family,
    parts: Parts,
    /// The longest prefix of an element: that of `netmask`, else all of an address.
    most_len: u8,
    /// The elements by the length of their prefix, the longest last: which of them are in it, and
    /// which `nomatch` keeps out.
    elements: BTreeMap<u8, HashMap<Element, Kept>>,
    /// The names of the sets of a list.
    names: Vec<String>,
    /// The sets of a list that is asked for.
    members: Vec<Arc<IpSet>>,
}

/// What an element consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parts {
    Address,
    Port,
    AddressAndPort,
    /// Other sets: what one of them holds.
    Sets,
}

/// The address under its prefix, and the protocol and port; of a set of ports alone, no protocol.
type Element = (Option<IpAddr>, Option<(Option<Protocol>, u16)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    In,
    Out,
}

/// The types that are read.
const TYPES: [(&str, Parts); 7] = [
    ("hash:ip", Parts::Address),
    ("hash:net", Parts::Address),
    ("bitmap:ip", Parts::Address),
    ("bitmap:port", Parts::Port),
    ("hash:ip,port", Parts::AddressAndPort),
    ("hash:net,port", Parts::AddressAndPort),
    ("list:set", Parts::Sets),
];

/// Whether a line is one of ipset, and not of a rule.
pub(super) fn is_of_ipset(line: &str) -> bool {
    let line = line.strip_prefix("ipset ").unwrap_or(line);
    let is_own = ["create ", "add "].into_iter().any(|begin| line.starts_with(begin));
    // RouterOS adds rules by that word.
    is_own && !line.contains('=')
}

impl IpSets {
    /// The set of that name, with those that it lists.
    pub(super) fn find(&self, name: &str) -> Option<Arc<IpSet>> {
        let set = self.0.get(name)?;
        if set.parts != Parts::Sets {
            return Some(Arc::clone(set));
        }
        let members = set.names.iter().filter_map(|name| self.0.get(name));
        // A list has no place in a list.
        let members = members.filter(|set| set.parts != Parts::Sets).cloned().collect();
        Some(Arc::new(IpSet { members, ..IpSet::clone(set) }))
    }

    /// Reads those of a file, whose other lines are rules.
    pub(super) fn read(&mut self, file: &Source, mut faults: Faults<'_>) {
        for line in text::lines(file) {
            let is_own = file.text().get(line.span.clone()).is_some_and(is_of_ipset);
            if is_own
                && let Err(fault) = self.line(file, &line)
                && !faults.take(fault)
            {
                return;
            }
        }
    }

    fn line(&mut self, file: &Source, line: &Line) -> Result<(), Fault> {
        let words = words::split(file.text(), line.span.clone(), Syntax::Save)?;
        let words = match words.split_first() {
            Some((first, rest)) if first.text == "ipset" => rest,
            _ => &words,
        };
        match words {
            [create, name, kind, options @ ..] if create.text == "create" => {
                let set = IpSet::new(kind, options)?;
                self.0.insert(name.text.clone(), Arc::new(set));
                Ok(())
            }
            [add, name, element, options @ ..] if add.text == "add" => {
                let set = self.0.get_mut(&name.text).ok_or_else(|| {
                    Fault::new(name.span.clone(), format!("no set is called `{}`", name.text))
                        .label("`create` comes first")
                })?;
                let is_out = options.iter().any(|option| option.text == "nomatch");
                let kept = if is_out { Kept::Out } else { Kept::In };
                Arc::make_mut(set).add(element, kept)
            }
            _ => Err(Fault::new(line.span.clone(), "not a line of `ipset save`")
                .label("`create NAME TYPE ...` or `add NAME ELEMENT`")),
        }
    }
}

impl IpSet {
    fn new(kind: &Word, options: &[Word]) -> Result<Self, Fault> {
        let known = TYPES.iter().find(|(name, _)| *name == kind.text);
        let &(_, parts) = known.ok_or_else(|| {
            Fault::new(kind.span.clone(), format!("sets of type `{}` are not read", kind.text))
                .label(format!("these are: {}", TYPES.map(|(name, _)| name).join(" ")))
        })?;
        let is_v6 = options.iter().any(|option| option.text == "inet6");
        let family = if is_v6 { Family::V6 } else { Family::V4 };
        if let Some(bitmask) = options.iter().find(|option| option.text == "bitmask") {
            return Err(Fault::new(bitmask.span.clone(), "sets with `bitmask` are not read")
                .label("`netmask` is"));
        }
        let most_len = netmask(options, if is_v6 { 128 } else { 32 })?;
        let (elements, names, members) = (BTreeMap::new(), Vec::new(), Vec::new());
        Ok(Self { family, parts, most_len, elements, names, members })
    }

    /// How many words `--match-set` needs behind the name, at most.
    pub(super) const fn part_count(&self) -> usize {
        match self.parts {
            // A member of a list that needs more words than there are holds nothing.
            Parts::Address | Parts::Port | Parts::Sets => 1,
            Parts::AddressAndPort => 2,
        }
    }

    fn add(&mut self, word: &Word, kept: Kept) -> Result<(), Fault> {
        let unread = |label: &str| {
            Fault::new(word.span.clone(), format!("bad element `{}`", word.text)).label(label)
        };
        let (address, port) = match self.parts {
            Parts::Sets => {
                self.names.push(word.text.clone());
                return Ok(());
            }
            Parts::Address => (Some(word.text.as_str()), None),
            Parts::Port => (None, Some(word.text.as_str())),
            Parts::AddressAndPort => {
                let (address, port) = word
                    .text
                    .split_once(',')
                    .ok_or_else(|| unread("an address and a port, with a comma between"))?;
                (Some(address), Some(port))
            }
        };
        let service = port.map(|port| service(port, self.parts)).transpose();
        let service = service.map_err(unread)?;
        let Some(address) = address else {
            self.elements.entry(0).or_default().insert((None, service), kept);
            return Ok(());
        };
        let (address, len) = address.split_once('/').unzip();
        let text = address.unwrap_or(word.text.split(',').next().unwrap_or_default());
        let full_len = if self.family == Family::V4 { 32 } else { 128 };
        let len = len.map_or(Ok(full_len), str::parse::<u8>);
        match (text.parse::<IpAddr>(), len) {
            (Ok(address), Ok(len))
                if len <= full_len && address.is_ipv4() == (self.family == Family::V4) =>
            {
                let len = len.min(self.most_len);
                let address = values::under_prefix(address, len);
                self.elements.entry(len).or_default().insert((Some(address), service), kept);
                Ok(())
            }
            _ => Err(unread("an address of the set's family, perhaps with `/` and a length")),
        }
    }

    /// Whether what stands at those sides of a packet is in it. The longest prefix decides.
    pub(super) fn holds(&self, sides: &[Side], packet: &Packet<'_>) -> bool {
        let [first, rest @ ..] = sides else { return false };
        if self.parts == Parts::Sets {
            return self.members.iter().any(|set| set.holds(sides, packet));
        }
        let is_own = packet.tuple.source.is_ipv4() == (self.family == Family::V4);
        let service = match self.parts {
            Parts::Address | Parts::Sets => None,
            // Of other protocols the kernel does not look up a port in such a set.
            Parts::Port if ![Protocol::TCP, Protocol::UDP].contains(&packet.tuple.protocol) => {
                return false;
            }
            Parts::Port => match port(packet, *first) {
                None => return false,
                Some(port) => Some((None, port)),
            },
            Parts::AddressAndPort => {
                let [second, ..] = rest else { return false };
                let port = port(packet, *second).unwrap_or(0);
                Some((Some(packet.tuple.protocol), port))
            }
        };
        let address = (self.parts != Parts::Port).then(|| first.address(packet));
        if address.is_some() && !is_own {
            return false;
        }
        let found = self.elements.iter().rev().find_map(|(&len, elements)| {
            let address = address.map(|address| values::under_prefix(address, len));
            elements.get(&(address, service))
        });
        found == Some(&Kept::In)
    }
}

/// The length of the prefix that stands for each element: `netmask 24`; without it, the full one.
fn netmask(options: &[Word], full_len: u8) -> Result<u8, Fault> {
    let Some(at) = options.iter().position(|option| option.text == "netmask") else {
        return Ok(full_len);
    };
    let len = options.get(at + 1).and_then(|word| word.text.parse().ok());
    len.filter(|len| (1..=full_len).contains(len)).ok_or_else(|| {
        let place = options.get(at + 1).or(options.get(at)).map_or(0..0, |word| word.span.clone());
        Fault::new(place, "bad `netmask`").label(format!("the length of a prefix, 1-{full_len}"))
    })
}

fn port(packet: &Packet<'_>, side: Side) -> Option<u16> {
    match (packet.tuple.ends, side) {
        (Ends::Ports { source, .. }, Side::Source) => Some(source),
        (Ends::Ports { destination, .. }, Side::Destination) => Some(destination),
        _ => None,
    }
}

/// `53`, `udp:53`; without a protocol, TCP's.
fn service(text: &str, parts: Parts) -> Result<(Option<Protocol>, u16), &'static str> {
    let (protocol, port) = text.split_once(':').unzip();
    let name = protocol.unwrap_or("tcp");
    let known = PROTOCOLS.iter().find(|(known, _)| *known == name);
    let protocol = known.map(|(_, number)| *number).or_else(|| name.parse().ok());
    let protocol = protocol.map(Protocol).ok_or("not a protocol")?;
    if [Protocol::ICMP, Protocol::ICMPV6].contains(&protocol) {
        return Err("kinds of ICMP in a set are not supported by this version");
    }
    let port = port.unwrap_or(text).parse().map_err(|_| "a port in numbers, 0-65535")?;
    Ok((Some(protocol).filter(|_| parts == Parts::AddressAndPort), port))
}
