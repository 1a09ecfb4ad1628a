//! The values of a rule's options: addresses, protocols, interfaces, ports.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use keeptrack_core::raw::{Family, IfPattern, Network, Ports};
use keeptrack_core::{IfName, Protocol};

use super::names::{PROTOCOLS, SERVICES};
use super::words::Word;
use crate::diagnostic::Fault;

/// How an option names ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PortForm {
    /// One port or one range, either end of which may be left out.
    One,
    /// `multiport`'s list: 15 ports at most, a range counts as two.
    List,
}

/// A port beyond 65535 that iptables takes all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WrappedPort {
    /// Where it is written.
    pub(super) span: Range<usize>,
    /// As written.
    pub(super) written: u64,
    /// Its low 16 bits: what iptables installs.
    pub(super) installed: u16,
}

/// The networks of `-s` and `-d`, at least one.
pub(super) fn networks(word: &Word, family: Family) -> Result<Vec<Network>, Fault> {
    parts(&word.text, ',')
        .map(|(at, text)| network(text, family).map_err(|wrong| wrong.fault(word, at, text)))
        .collect()
}

/// What a part of a value is not.
struct Wrong {
    title: String,
    label: &'static str,
}

impl Wrong {
    fn new(title: String, label: &'static str) -> Self {
        Self { title, label }
    }

    fn fault(self, word: &Word, at: usize, text: &str) -> Fault {
        Fault::new(word.part(at..at + text.len()), self.title).label(self.label)
    }
}

/// The pieces of `text` between separators, and where each begins.
pub(super) fn parts(text: &str, separator: char) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(separator).map(move |part| {
        let start = at;
        at += part.len() + separator.len_utf8();
        (start, part)
    })
}

fn network(text: &str, family: Family) -> Result<Network, Wrong> {
    let (address, mask) = text.split_once('/').unzip();
    let mask = mask.map(|mask| netmask(mask, family)).transpose()?;
    let mask = mask.unwrap_or_else(|| prefix_mask(u32::from(full_len(family)), family));
    let address = address.unwrap_or(text);
    if mask.is_unspecified() {
        // Whatever stands before `/0` is not read: `0/0` and `any/0` are often written.
        return Ok(Network { address: mask, mask });
    }
    match (address.parse(), family) {
        (Ok(address @ IpAddr::V4(_)), Family::V4) | (Ok(address @ IpAddr::V6(_)), Family::V6) => {
            Ok(Network { address, mask })
        }
        (Ok(IpAddr::V6(_)), Family::V4) => Err(Wrong::new(
            format!("`{address}` is an IPv6 address in an IPv4 rule"),
            "IPv6 rules are those of ip6tables",
        )),
        (Ok(IpAddr::V4(_)), Family::V6) => Err(Wrong::new(
            format!("`{address}` is an IPv4 address in an IPv6 rule"),
            "IPv4 rules are those of iptables",
        )),
        (Err(_), _) => Err(Wrong::new(
            format!("`{address}` is not an address"),
            "write it in numbers: names are not looked up",
        )),
    }
}

const fn full_len(family: Family) -> u8 {
    match family {
        Family::V4 => 32,
        Family::V6 => 128,
    }
}

fn netmask(text: &str, family: Family) -> Result<IpAddr, Wrong> {
    let wrong = |label| Wrong::new(format!("invalid mask `{text}`"), label);
    match (text.parse::<u32>(), family) {
        (Ok(len), _) if len <= u32::from(full_len(family)) => Ok(prefix_mask(len, family)),
        (_, Family::V4) => text
            .parse::<Ipv4Addr>()
            .map(IpAddr::from)
            .map_err(|_| wrong("0-32, or four numbers with dots")),
        (_, Family::V6) => {
            text.parse::<Ipv6Addr>().map(IpAddr::from).map_err(|_| wrong("0-128, or an address"))
        }
    }
}

fn prefix_mask(len: u32, family: Family) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from_bits(!u32::MAX.checked_shr(len).unwrap_or(0)).into(),
        Family::V6 => Ipv6Addr::from_bits(!u128::MAX.checked_shr(len).unwrap_or(0)).into(),
    }
}

/// The first bits of an address, that many; the rest 0.
pub(super) fn under_prefix(address: IpAddr, len: u8) -> IpAddr {
    match (address, prefix_mask(len.into(), family_of(address))) {
        (IpAddr::V4(address), IpAddr::V4(mask)) => (address & mask).into(),
        (IpAddr::V6(address), IpAddr::V6(mask)) => (address & mask).into(),
        _ => address,
    }
}

/// The last address of a network, as a number.
pub(super) fn last_of(network: &Network) -> u128 {
    match (network.address, network.mask) {
        (IpAddr::V4(address), IpAddr::V4(mask)) => (address.to_bits() | !mask.to_bits()).into(),
        (IpAddr::V6(address), IpAddr::V6(mask)) => address.to_bits() | !mask.to_bits(),
        _ => 0,
    }
}

const fn family_of(address: IpAddr) -> Family {
    if address.is_ipv4() { Family::V4 } else { Family::V6 }
}

/// The protocol of `-p`; `None` for all of them.
pub(super) fn protocol(word: &Word) -> Result<Option<Protocol>, Fault> {
    let lower = word.text.to_ascii_lowercase();
    let named = PROTOCOLS.iter().find(|(name, _)| *name == lower).map(|(_, number)| *number);
    match named.or_else(|| of_any_base(&lower)) {
        Some(0) => Ok(None),
        Some(number) => Ok(Some(Protocol(number))),
        None => Err(Fault::new(word.span.clone(), format!("unknown protocol `{}`", word.text))
            .label("not a name known here, and not 0-255")
            .did_you_mean(&lower, PROTOCOLS.iter().map(|(name, _)| *name))),
    }
}

/// The interface of `-i` and `-o`; `None` for all of them (`+`).
pub(super) fn interface(word: &Word) -> Result<Option<IfPattern>, Fault> {
    if word.text == "+" {
        return Ok(None);
    }
    let wrong = |label: &str| {
        Fault::new(word.span.clone(), format!("`{}` is not an interface name", word.text))
            .label(label)
    };
    if word.text.contains('\u{fffd}') {
        return Err(wrong("it has bytes that are not UTF-8"));
    }
    if word.text.len() > IfName::MAX_LEN {
        return Err(wrong("interface names have at most 15 bytes"));
    }
    let begin = word.text.strip_suffix('+');
    let name = IfName::new(begin.unwrap_or(&word.text).as_bytes());
    let name = name.ok_or_else(|| wrong("it is empty"))?;
    Ok(Some(IfPattern { name, prefix: begin.is_some() }))
}

/// The ports of an option, and those of them that iptables cuts to 16 bits.
pub(super) fn ports(word: &Word, form: PortForm) -> Result<(Ports, Vec<WrappedPort>), Fault> {
    let mut ports = Ports::new();
    let mut wrapped = Vec::new();
    let mut slot_count = 0;
    for (at, part) in parts(&word.text, ',') {
        let place = word.part(at..at + part.len());
        if form == PortForm::One && at > 0 {
            let rest = word.part(at - 1..word.text.len());
            return Err(Fault::new(rest, "more than one port")
                .label("this option takes one port or one range")
                .help("for a list: `-m multiport --sports` or `--dports`"));
        }
        let range = port_range(word, at..at + part.len(), form)?;
        slot_count += if part.contains(':') { 2 } else { 1 };
        wrapped.extend(range.iter().flat_map(|port| port.wrapped(word)));
        // One port is both ends of its range.
        wrapped.dedup();
        let [low, high] = range.map(|port| port.installed());
        if slot_count > 15 || ports.push((low, high)).is_err() {
            return Err(Fault::new(place, "too many ports")
                .label("multiport takes 15, and a range counts as two")
                .help("make two rules of it"));
        }
    }
    Ok((ports, wrapped))
}

/// A port as written, and where in its word.
#[derive(Clone)]
struct Written {
    number: u64,
    part: Range<usize>,
}

impl Written {
    /// What iptables installs: of a port that is too large, the low 16 bits.
    fn installed(&self) -> u16 {
        let [.., high, low] = self.number.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    fn wrapped(&self, word: &Word) -> Option<WrappedPort> {
        (self.number > u64::from(u16::MAX)).then(|| WrappedPort {
            span: word.part(self.part.clone()),
            written: self.number,
            installed: self.installed(),
        })
    }
}

fn port_range(word: &Word, part: Range<usize>, form: PortForm) -> Result<[Written; 2], Fault> {
    let text = word.text.get(part.clone()).unwrap_or_default();
    let Some(colon) = text.find(':') else {
        let port = port(word, part, form)?;
        return Ok([port.clone(), port]);
    };
    let (left, right) = (part.start..part.start + colon, part.start + colon + 1..part.end);
    let end = |part: Range<usize>, absent: u64| match (part.is_empty(), form) {
        (true, PortForm::One) => Ok(Written { number: absent, part }),
        _ => port(word, part, form),
    };
    let range = [end(left, 0)?, end(right, u16::MAX.into())?];
    let [low, high] = &range;
    if low.number > high.number {
        return Err(Fault::new(word.part(part), "the port range runs backwards")
            .label("the smaller port stands first"));
    }
    Ok(range)
}

fn port(word: &Word, part: Range<usize>, form: PortForm) -> Result<Written, Fault> {
    let text = word.text.get(part.clone()).unwrap_or_default();
    let fault = |title: String| Fault::new(word.part(part.clone()), title);
    if text.is_empty() {
        return Err(fault("a port is missing".to_owned()).label("0-65535"));
    }
    let number = match form {
        PortForm::One => text.parse().ok().filter(|_| !text.starts_with('+')),
        PortForm::List => of_any_base(text),
    };
    let service = || SERVICES.iter().find(|(name, _)| *name == text);
    let number = number.or_else(|| service().map(|(_, port)| u64::from(*port)));
    match number {
        Some(number) if form == PortForm::List && number > u64::from(u16::MAX) => {
            Err(fault(format!("port {text} is out of range")).label("0-65535"))
        }
        Some(number) => Ok(Written { number, part }),
        None => Err(unknown_port(fault(format!("unknown service `{text}`")), text)),
    }
}

/// A number as C writes it: `0x35` is hexadecimal, `010` octal. iptables and nft read theirs so, but
/// for the ports of `--sport` and `--dport`.
pub(super) fn of_any_base<N: TryFrom<u64>>(text: &str) -> Option<N> {
    let digits = |digits: &str, base| {
        let is_plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u64::from_str_radix(digits, base).ok().filter(|_| is_plain)
    };
    let hexadecimal = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let number = match (hexadecimal, text.strip_prefix('0')) {
        (Some(rest), _) => digits(rest, 16),
        (None, Some(rest)) if !rest.is_empty() => digits(rest, 8),
        _ => digits(text, 10),
    };
    number.and_then(|number| number.try_into().ok())
}

fn unknown_port(fault: Fault, text: &str) -> Fault {
    if text == "!" {
        return fault.label("not a port").help("`!` stands before the option");
    }
    fault
        .label("write the port as a number")
        .did_you_mean(text, SERVICES.iter().map(|(name, _)| *name))
}
