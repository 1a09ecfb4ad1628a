//! An entry while it is read: what was told of it until now, in whatever form and order.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use keeptrack_core::{Counters, Ends, Protocol, Status, Tuple};

use super::entry::{Entry, Side};
use super::fault::Fault;
use super::words;

/// An entry of which the two directions are not complete.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) entry: Entry,
    pub(super) protocol: Protocol,
    pub(super) original: Way,
    pub(super) reply: Way,
}

impl Draft {
    /// Nothing is known but the protocol. Answers are taken to have come.
    pub(super) const fn new(protocol: Protocol) -> Self {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let nothing = Tuple { source: nobody, destination: nobody, protocol, ends: Ends::None };
        let mut entry = Entry::new(nothing, nothing);
        entry.status = Status::SEEN_REPLY;
        Self { entry, protocol, original: Way::NEW, reply: Way::NEW }
    }

    pub(super) fn finish(mut self) -> Result<Entry, Fault> {
        self.entry.original = self.original.finish(self.protocol)?;
        self.entry.reply = self.reply.finish(self.protocol)?;
        if self.entry.original.tuple.source.is_ipv4() != self.entry.reply.tuple.source.is_ipv4() {
            return Err(Fault::Value(format!("src={}", self.entry.reply.tuple.source).into()));
        }
        Ok(self.entry)
    }
}

/// One direction of a draft.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) source: Option<IpAddr>,
    pub(super) destination: Option<IpAddr>,
    pub(super) ports: [Option<u16>; 2],
    pub(super) keys: [Option<u16>; 2],
    pub(super) kind: Option<u8>,
    pub(super) code: Option<u8>,
    pub(super) id: Option<u16>,
    pub(super) packets: Option<u64>,
    pub(super) bytes: Option<u64>,
    pub(super) zone: Option<u16>,
}

impl Way {
    pub(super) const NEW: Self = Self {
        source: None,
        destination: None,
        ports: [None; 2],
        keys: [None; 2],
        kind: None,
        code: None,
        id: None,
        packets: None,
        bytes: None,
        zone: None,
    };

    /// Takes what `name` stands for in the text forms and in XML; `word` is both as written.
    pub(super) fn take(&mut self, name: &str, value: &str, word: &str) -> Result<(), Fault> {
        match name {
            "src" => read(&mut self.source, value, word),
            "dst" => read(&mut self.destination, value, word),
            "sport" => read(&mut self.ports[0], value, word),
            "dport" => read(&mut self.ports[1], value, word),
            "srckey" => set(&mut self.keys[0], key(value, word)?, word),
            "dstkey" => set(&mut self.keys[1], key(value, word)?, word),
            "type" => read(&mut self.kind, value, word),
            "code" => read(&mut self.code, value, word),
            "id" => read(&mut self.id, value, word),
            "packets" => read(&mut self.packets, value, word),
            "bytes" => read(&mut self.bytes, value, word),
            _ => Err(Fault::Unknown(word.into())),
        }
    }

    /// Whether the identifier of a query may come next.
    pub(super) const fn asks(&self) -> bool {
        self.code.is_some() && self.id.is_none()
    }

    /// Fills in what was not told of the way back.
    pub(super) fn or(&mut self, tuple: &Tuple) {
        self.source = self.source.or(Some(tuple.source));
        self.destination = self.destination.or(Some(tuple.destination));
        let fill = |told: &mut [Option<u16>; 2], [source, destination]: [u16; 2]| {
            *told = [told[0].or(Some(source)), told[1].or(Some(destination))];
        };
        match tuple.ends {
            Ends::Ports { source, destination } => fill(&mut self.ports, [source, destination]),
            Ends::Keys { source, destination } => fill(&mut self.keys, [source, destination]),
            Ends::Query { kind, code, id } => {
                self.kind = self.kind.or(Some(kind));
                self.code = self.code.or(Some(code));
                self.id = self.id.or(Some(id));
            }
            Ends::None => {}
        }
    }

    pub(super) fn tuple(&self, protocol: Protocol) -> Result<Tuple, Fault> {
        let source = self.source.ok_or(Fault::Missing("src="))?;
        let destination = self.destination.ok_or(Fault::Missing("dst="))?;
        if source.is_ipv4() != destination.is_ipv4() {
            return Err(Fault::Value(format!("dst={destination}").into()));
        }
        Ok(Tuple { source, destination, protocol, ends: self.ends(protocol)? })
    }

    fn ends(&self, protocol: Protocol) -> Result<Ends, Fault> {
        match (self.ports, self.keys, (self.kind, self.code, self.id)) {
            // What the tools print of DCCP where the kernel does not track it.
            ([Some(0), Some(0)], [None, None], (None, None, None)) if protocol == words::DCCP => {
                Ok(Ends::None)
            }
            ([Some(source), Some(destination)], [None, None], (None, None, None)) => {
                Ok(Ends::Ports { source, destination })
            }
            ([None, None], [Some(source), Some(destination)], (None, None, None)) => {
                Ok(Ends::Keys { source, destination })
            }
            ([None, None], [None, None], (Some(kind), Some(code), Some(id))) => {
                Ok(Ends::Query { kind, code, id })
            }
            ([None, None], [None, None], (None, None, None)) if !words::has_ports(protocol) => {
                Ok(Ends::None)
            }
            ([None, _], _, (None, None, None)) => Err(Fault::Missing("sport=")),
            ([_, None], _, (None, None, None)) => Err(Fault::Missing("dport=")),
            _ => Err(Fault::Missing("type= code= id=")),
        }
    }

    fn finish(&self, protocol: Protocol) -> Result<Side, Fault> {
        let tuple = self.tuple(protocol)?;
        let counters = match (self.packets, self.bytes) {
            (None, None) => None,
            (Some(packets), Some(bytes)) => Some(Counters { packets, bytes }),
            (None, _) => return Err(Fault::Missing("packets=")),
            (_, None) => return Err(Fault::Missing("bytes=")),
        };
        Ok(Side { tuple, counters, zone: self.zone })
    }
}

/// Keeps `value`, which is to be the first of its kind.
pub(super) fn set<T>(slot: &mut Option<T>, value: T, word: &str) -> Result<(), Fault> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Fault::Twice(word.into())),
    }
}

/// Keeps the number or address that `text` is.
pub(super) fn read<T: FromStr>(slot: &mut Option<T>, text: &str, word: &str) -> Result<(), Fault> {
    set(slot, number(text, word)?, word)
}

/// The number or address that `text` is, which is or is part of `word`.
pub(super) fn number<T: FromStr>(text: &str, word: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::Value(word.into()))
}

/// A key of GRE: hexadecimal with `0x`, else decimal (the save form).
pub(super) fn key(text: &str, word: &str) -> Result<u16, Fault> {
    match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16).map_err(|_| Fault::Value(word.into())),
        None => number(text, word),
    }
}
