//! The values of a rule's options: addresses, protocols, interfaces, ports.

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

const fn family_of(address: IpAddr) -> Family {
    if address.is_ipv4() { Family::V4 } else { Family::V6 }
}

/// The protocol of `-p`; `None` for all of them.
pub(super) fn protocol(word: &Word) -> Result<Option<Protocol>, Fault> {
    let lower = word.text.to_ascii_lowercase();
    let named = PROTOCOLS.iter().find(|(name, _)| *name == lower).map(|(_, number)| *number);
    match named.or_else(|| lower.parse().ok()) {
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

/// The ports of an option.
pub(super) fn ports(word: &Word, form: PortForm) -> Result<Ports, Fault> {
    let mut ports = Ports::new();
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
        if slot_count > 15 || ports.push(range).is_err() {
            return Err(Fault::new(place, "too many ports")
                .label("multiport takes 15, and a range counts as two")
                .help("make two rules of it"));
        }
    }
    Ok(ports)
}

fn port_range(word: &Word, part: Range<usize>, form: PortForm) -> Result<(u16, u16), Fault> {
    let text = word.text.get(part.clone()).unwrap_or_default();
    let Some(colon) = text.find(':') else {
        let port = port(word, part, form)?;
        return Ok((port, port));
    };
    let (left, right) = (part.start..part.start + colon, part.start + colon + 1..part.end);
    let low = match (left.is_empty(), form) {
        (true, PortForm::One) => 0,
        _ => port(word, left, form)?,
    };
    let high = match (right.is_empty(), form) {
        (true, PortForm::One) => u16::MAX,
        _ => port(word, right, form)?,
    };
    if low > high {
        return Err(Fault::new(word.part(part), "the port range runs backwards")
            .label("the smaller port stands first"));
    }
    Ok((low, high))
}

fn port(word: &Word, part: Range<usize>, form: PortForm) -> Result<u16, Fault> {
    let text = word.text.get(part.clone()).unwrap_or_default();
    let fault = |title: String| Fault::new(word.part(part.clone()), title);
    if text.is_empty() {
        return Err(fault("a port is missing".to_owned()).label("0-65535"));
    }
    if text.len() > 1
        && text.starts_with('0')
        && !text.contains(|c: char| !c.is_ascii_hexdigit() && c != 'x')
    {
        return Err(fault(format!("port `{text}` begins with 0"))
            .label("iptables would read it as octal or hexadecimal"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text
            .parse::<u16>()
            .map_err(|_| out_of_range(fault(format!("port {text} is out of range")), text, form));
    }
    let service = SERVICES.iter().find(|(name, _)| *name == text);
    service.map(|(_, port)| *port).ok_or_else(|| {
        let fault = fault(format!("unknown service `{text}`"));
        if text == "!" {
            return fault.label("not a port").help("`!` stands before the option");
        }
        fault
            .label("write the port as a number")
            .did_you_mean(text, SERVICES.iter().map(|(name, _)| *name))
    })
}

fn out_of_range(fault: Fault, text: &str, form: PortForm) -> Fault {
    let fault = fault.label("0-65535");
    match (text.parse::<u32>(), form) {
        (Ok(port), PortForm::One) => {
            let installed = port % 65536;
            fault.note(format!(
                "iptables 1.8.9 accepts it and installs port {installed} ({port} mod 65536)"
            ))
        }
        _ => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        Word { text: text.to_owned(), span: 0..text.len() }
    }

    fn shown<T>(result: Result<T, Fault>, show: impl Fn(T) -> String) -> String {
        result.map_or_else(|fault| format!("at {:?}", fault.span), show)
    }

    #[test]
    fn networks_have_masks_of_every_form() {
        let show = |networks: Vec<Network>| {
            let shown = networks.iter().map(|net| format!("{}/{}", net.address, net.mask));
            shown.collect::<Vec<_>>().join(" ")
        };
        let cases = [
            (Family::V4, "10.1.2.3", "10.1.2.3/255.255.255.255"),
            (Family::V4, "10.0.0.0/9", "10.0.0.0/255.128.0.0"),
            (Family::V4, "10.1.0.3/255.255.0.255", "10.1.0.3/255.255.0.255"),
            (Family::V4, "any/0", "0.0.0.0/0.0.0.0"),
            (
                Family::V4,
                "10.0.0.1,10.0.0.2/31",
                "10.0.0.1/255.255.255.255 10.0.0.2/255.255.255.254",
            ),
            (Family::V6, "fd00::/8", "fd00::/ff00::"),
            (Family::V6, "::1", "::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            (Family::V6, "::1/ffff::ffff", "::1/ffff::ffff"),
            (Family::V4, "10.0.0.0/33", "at 0..11"),
            (Family::V4, "10.0.0.1,10.0.0.0/-1", "at 9..20"),
            (Family::V4, "10.0.0.1,,10.0.0.2", "at 9..9"),
            (Family::V4, "gateway", "at 0..7"),
            (Family::V4, "::1", "at 0..3"),
            (Family::V6, "10.0.0.1", "at 0..8"),
            (Family::V6, "::/129", "at 0..6"),
        ];
        for (family, text, expected) in cases {
            assert_eq!(shown(networks(&word(text), family), show), expected, "{text}");
        }
    }

    #[test]
    fn ports_are_single_ranges_or_lists() {
        let cases = [
            (PortForm::One, "53", "[(53, 53)]"),
            (PortForm::One, "domain", "[(53, 53)]"),
            (PortForm::One, "30000:40000", "[(30000, 40000)]"),
            (PortForm::One, ":53", "[(0, 53)]"),
            (PortForm::One, "53:", "[(53, 65535)]"),
            (PortForm::One, "0", "[(0, 0)]"),
            (PortForm::One, "65536", "at 0..5"),
            (PortForm::One, "53:65536", "at 3..8"),
            (PortForm::One, "60:50", "at 0..5"),
            (PortForm::One, "053", "at 0..3"),
            (PortForm::One, "0x35", "at 0..4"),
            (PortForm::One, "1:2:3", "at 2..5"),
            (PortForm::One, "80,443", "at 2..6"),
            (PortForm::One, "domian", "at 0..6"),
            (PortForm::List, "22,ssh:http,443", "[(22, 22), (22, 80), (443, 443)]"),
            (PortForm::List, "22,:80", "at 3..3"),
            (PortForm::List, "22,99999", "at 3..8"),
            (
                PortForm::List,
                "1:2,1:2,1:2,1:2,1:2,1:2,1:2,1",
                "[(1, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 1)]",
            ),
            (PortForm::List, "1:2,1:2,1:2,1:2,1:2,1:2,1:2,1:2", "at 28..31"),
        ];
        for (form, text, expected) in cases {
            assert_eq!(shown(ports(&word(text), form), |ports| format!("{ports:?}")), expected);
        }
    }

    #[test]
    fn protocols_and_interfaces_have_names() {
        let protocols = [
            ("udp", "Some(Protocol(17))"),
            ("UDP", "Some(Protocol(17))"),
            ("vrrp", "Some(Protocol(112))"),
            ("132", "Some(Protocol(132))"),
            ("all", "None"),
            ("0", "None"),
            ("256", "at 0..3"),
            ("upd", "at 0..3"),
        ];
        for (text, expected) in protocols {
            assert_eq!(shown(protocol(&word(text)), |found| format!("{found:?}")), expected);
        }
        let show = |found: Option<IfPattern>| {
            found.map_or("any".to_owned(), |found| format!("{:?} {}", found.name, found.prefix))
        };
        let interfaces = [
            ("lo", "\"lo\" false"),
            ("eth+", "\"eth\" true"),
            ("+", "any"),
            ("", "at 0..0"),
            ("a-name-of-16-byt", "at 0..16"),
            ("a-name-of-15-by", "\"a-name-of-15-by\" false"),
            ("l\u{fffd}", "at 0..4"),
        ];
        for (text, expected) in interfaces {
            assert_eq!(shown(interface(&word(text)), show), expected, "{text}");
        }
    }
}
