//! What a match of nft looks at, and the tests that its values become.

use keeptrack_core::raw::{Bits, Family, IfPattern, Matches, Network, Ports, Test};
use keeptrack_core::{IfName, Protocol};

use super::cursor::Cursor;
use super::{named, range};
use crate::diagnostic::Fault;
use crate::rules::values;
use crate::rules::words::Word;

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
}

/// The words that stand before a field.
const HEADERS: [&str; 11] =
    ["meta", "ip", "ip6", "tcp", "udp", "udplite", "sctp", "dccp", "th", "icmp", "icmpv6"];

/// Words of nft that begin a match and that this version does not decide.
const OTHER_KEYS: &str = "ah arp comp ct dst ether esp exthdr fib frag gre hbh igmp ipsec mark mh \
    nfproto numgen osf rt socket time tunnel vlan";

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
        if !HEADERS.contains(&header) {
            return Err(unknown(first));
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
                let known = crate::rules::names::PROTOCOLS.iter();
                let number = known.clone().find(|(name, _)| *name == header);
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
            Self::Input | Self::Output | Self::Family | Self::Length | Self::Kind | Self::Mark => {
                (None, None)
            }
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
            Self::Protocol(_) => {
                let protocol = values::protocol(word)?.map_or(Test::Any, Test::Is);
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
            Self::TcpFlags | Self::Mark => {
                let value = named::bits(self, word)?;
                vec![self.masked(Bits { mask: self.all_bits(), value })]
            }
        })
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

    /// Whether values are names of interfaces.
    pub(super) const fn is_interface(self) -> bool {
        matches!(self, Self::Input | Self::Output)
    }
}

/// What nft knows and this version does not decide.
pub(super) fn unsupported(span: std::ops::Range<usize>, name: &str) -> Fault {
    Fault::new(span, format!("`{name}` is not supported by this version"))
        .label("known, but not decided here yet")
}

fn invert<T: Clone>(test: &mut Test<T>) -> bool {
    let Test::Is(value) = test else { return false };
    *test = Test::Not(value.clone());
    true
}

fn unknown(first: &Word) -> Fault {
    let text = first.text.as_str();
    if crate::rules::names::lists(OTHER_KEYS, text) {
        return unsupported(first.span.clone(), text);
    }
    if text.starts_with('$') {
        return Fault::new(first.span.clone(), "variables are not looked up")
            .help("give the output of `nft list ruleset`");
    }
    let known = ["notrack", "accept", "drop", "return", "jump", "goto", "counter", "comment"];
    let known = known.into_iter().chain(["iif", "iifname", "oif", "oifname"]).chain(HEADERS);
    Fault::new(first.span.clone(), format!("unknown statement `{text}`"))
        .label("neither a match nor a statement")
        .did_you_mean(text, known)
}

/// The fields of a header, decided or not.
fn fields(header: &str) -> impl Iterator<Item = &'static str> {
    let fields = match header {
        "meta" => {
            "iif iifname oif oifname l4proto nfproto protocol mark pkttype length skuid skgid \
            cgroup iifgroup oifgroup iiftype oiftype priority cpu random time day hour"
        }
        "ip" => {
            "saddr daddr protocol version hdrlength dscp ecn length id frag-off ttl checksum option"
        }
        "ip6" => "saddr daddr nexthdr version dscp ecn flowlabel length hoplimit",
        "icmp" | "icmpv6" => "type code checksum id sequence mtu gateway",
        "tcp" => "sport dport flags sequence ackseq doff reserved window checksum urgptr option",
        _ => "sport dport length checksum vtag type",
    };
    fields.split_whitespace()
}

fn is_known(header: &str, field: &str) -> bool {
    fields(header).any(|known| known == field)
}

fn interface(word: &Word) -> Result<Option<IfPattern>, Fault> {
    let (begin, prefix) = match word.text.strip_suffix('*') {
        Some(begin) => (begin, true),
        None => (word.text.as_str(), false),
    };
    if prefix && begin.is_empty() {
        return Ok(None);
    }
    let name = IfName::new(begin.as_bytes()).filter(|_| !begin.contains('\u{fffd}'));
    let name = name.ok_or_else(|| {
        Fault::new(word.span.clone(), format!("`{}` is not an interface name", word.text))
            .label("1 to 15 bytes")
    })?;
    Ok(Some(IfPattern { name, prefix }))
}

fn networks(word: &Word, family: Family) -> Result<Vec<Network>, Fault> {
    match word.text.split_once('-') {
        None => values::networks(word, family),
        Some((first, last)) => {
            let both = first.parse().ok().zip(last.parse().ok());
            let networks = both.and_then(|(first, last)| range::networks(first, last));
            networks.ok_or_else(|| {
                Fault::new(word.span.clone(), format!("`{}` is not a range", word.text))
                    .label("two addresses of one family, the smaller first")
            })
        }
    }
}

fn ports(word: &Word) -> Result<Ports, Fault> {
    let one = |part: std::ops::Range<usize>| {
        let text = word.text.get(part.clone()).unwrap_or_default().to_owned();
        values::ports(&Word { text, span: word.part(part) }, values::PortForm::List)
    };
    let len = word.text.len();
    let is_service = crate::rules::names::SERVICES.iter().any(|(name, _)| *name == word.text);
    let Some(dash) = word.text.find('-').filter(|_| !is_service) else { return one(0..len) };
    let (low, high) = (one(0..dash)?, one(dash + 1..len)?);
    match (low.as_slice(), high.as_slice()) {
        ([(low, _)], [(_, high)]) if low <= high => Ok([(*low, *high)].into_iter().collect()),
        _ => Err(Fault::new(word.span.clone(), "the port range runs backwards")
            .label("the smaller port stands first")),
    }
}

fn family(word: &Word) -> Result<Family, Fault> {
    match word.text.as_str() {
        "ipv4" | "ip" => Ok(Family::V4),
        "ipv6" | "ip6" => Ok(Family::V6),
        text => Err(Fault::new(word.span.clone(), format!("`{text}` is not a family"))
            .label("ipv4 or ipv6")),
    }
}
