//! What a match of nft looks at, and the tests that its values become.

mod names;
mod values;

use keeptrack_core::Protocol;
use keeptrack_core::raw::{Bits, EarlyState, Family, Matches, Test};

use self::names::{HEADERS, fields, is_known, unknown};
use self::values::{family, interface, networks, ports, protocol_of};
use super::cursor::Cursor;
use super::{named, range};
use crate::diagnostic::Fault;
use crate::rules::names::PROTOCOLS;
use crate::rules::sets::{Field, Side, Values, number};
use crate::rules::values::last_of;
use crate::rules::words::Word;

pub(super) use self::names::unsupported;

/// What a match looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Input,
    Output,
    Source(Family),
    Destination(Family),
    /// The protocol, of that family alone if one is named.
    Protocol(Option<Family>),
    /// The source port, of that protocol alone if one is named.
    SourcePort(Option<Protocol>),
    DestinationPort(Option<Protocol>),
    Family,
    /// The type of an ICMP message of that family.
    Icmp(Family),
    /// The bytes of the packet.
    Length,
    /// Whom it is for on its link.
    Kind,
    TcpFlags,
    Mark,
    /// What the packet is to connections, before it is tracked.
    State,
    /// What an address is to this host.
    AddressKind(Side),
}

impl Key {
    /// Reads what a match looks at.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        let first = cursor.word("a match or a statement")?;
        let header = first.text.as_str();
        let short = match header {
            "iif" | "iifname" => Some(Self::Input),
            "oif" | "oifname" => Some(Self::Output),
            _ => None,
        };
        if let Some(key) = short {
            return Ok(key);
        }
        match header {
            "ct" if cursor.takes("state") => return Ok(Self::State),
            "fib" => return address_kind(cursor, first),
            // The word `meta` may be left out before some keys.
            "mark" => return Ok(Self::Mark),
            _ if !HEADERS.contains(&header) => return Err(unknown(first)),
            _ => {}
        }
        let field = cursor.word("a field")?;
        Self::of(header, &field.text).ok_or_else(|| {
            let span = first.span.start..field.span.end;
            let name = format!("{header} {}", field.text);
            match is_known(header, &field.text) {
                true => unsupported(span, &name),
                false => Fault::new(field.span.clone(), format!("unknown field `{name}`"))
                    .label(format!("not a field of `{header}`"))
                    .did_you_mean(&field.text, fields(header)),
            }
        })
    }

    fn of(header: &str, field: &str) -> Option<Self> {
        let protocol = || match header {
            "th" => Some(None),
            "tcp" | "udp" | "udplite" | "sctp" | "dccp" => {
                let number = PROTOCOLS.iter().find(|(name, _)| *name == header);
                number.map(|(_, number)| Some(Protocol(*number)))
            }
            _ => None,
        };
        match (header, field) {
            ("meta", "iif" | "iifname") => Some(Self::Input),
            ("meta", "oif" | "oifname") => Some(Self::Output),
            ("meta", "l4proto") => Some(Self::Protocol(None)),
            ("meta", "nfproto" | "protocol") => Some(Self::Family),
            ("meta", "length") => Some(Self::Length),
            ("meta", "pkttype") => Some(Self::Kind),
            ("meta", "mark") => Some(Self::Mark),
            ("tcp", "flags") => Some(Self::TcpFlags),
            ("icmp", "type") => Some(Self::Icmp(Family::V4)),
            ("icmpv6", "type") => Some(Self::Icmp(Family::V6)),
            ("ip", "protocol") => Some(Self::Protocol(Some(Family::V4))),
            ("ip6", "nexthdr") => Some(Self::Protocol(Some(Family::V6))),
            ("ip", "saddr") => Some(Self::Source(Family::V4)),
            ("ip", "daddr") => Some(Self::Destination(Family::V4)),
            ("ip6", "saddr") => Some(Self::Source(Family::V6)),
            ("ip6", "daddr") => Some(Self::Destination(Family::V6)),
            (_, "sport") => protocol().map(Self::SourcePort),
            (_, "dport") => protocol().map(Self::DestinationPort),
            _ => None,
        }
    }

    /// What a packet must be to have the field at all.
    pub(super) fn dependency(self) -> Matches {
        let (family, protocol) = match self {
            Self::Source(family) | Self::Destination(family) => (Some(family), None),
            Self::Protocol(family) => (family, None),
            Self::SourcePort(protocol) | Self::DestinationPort(protocol) => (None, protocol),
            Self::TcpFlags => (None, Some(Protocol::TCP)),
            Self::Icmp(Family::V4) => (Some(Family::V4), Some(Protocol::ICMP)),
            Self::Icmp(Family::V6) => (Some(Family::V6), Some(Protocol::ICMPV6)),
            Self::Input
            | Self::Output
            | Self::Family
            | Self::Length
            | Self::Kind
            | Self::Mark
            | Self::State
            | Self::AddressKind(_) => (None, None),
        };
        Matches { family, protocol: protocol.map_or(Test::Any, Test::Is), ..Matches::default() }
    }

    /// What a packet must be whose field has the value `word`: one of these.
    pub(super) fn equals(self, word: &Word) -> Result<Vec<Matches>, Fault> {
        let with = |fill: &dyn Fn(&mut Matches)| {
            let mut matches = self.dependency();
            fill(&mut matches);
            matches
        };
        Ok(match self {
            Self::Input => interface(word)?
                .map(|pattern| with(&|matches| matches.input = Test::Is(pattern.clone())))
                .map_or_else(|| vec![self.dependency()], |one| vec![one]),
            Self::Output => interface(word)?
                .map(|pattern| with(&|matches| matches.output = Test::Is(pattern.clone())))
                .map_or_else(|| vec![self.dependency()], |one| vec![one]),
            Self::Source(family) => networks(word, family)?
                .iter()
                .map(|network| with(&|matches| matches.source = Test::Is(*network)))
                .collect(),
            Self::Destination(family) => networks(word, family)?
                .iter()
                .map(|network| with(&|matches| matches.destination = Test::Is(*network)))
                .collect(),
            Self::Protocol(of) => {
                let protocol = Test::Is(protocol_of(word, of)?);
                vec![with(&|matches| matches.protocol = protocol.clone())]
            }
            Self::SourcePort(_) => {
                let ports = ports(word)?;
                vec![with(&|matches| matches.source_ports = Test::Is(ports.clone()))]
            }
            Self::DestinationPort(_) => {
                let ports = ports(word)?;
                vec![with(&|matches| matches.destination_ports = Test::Is(ports.clone()))]
            }
            Self::Family => vec![Matches { family: Some(family(word)?), ..self.dependency() }],
            Self::Icmp(family) => {
                let types = named::icmp(word, family)?;
                vec![with(&|matches| matches.icmp = Test::Is(types))]
            }
            Self::Length => {
                let range = named::length(word)?;
                vec![with(&|matches| matches.len = Test::Is(range))]
            }
            Self::Kind => {
                let kind = named::kind(word)?;
                vec![with(&|matches| matches.kind = Test::Is(kind))]
            }
            Self::State => {
                let state = early_state(word)?;
                vec![with(&|matches| matches.state = Test::Is(state))]
            }
            Self::AddressKind(_) => return Err(unsupported(word.span.clone(), "fib in a list")),
            Self::TcpFlags | Self::Mark => {
                let value = named::bits(self, word)?;
                vec![self.masked(Bits { mask: self.all_bits(), value })]
            }
        })
    }

    /// What a packet must be whose field is smaller or larger than `word`; `None` where this
    /// version does not compare.
    pub(super) fn compared(
        self,
        operator: &str,
        word: &Word,
    ) -> Result<Option<Vec<Matches>>, Fault> {
        let (value, all) = match self {
            Self::Mark => (named::number(word)?.into(), u128::from(u32::MAX)),
            Self::Source(_) | Self::Destination(_) => {
                let all =
                    if self.address_family() == Family::V6 { u128::MAX } else { u32::MAX.into() };
                (*self.values(word)?.start(), all)
            }
            Self::SourcePort(_) | Self::DestinationPort(_) | Self::Length => {
                (*self.values(word)?.start(), u16::MAX.into())
            }
            _ => return Ok(None),
        };
        let range = match operator {
            "<" => value.checked_sub(1).map(|last| (0, last)),
            "<=" => Some((0, value)),
            ">" => value.checked_add(1).filter(|first| *first <= all).map(|first| (first, all)),
            _ => Some((value, all)),
        };
        Ok(Some(range.map_or_else(Vec::new, |(first, last)| self.between(first, last))))
    }

    /// The family of its addresses, if it has some.
    const fn address_family(self) -> Family {
        match self {
            Self::Source(family) | Self::Destination(family) => family,
            _ => Family::V4,
        }
    }

    /// What a packet must be whose field is one of those numbers, which it can hold.
    fn between(self, first: u128, last: u128) -> Vec<Matches> {
        let small = |number: u128| u16::try_from(number).unwrap_or(u16::MAX);
        let range = (small(first), small(last));
        let mut matches = self.dependency();
        match self {
            Self::SourcePort(_) => matches.source_ports = Test::Is([range].into_iter().collect()),
            Self::DestinationPort(_) => {
                matches.destination_ports = Test::Is([range].into_iter().collect());
            }
            Self::Length => matches.len = Test::Is(range),
            Self::Mark => {
                let low = |number: u128| u32::try_from(number & u128::from(u32::MAX)).unwrap_or(0);
                let blocks = range::blocks(first, last).unwrap_or_default().into_iter();
                let bits = blocks.map(|(start, mask)| Bits { mask: low(mask), value: low(start) });
                return bits.map(|bits| self.masked(bits)).collect();
            }
            _ => {
                let networks = range::numbered(self.address_family(), first, last).into_iter();
                let with = |network| match self {
                    Self::Source(_) => Matches { source: Test::Is(network), ..matches.clone() },
                    _ => Matches { destination: Test::Is(network), ..matches.clone() },
                };
                return networks.map(with).collect();
            }
        }
        vec![matches]
    }

    /// The opposite of what [`Self::equals`] says of one value, where one rule can ask it.
    pub(super) fn inverted(self, mut matches: Matches) -> Option<Matches> {
        let done = match self {
            Self::Input => invert(&mut matches.input),
            Self::Output => invert(&mut matches.output),
            Self::Source(_) => invert(&mut matches.source),
            Self::Destination(_) => invert(&mut matches.destination),
            Self::Protocol(_) => invert(&mut matches.protocol),
            Self::SourcePort(_) => invert(&mut matches.source_ports),
            Self::DestinationPort(_) => invert(&mut matches.destination_ports),
            Self::Icmp(_) => invert(&mut matches.icmp),
            Self::Length => invert(&mut matches.len),
            Self::Kind => invert(&mut matches.kind),
            Self::TcpFlags => invert(&mut matches.tcp_flags),
            Self::Mark => invert(&mut matches.mark),
            Self::State => invert(&mut matches.state),
            Self::AddressKind(_) => false,
            Self::Family => {
                matches.family = matches.family.map(|family| match family {
                    Family::V4 => Family::V6,
                    Family::V6 => Family::V4,
                });
                true
            }
        };
        done.then_some(matches)
    }

    /// What a packet must be whose bits under a mask are those.
    pub(super) fn masked(self, bits: Bits) -> Matches {
        let mut matches = self.dependency();
        match self {
            Self::TcpFlags => matches.tcp_flags = Test::Is(bits),
            _ => matches.mark = Test::Is(bits),
        }
        matches
    }

    /// Whether its value is bits, which may stand under a mask.
    pub(super) const fn has_bits(self) -> bool {
        matches!(self, Self::TcpFlags | Self::Mark)
    }

    const fn all_bits(self) -> u32 {
        match self {
            Self::TcpFlags => 0xff,
            _ => u32::MAX,
        }
    }

    /// The field of a packet that a set is asked for, if it is a number there.
    pub(super) const fn field(self) -> Option<Field> {
        Some(match self {
            Self::Source(family) => Field::Address(Side::Source, family),
            Self::Destination(family) => Field::Address(Side::Destination, family),
            Self::Protocol(_) => Field::Protocol,
            Self::SourcePort(_) => Field::Port(Side::Source),
            Self::DestinationPort(_) => Field::Port(Side::Destination),
            Self::Length => Field::Length,
            _ => return None,
        })
    }

    /// The numbers that `word` stands for, of a key that is a [`Field`].
    pub(super) fn values(self, word: &Word) -> Result<Values, Fault> {
        Ok(match self {
            Self::Source(family) | Self::Destination(family) => {
                let networks = networks(word, family)?;
                let first = networks.first().map_or(0, |network| number(network.address));
                let first = networks.first().map_or(0, |network| first & number(network.mask));
                first..=networks.last().map_or(0, last_of)
            }
            Self::SourcePort(_) | Self::DestinationPort(_) => {
                let (low, high) = ports(word)?.first().copied().unwrap_or_default();
                low.into()..=high.into()
            }
            Self::Length => {
                let (least, most) = named::length(word)?;
                least.into()..=most.into()
            }
            Self::Protocol(of) => {
                let number = protocol_of(word, of)?.0;
                number.into()..=number.into()
            }
            _ => return Err(unsupported(word.span.clone(), "this value in a set")),
        })
    }

    /// Whether values are names of interfaces.
    pub(super) const fn is_interface(self) -> bool {
        matches!(self, Self::Input | Self::Output)
    }
}

/// `fib daddr type`; `fib` is read already.
fn address_kind(cursor: &mut Cursor<'_>, fib: &Word) -> Result<Key, Fault> {
    let side = cursor.word("`saddr` or `daddr`")?;
    let kind = match side.text.as_str() {
        "saddr" => Some(Key::AddressKind(Side::Source)),
        "daddr" => Some(Key::AddressKind(Side::Destination)),
        _ => None,
    };
    let span = fib.span.start..side.span.end;
    kind.filter(|_| cursor.takes("type")).ok_or_else(|| {
        unsupported(span, "this question to the routing table")
            .note("what is decided of it: `fib saddr type` and `fib daddr type`")
    })
}

fn early_state(word: &Word) -> Result<EarlyState, Fault> {
    match word.text.as_str() {
        "invalid" => Ok(EarlyState::Invalid),
        "untracked" => Ok(EarlyState::Untracked),
        text => Err(unsupported(word.span.clone(), &format!("ct state {text} before tracking"))
            .note("what is not tracked yet is `invalid`, and `untracked` behind a `notrack`")),
    }
}

fn invert<T: Clone>(test: &mut Test<T>) -> bool {
    let Test::Is(value) = test else { return false };
    *test = Test::Not(value.clone());
    true
}
