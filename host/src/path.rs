//! Where a packet was seen, from what the capture knows and what was typed beside it.
//!
//! Nothing is guessed: what neither the capture nor the user says stays unknown, and a rule that
//! needs it can be refused.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use keeptrack_core::{IfName, LinkType, Packet, Path, Seen};

use crate::capture::Record;

/// What Linux calls its loopback interface, and BSDs theirs.
const LOOPBACK_NAMES: [&[u8]; 2] = [b"lo", b"lo0"];
/// The name that libpcap gives to the capture of all interfaces, which is none of them.
const ALL_INTERFACES: &str = "any";
/// `ARPHRD_LOOPBACK`, the hardware type of Linux's loopback interface in a cooked capture.
const LOOPBACK_HARDWARE: u16 = 772;
/// `PACKET_OUTGOING`: this host sends the packet. Smaller numbers are packets that came in.
const OUTGOING: u16 = 4;

/// The names of interfaces as typed: `lan0`, or `2=lan0,3=wan0` by number.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Naming {
    /// Nothing was typed: the capture's own names are all there is.
    #[default]
    Capture,
    /// The name of the one interface that the capture leaves without a name.
    One(IfName),
    /// Names by interface index (a cooked capture, version 2) or by the number of the interface in
    /// the file, from 0. They come before the capture's own.
    Numbered(Vec<(u32, IfName)>),
}

impl FromStr for Naming {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        if !typed.contains(['=', ',']) {
            return Ok(Self::One(if_name(typed)?));
        }
        let mut names: Vec<(u32, IfName)> = Vec::new();
        for part in typed.split(',') {
            let (number, name) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` has no number: write `2=lan0,3=wan0`"))?;
            let number = number
                .parse()
                .map_err(|_| format!("`{number}` is not the number of an interface"))?;
            if names.iter().any(|(known, _)| *known == number) {
                return Err(format!("interface {number} has two names"));
            }
            names.push((number, if_name(name)?));
        }
        Ok(Self::Numbered(names))
    }
}

/// As it is typed.
impl fmt::Display for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capture => Ok(()),
            Self::One(name) => write!(f, "{}", name.as_bytes().escape_ascii()),
            Self::Numbered(names) => {
                for (at, (number, name)) in names.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma}{number}={}", name.as_bytes().escape_ascii())?;
                }
                Ok(())
            }
        }
    }
}

fn if_name(name: &str) -> Result<IfName, String> {
    let max_len = IfName::MAX_LEN;
    IfName::new(name.as_bytes())
        .ok_or_else(|| format!("`{name}` is not an interface name (1 to {max_len} bytes)"))
}

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
}

impl Places {
    /// With the names and the addresses of the capturing host that were typed.
    pub(crate) fn new(naming: Naming, local: Vec<IpAddr>) -> Self {
        Self { naming, local, one: None }
    }

    /// Where `packet`, which was read from `record`, was seen.
    pub(crate) fn sight(&mut self, record: &Record<'_>, packet: &Packet<'_>) -> Sighting {
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

    fn name(&mut self, record: &Record<'_>, tap: Tap, cooked: Option<Cooked>) -> Option<IfName> {
        let of_capture = record.interface.name.as_deref();
        let of_capture = of_capture.filter(|name| cooked.is_none() || *name != ALL_INTERFACES);
        let named = self.numbered(tap).or_else(|| IfName::new(of_capture?.as_bytes()));
        match self.naming {
            // One name for several interfaces would be wrong for all but one of them.
            Naming::One(name) if named.is_none() => {
                (*self.one.get_or_insert(tap) == tap).then_some(name)
            }
            _ => named,
        }
    }

    fn numbered(&self, tap: Tap) -> Option<IfName> {
        let Naming::Numbered(names) = &self.naming else { return None };
        let number = tap.number()?;
        names.iter().find(|(known, _)| *known == number).map(|&(_, name)| name)
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

/// Seen on the loopback interface, which without a name is called as Linux does: so do rules.
fn loops(name: Option<IfName>) -> Sighting {
    let interface = name.or_else(|| IfName::new(LOOPBACK_NAMES[0]));
    Sighting { path: Some(Path::Loops), interface }
}

/// Which way a packet went by at the interface that captured it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    In,
    Out,
}

/// What the header of a Linux cooked capture says beside the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cooked {
    pub(crate) way: Way,
    pub(crate) is_loopback: bool,
    /// Version 2 alone has it.
    ifindex: Option<u32>,
}

impl Cooked {
    /// `None` when the link is no cooked one, or the header is cut.
    pub(crate) fn of(record: &Record<'_>) -> Option<Self> {
        let (kind, hardware, ifindex) = match (LinkType::from_dlt(record.link)?, record.data) {
            (LinkType::Sll, &[kind_high, kind_low, high, low, ..]) => {
                ([kind_high, kind_low], [high, low], None)
            }
            (LinkType::Sll2, &[_, _, _, _, a, b, c, d, high, low, kind, ..]) => {
                ([0, kind], [high, low], Some(u32::from_be_bytes([a, b, c, d])))
            }
            _ => return None,
        };
        let way = if u16::from_be_bytes(kind) == OUTGOING { Way::Out } else { Way::In };
        let is_loopback = u16::from_be_bytes(hardware) == LOOPBACK_HARDWARE;
        Some(Self { way, is_loopback, ifindex })
    }
}

/// An interface as the capture tells it from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tap {
    /// By its number in the file.
    Described(usize),
    /// By its index at the host, in a cooked capture of version 2.
    Indexed(u32),
    /// Not at all: a cooked capture of version 1.
    Any,
}

impl Tap {
    pub(crate) fn of(record: &Record<'_>, cooked: Option<Cooked>) -> Self {
        match cooked {
            Some(Cooked { ifindex: Some(ifindex), .. }) => Self::Indexed(ifindex),
            Some(_) => Self::Any,
            None => Self::Described(record.interface.index),
        }
    }

    fn number(self) -> Option<u32> {
        match self {
            Self::Described(index) => u32::try_from(index).ok(),
            Self::Indexed(ifindex) => Some(ifindex),
            Self::Any => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Naming, Places, Sighting};
    use crate::capture::{Interface, Record};
    use keeptrack_core::{IfName, LinkType, Packet, Path};

    const ETHERNET: u16 = 1;
    const SLL: u16 = 113;
    const SLL2: u16 = 276;
    const OUTSIDE: [u8; 4] = [192, 0, 2, 1];
    const HOST: [u8; 4] = [192, 0, 2, 2];
    const LOCALHOST: [u8; 4] = [127, 0, 0, 1];

    fn datagram(from: [u8; 4], to: [u8; 4]) -> Vec<u8> {
        let header = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
        [&header[..], &from, &to, &[0, 1, 0, 2, 0, 8, 0, 0]].concat()
    }

    fn ethernet(mac: u8, from: [u8; 4], to: [u8; 4]) -> Vec<u8> {
        [&[mac; 12][..], &[8, 0], &datagram(from, to)].concat()
    }

    fn sll(kind: u8, hardware: u16) -> Vec<u8> {
        let [high, low] = hardware.to_be_bytes();
        let header = [0, kind, high, low, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
        [&header[..], &datagram(OUTSIDE, HOST)].concat()
    }

    fn sll2(kind: u8, hardware: u16, ifindex: u8) -> Vec<u8> {
        let [high, low] = hardware.to_be_bytes();
        let header = [8, 0, 0, 0, 0, 0, 0, ifindex, high, low, kind, 6];
        [&header[..], &[0; 8], &datagram(OUTSIDE, HOST)].concat()
    }

    /// Link, name in the capture, frame, `--iface`, `--local`, and what is known then.
    type Case<'c> =
        (u16, Option<&'c str>, &'c [u8], &'c str, &'c [[u8; 4]], Option<Path>, Option<&'c str>);

    /// A place that `--iface` and `--local` describe.
    fn places(iface: &str, local: &[[u8; 4]]) -> Places {
        let naming = if iface.is_empty() { Naming::Capture } else { iface.parse().unwrap() };
        Places::new(naming, local.iter().map(|&address| address.into()).collect())
    }

    fn sight(places: &mut Places, link: u16, name: Option<&str>, data: &[u8]) -> Sighting {
        let interface = Interface { index: 0, link, name: name.map(str::to_owned) };
        let record =
            Record { index: 0, time_ns: 0, link, interface: &interface, data, wire_len: 0 };
        let packet = Packet::parse(LinkType::from_dlt(link).unwrap(), data).unwrap();
        places.sight(&record, &packet)
    }

    #[test]
    fn path_and_interface_are_what_the_capture_or_the_user_says() {
        let arrives = ethernet(2, OUTSIDE, HOST);
        let sent = ethernet(2, HOST, OUTSIDE);
        let inside = ethernet(0, LOCALHOST, LOCALHOST);
        let null = [&[2, 0, 0, 0], &datagram(OUTSIDE, HOST)[..]].concat();
        let (here, away, loops) = (Some(Path::Local), Some(Path::Arrives), Some(Path::Loops));
        let host: &[_] = &[HOST];
        let cases: [Case<'_>; 22] = [
            (ETHERNET, None, &arrives, "", &[], None, None),
            (ETHERNET, None, &arrives, "lan0", &[], None, Some("lan0")),
            (ETHERNET, None, &arrives, "0=lan0", host, away, Some("lan0")),
            (ETHERNET, None, &arrives, "1=lan0", host, away, None),
            (ETHERNET, None, &sent, "", host, here, None),
            (ETHERNET, Some("eth0"), &sent, "lan0", host, here, Some("eth0")),
            (ETHERNET, Some("eth0"), &sent, "0=lan0", host, here, Some("lan0")),
            (ETHERNET, Some("a-name-too-long-for-linux"), &sent, "", &[], None, None),
            (ETHERNET, Some("lo"), &arrives, "", &[], loops, Some("lo")),
            (ETHERNET, Some("eth0"), &inside, "", &[], None, Some("eth0")),
            (ETHERNET, None, &inside, "", &[], loops, Some("lo")),
            (ETHERNET, None, &ethernet(0, HOST, HOST), "", &[], loops, Some("lo")),
            (ETHERNET, None, &ethernet(0, OUTSIDE, HOST), "", &[], None, None),
            (ETHERNET, None, &ethernet(2, LOCALHOST, HOST), "", &[], None, None),
            (0, None, &null, "", &[], loops, Some("lo")),
            (0, Some("utun3"), &null, "", &[], None, Some("utun3")),
            (101, None, &datagram(HOST, HOST), "", host, loops, Some("lo")),
            (SLL, Some("any"), &sll(0, 1), "", &[], away, None),
            (SLL, Some("ppp0"), &sll(4, 512), "", &[], here, Some("ppp0")),
            (SLL2, None, &sll2(2, 1, 3), "3=wan0", host, away, Some("wan0")),
            (SLL2, None, &sll2(4, 1, 2), "3=wan0", &[OUTSIDE], here, None),
            (SLL2, None, &sll2(0, 772, 1), "lan0", &[], loops, Some("lo")),
        ];
        for (case, (link, name, data, iface, local, path, seen_at)) in cases.into_iter().enumerate()
        {
            let interface = seen_at.and_then(|name| IfName::new(name.as_bytes()));
            let expected = Sighting { path, interface };
            assert_eq!(sight(&mut places(iface, local), link, name, data), expected, "case {case}");
        }
    }

    #[test]
    fn one_name_is_not_given_to_two_interfaces() {
        let mut places = places("lan0", &[]);
        let name = |places: &mut Places, ifindex| {
            sight(places, SLL2, None, &sll2(0, 1, ifindex)).interface.is_some()
        };
        let named: Vec<_> = [2, 3, 2].map(|ifindex| name(&mut places, ifindex)).into();
        assert_eq!(named, [true, false, true]);
    }

    #[test]
    fn names_that_cannot_be_are_refused_by_the_word() {
        for (typed, word) in [
            ("", "``"),
            ("a-name-too-long", ""),
            ("a-name-too-long0", "`a-name-too-long0`"),
            ("lan0,wan0", "`lan0`"),
            ("2=lan0,x=wan0", "`x`"),
            ("2=", "``"),
            ("2=a,2=b", "interface 2"),
        ] {
            match typed.parse::<Naming>() {
                Ok(naming) => assert_eq!((word, naming), ("", Naming::One(name(typed)))),
                Err(error) => assert!(!word.is_empty() && error.contains(word), "{error}"),
            }
        }
        let two = Naming::Numbered(vec![(2, name("lan0")), (3, name("wan0"))]);
        assert_eq!("2=lan0,3=wan0".parse(), Ok(two));
    }

    fn name(name: &str) -> IfName {
        IfName::new(name.as_bytes()).unwrap()
    }
}
