//! Values that nft has names for: messages of ICMP, flags of TCP, kinds of packets.

use keeptrack_core::raw::{Family, IcmpTypes, PacketKind};

use super::key::Key;
use crate::diagnostic::Fault;
use crate::rules::values::of_any_base;
use crate::rules::words::Word;

/// Types of ICMP (RFC 792, RFC 950, RFC 1256).
const ICMP: [(&str, u8); 15] = [
    ("echo-reply", 0),
    ("destination-unreachable", 3),
    ("source-quench", 4),
    ("redirect", 5),
    ("echo-request", 8),
    ("router-advertisement", 9),
    ("router-solicitation", 10),
    ("time-exceeded", 11),
    ("parameter-problem", 12),
    ("timestamp-request", 13),
    ("timestamp-reply", 14),
    ("info-request", 15),
    ("info-reply", 16),
    ("address-mask-request", 17),
    ("address-mask-reply", 18),
];

/// Types of ICMPv6 (RFC 4443, RFC 4861, RFC 2710, RFC 3810, RFC 2894, RFC 3122).
const ICMPV6: [(&str, u8); 19] = [
    ("destination-unreachable", 1),
    ("packet-too-big", 2),
    ("time-exceeded", 3),
    ("parameter-problem", 4),
    ("echo-request", 128),
    ("echo-reply", 129),
    ("mld-listener-query", 130),
    ("mld-listener-report", 131),
    ("mld-listener-done", 132),
    ("mld-listener-reduction", 132),
    ("nd-router-solicit", 133),
    ("nd-router-advert", 134),
    ("nd-neighbor-solicit", 135),
    ("nd-neighbor-advert", 136),
    ("nd-redirect", 137),
    ("router-renumbering", 138),
    ("ind-neighbor-solicit", 141),
    ("ind-neighbor-advert", 142),
    ("mld2-listener-report", 143),
];

/// The flags of a TCP header (RFC 9293, RFC 3168).
const FLAGS: [(&str, u32); 8] = [
    ("fin", 0x01),
    ("syn", 0x02),
    ("rst", 0x04),
    ("psh", 0x08),
    ("ack", 0x10),
    ("urg", 0x20),
    ("ecn", 0x40),
    ("cwr", 0x80),
];

/// The messages of one type, by its name or number.
pub(super) fn icmp(word: &Word, family: Family) -> Result<IcmpTypes, Fault> {
    let names: &[(&str, u8)] = match family {
        Family::V4 => &ICMP,
        Family::V6 => &ICMPV6,
    };
    let named = names.iter().find(|(name, _)| *name == word.text).map(|(_, kind)| *kind);
    let kind = named.or_else(|| of_any_base(&word.text)).ok_or_else(|| {
        Fault::new(word.span.clone(), format!("unknown kind of ICMP `{}`", word.text))
            .label("neither a name of it nor a number")
            .did_you_mean(&word.text, names.iter().map(|(name, _)| *name))
    })?;
    Ok(IcmpTypes { kind, codes: (0, u8::MAX) })
}

/// One length, or a range of them, both ends included.
pub(super) fn length(word: &Word) -> Result<(u16, u16), Fault> {
    let (least, most) = word.text.split_once('-').unwrap_or((&word.text, &word.text));
    let range = of_any_base(least).zip(of_any_base(most));
    range.filter(|(least, most)| least <= most).ok_or_else(|| {
        Fault::new(word.span.clone(), format!("`{}` is not a length", word.text))
            .label("a number of bytes up to 65535, or two with `-` between them")
    })
}

/// Whom a packet is for.
pub(super) fn kind(word: &Word) -> Result<PacketKind, Fault> {
    match word.text.as_str() {
        "host" | "unicast" => Ok(PacketKind::Unicast),
        "broadcast" => Ok(PacketKind::Broadcast),
        "multicast" => Ok(PacketKind::Multicast),
        text => Err(Fault::new(word.span.clone(), format!("unknown kind of packet `{text}`"))
            .label("host, broadcast or multicast")),
    }
}

/// A number of 32 bits, perhaps hexadecimal.
pub(super) fn number(word: &Word) -> Result<u32, Fault> {
    bits(Key::Mark, word)
}

/// Bits by name or number.
pub(super) fn bits(key: Key, word: &Word) -> Result<u32, Fault> {
    let named = FLAGS.iter().filter(|_| key == Key::TcpFlags);
    let named = named.clone().find(|(name, _)| *name == word.text).map(|(_, bit)| *bit);
    named.or_else(|| of_any_base(&word.text)).ok_or_else(|| {
        let fault = Fault::new(word.span.clone(), format!("`{}` are not bits", word.text));
        match key {
            Key::TcpFlags => fault
                .label("not a flag of TCP")
                .did_you_mean(&word.text, FLAGS.iter().map(|(name, _)| *name)),
            _ => fault.label("a number, perhaps hexadecimal"),
        }
    })
}
