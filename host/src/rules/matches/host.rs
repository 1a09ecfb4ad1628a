//! The options that only rules of a host's raw table have: TCP flags, kinds of address and packet,
//! marks, sets, ranges, lengths.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use keeptrack_core::Protocol;
use keeptrack_core::raw::{Bits, Family, PacketKind, Target, Test};

use super::{Given, Parser, Purpose, needs, unsupported};
use crate::diagnostic::Fault;
use crate::rules::names::Opt;
use crate::rules::sets::{AddressKind, Lookup, Side, unknown_host};
use crate::rules::values::{of_any_base, parts};
use crate::rules::words::Word;

/// The TCP flags of iptables, each the next bit of the header's octet.
const TCP_FLAGS: [&str; 6] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

/// Those of `--syn`: SYN alone of FIN, SYN, RST and ACK.
const SYN: Bits = Bits { mask: 0x17, value: 0x02 };

impl<'w> Parser<'w> {
    pub(super) fn host_option(&mut self, given: Given<'w>, opt: Opt) -> Result<(), Fault> {
        if self.standing.purpose != Purpose::Raw {
            return Err(unsupported(given.word.span.clone(), &format!("`{}`", given.word.text)));
        }
        if let Some(module) = module_of(opt)
            && !self.has_module(module)
        {
            return Err(needs(given, &format!("-m {module}")));
        }
        match opt {
            Opt::Syn | Opt::TcpFlags => self.tcp_flags(given, opt),
            Opt::SourceType => self.address_kinds(given, Side::Source),
            Opt::DestinationType => self.address_kinds(given, Side::Destination),
            Opt::SourceRange => self.range(given, Side::Source),
            Opt::DestinationRange => self.range(given, Side::Destination),
            Opt::MatchSet => self.match_set(given),
            Opt::Length => self.length(given),
            Opt::PacketKind => self.packet_kind(given),
            _ => {
                let (value, mask) = marked(self.value(given)?)?;
                given.set(&mut self.matches.mark, given.test(Bits { mask, value }))
            }
        }
    }

    fn tcp_flags(&mut self, given: Given<'w>, opt: Opt) -> Result<(), Fault> {
        if self.matches.protocol != Test::Is(Protocol::TCP) && !self.has_module("tcp") {
            return Err(needs(given, "-p tcp"));
        }
        let bits = match opt {
            Opt::Syn => SYN,
            _ => {
                let mask = tcp_flags(self.value(given)?)?;
                Bits { mask, value: tcp_flags(self.value(given)?)? }
            }
        };
        given.set(&mut self.matches.tcp_flags, given.test(bits))
    }

    fn address_kinds(&mut self, given: Given<'w>, side: Side) -> Result<(), Fault> {
        let value = self.value(given)?;
        let mut kinds = Vec::new();
        for (at, name) in parts(&value.text, ',') {
            let kind = AddressKind::named(name).ok_or_else(|| {
                let place = value.part(at..at + name.len());
                unsupported(place, &format!("the type of address `{name}`"))
            })?;
            kinds.push(kind);
        }
        let local: Arc<[IpAddr]> = self.standing.known.local.as_slice().into();
        if local.is_empty() && kinds.iter().any(|kind| kind.is_of_host()) {
            return Err(unknown_host(value.span.clone()));
        }
        self.ask(given, Lookup::Kinds { side, kinds, local })
    }

    fn range(&mut self, given: Given<'w>, side: Side) -> Result<(), Fault> {
        let value = self.value(given)?;
        let (first, last) = value.text.split_once('-').unwrap_or((&value.text, &value.text));
        let is_v4 = self.standing.family == Family::V4;
        let parsed = |text: &str| text.parse().ok().filter(|ip: &IpAddr| ip.is_ipv4() == is_v4);
        match (parsed(first), parsed(last)) {
            (Some(first), Some(last)) if first <= last => {
                self.ask(given, Lookup::Range { side, first, last })
            }
            _ => Err(Fault::new(value.span.clone(), format!("bad range `{}`", value.text))
                .label("two addresses of the rule's family with `-` between, the smaller first")),
        }
    }

    fn match_set(&mut self, given: Given<'w>) -> Result<(), Fault> {
        let name = self.value(given)?;
        let sides = self.value(given)?;
        let set = self.standing.known.ipsets.find(&name.text).ok_or_else(|| {
            Fault::new(name.span.clone(), format!("what the set `{}` has is not known", name.text))
                .label("no file has such a set")
                .help("give the output of `ipset save` with `-r`, too")
        })?;
        let named: Option<Vec<Side>> = sides.text.split(',').map(side).collect();
        let named = named.filter(|named| named.len() >= set.part_count());
        let named = named.ok_or_else(|| {
            Fault::new(sides.span.clone(), format!("bad directions `{}`", sides.text))
                .label(format!("`src` or `dst`, for each of the set's {}", set.part_count()))
        })?;
        self.ask(given, Lookup::Set { sides: named, set })
    }

    fn length(&mut self, given: Given<'w>) -> Result<(), Fault> {
        let value = self.value(given)?;
        let (least, most) = value.text.split_once(':').unwrap_or((&value.text, &value.text));
        let number = |text: &str, absent: u16| match text {
            "" => Some(absent),
            text => of_any_base(text),
        };
        match (number(least, 0), number(most, u16::MAX)) {
            (Some(least), Some(most)) if least <= most && !value.text.is_empty() => {
                given.set(&mut self.matches.len, given.test((least, most)))
            }
            _ => Err(Fault::new(value.span.clone(), format!("bad length `{}`", value.text))
                .label("bytes, or a range of them: 0:100")),
        }
    }

    fn packet_kind(&mut self, given: Given<'w>) -> Result<(), Fault> {
        let value = self.value(given)?;
        let kind = match value.text.to_ascii_lowercase().as_str() {
            "unicast" => PacketKind::Unicast,
            "broadcast" => PacketKind::Broadcast,
            "multicast" => PacketKind::Multicast,
            _ => {
                return Err(Fault::new(value.span.clone(), format!("bad type `{}`", value.text))
                    .label("unicast, broadcast or multicast"));
            }
        };
        given.set(&mut self.matches.kind, given.test(kind))
    }

    fn ask(&mut self, given: Given<'w>, lookup: Lookup) -> Result<(), Fault> {
        let id = self.standing.sets.asked(lookup).map(|id| given.test(id));
        let pushed = id.and_then(|test| self.matches.sets.push(test).ok());
        pushed.ok_or_else(|| given.fault("too many questions").label("this one does not fit"))
    }

    /// `--set-mark` and its like.
    pub(super) fn mark_option(&mut self, given: Given<'w>, opt: Opt) -> Result<(), Fault> {
        if self.target.is_none_or(|(word, _)| word.text != "MARK") {
            return Err(needs(given, "-j MARK"));
        }
        let value = self.value(given)?;
        let (bits, mask) = marked(value)?;
        let (clear, change) = match opt {
            Opt::SetMark => (mask | bits, bits),
            Opt::SetXmark => (mask, bits),
            Opt::AndMark => (!bits, 0),
            Opt::OrMark => (bits, bits),
            _ => (0, bits),
        };
        super::once(&mut self.mark, Target::Mark { keep: !clear, change }, given)
    }

    pub(super) fn mark_target(&self, word: &Word) -> Result<Target, Fault> {
        self.mark.ok_or_else(|| {
            Fault::new(word.span.clone(), "`-j MARK` without a mark").label("`--set-mark N`")
        })
    }
}

/// The match that an option is of, if `-m` must name it.
const fn module_of(opt: Opt) -> Option<&'static str> {
    Some(match opt {
        Opt::SourceType | Opt::DestinationType => "addrtype",
        Opt::SourceRange | Opt::DestinationRange => "iprange",
        Opt::MatchSet => "set",
        Opt::Length => "length",
        Opt::PacketKind => "pkttype",
        Opt::Mark => "mark",
        _ => return None,
    })
}

fn side(name: &str) -> Option<Side> {
    match name {
        "src" => Some(Side::Source),
        "dst" => Some(Side::Destination),
        _ => None,
    }
}

/// The flags of a list: `FIN,SYN`, `ALL`, `NONE`.
fn tcp_flags(word: &Word) -> Result<u32, Fault> {
    let mut flags = 0;
    for (at, name) in parts(&word.text, ',') {
        let place: Range<usize> = word.part(at..at + name.len());
        let known = TCP_FLAGS.iter().position(|known| known.eq_ignore_ascii_case(name));
        flags |= match (name.to_ascii_uppercase().as_str(), known) {
            ("ALL", _) => 0x3f,
            ("NONE", _) => 0,
            (_, Some(bit)) => 1 << bit,
            (_, None) => {
                return Err(Fault::new(place, format!("unknown TCP flag `{name}`"))
                    .label("ALL, NONE, or some of FIN,SYN,RST,PSH,ACK,URG"));
            }
        };
    }
    Ok(flags)
}

/// A mark and its mask, which is all bits when none is written: `0x200/0xf00`, `010`.
fn marked(word: &Word) -> Result<(u32, u32), Fault> {
    let (value, mask) = word.text.split_once('/').unwrap_or((&word.text, "0xffffffff"));
    of_any_base(value).zip(of_any_base(mask)).ok_or_else(|| {
        Fault::new(word.span.clone(), format!("bad mark `{}`", word.text))
            .label("32 bits, perhaps with `/` and a mask: 0x200/0xf00")
    })
}
