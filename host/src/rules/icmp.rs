//! Messages of ICMP and ICMPv6 by the names and numbers of iptables.

use keeptrack_core::raw::{Family, IcmpTypes};

use super::values::of_any_base;
use super::words::Word;
use crate::diagnostic::Fault;

/// A name, its type, and its code if it has one.
type Named = (&'static str, u8, Option<u8>);

/// Names of ICMP (RFC 792, RFC 950, RFC 1256, RFC 1812).
const V4: [Named; 41] = [
    ("echo-reply", 0, None),
    ("pong", 0, None),
    ("destination-unreachable", 3, None),
    ("network-unreachable", 3, Some(0)),
    ("host-unreachable", 3, Some(1)),
    ("protocol-unreachable", 3, Some(2)),
    ("port-unreachable", 3, Some(3)),
    ("fragmentation-needed", 3, Some(4)),
    ("source-route-failed", 3, Some(5)),
    ("network-unknown", 3, Some(6)),
    ("host-unknown", 3, Some(7)),
    ("network-prohibited", 3, Some(9)),
    ("host-prohibited", 3, Some(10)),
    ("TOS-network-unreachable", 3, Some(11)),
    ("TOS-host-unreachable", 3, Some(12)),
    ("communication-prohibited", 3, Some(13)),
    ("host-precedence-violation", 3, Some(14)),
    ("precedence-cutoff", 3, Some(15)),
    ("source-quench", 4, None),
    ("redirect", 5, None),
    ("network-redirect", 5, Some(0)),
    ("host-redirect", 5, Some(1)),
    ("TOS-network-redirect", 5, Some(2)),
    ("TOS-host-redirect", 5, Some(3)),
    ("echo-request", 8, None),
    ("ping", 8, None),
    ("router-advertisement", 9, None),
    ("router-solicitation", 10, None),
    ("time-exceeded", 11, None),
    ("ttl-exceeded", 11, None),
    ("ttl-zero-during-transit", 11, Some(0)),
    ("ttl-zero-during-reassembly", 11, Some(1)),
    ("parameter-problem", 12, None),
    ("ip-header-bad", 12, Some(0)),
    ("required-option-missing", 12, Some(1)),
    ("timestamp-request", 13, None),
    ("timestamp-reply", 14, None),
    ("information-request", 15, None),
    ("information-reply", 16, None),
    ("address-mask-request", 17, None),
    ("address-mask-reply", 18, None),
];

/// Names of ICMPv6 (RFC 4443, RFC 4861).
const V6: [Named; 28] = [
    ("destination-unreachable", 1, None),
    ("no-route", 1, Some(0)),
    ("communication-prohibited", 1, Some(1)),
    ("beyond-scope", 1, Some(2)),
    ("address-unreachable", 1, Some(3)),
    ("port-unreachable", 1, Some(4)),
    ("failed-policy", 1, Some(5)),
    ("reject-route", 1, Some(6)),
    ("packet-too-big", 2, None),
    ("time-exceeded", 3, None),
    ("ttl-exceeded", 3, None),
    ("ttl-zero-during-transit", 3, Some(0)),
    ("ttl-zero-during-reassembly", 3, Some(1)),
    ("parameter-problem", 4, None),
    ("bad-header", 4, Some(0)),
    ("unknown-header-type", 4, Some(1)),
    ("unknown-option", 4, Some(2)),
    ("echo-request", 128, None),
    ("ping", 128, None),
    ("echo-reply", 129, None),
    ("pong", 129, None),
    ("router-solicitation", 133, None),
    ("router-advertisement", 134, None),
    ("neighbour-solicitation", 135, None),
    ("neighbor-solicitation", 135, None),
    ("neighbour-advertisement", 136, None),
    ("neighbor-advertisement", 136, None),
    ("redirect", 137, None),
];

/// The messages that a word names: `echo-request`, `8`, `3/4`; `None` for all of them (`any`).
pub(super) fn types(word: &Word, family: Family) -> Result<Option<IcmpTypes>, Fault> {
    let (text, known) = (word.text.as_str(), names(family));
    if text.eq_ignore_ascii_case("any") || (family == Family::V4 && text == "255") {
        return Ok(None);
    }
    let named = known.iter().find(|(name, ..)| name.eq_ignore_ascii_case(text));
    if let Some(&(_, kind, code)) = named {
        let codes = code.map_or((0, u8::MAX), |code| (code, code));
        return Ok(Some(IcmpTypes { kind, codes }));
    }
    let (kind, code) = text.split_once('/').unzip();
    let code = code.map(of_any_base::<u8>);
    match (of_any_base(kind.unwrap_or(text)), code) {
        (Some(kind), None | Some(Some(_))) => {
            let codes = code.flatten().map_or((0, u8::MAX), |code| (code, code));
            Ok(Some(IcmpTypes { kind, codes }))
        }
        _ => Err(Fault::new(word.span.clone(), format!("unknown kind of ICMP `{text}`"))
            .label("neither a name of it nor TYPE or TYPE/CODE in numbers")
            .did_you_mean(text, known.iter().map(|(name, ..)| *name))),
    }
}

/// Its names in that family.
const fn names(family: Family) -> &'static [Named] {
    match family {
        Family::V4 => &V4,
        Family::V6 => &V6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, family: Family) -> Result<Option<(u8, u8, u8)>, ()> {
        let word = Word { text: text.to_owned(), span: 0..text.len() };
        let types = types(&word, family).map_err(drop)?;
        Ok(types.map(|types| (types.kind, types.codes.0, types.codes.1)))
    }

    #[test]
    fn messages_have_names_and_numbers() {
        let cases = [
            ("echo-request", Family::V4, Ok(Some((8, 0, 255)))),
            ("echo-request", Family::V6, Ok(Some((128, 0, 255)))),
            ("fragmentation-needed", Family::V4, Ok(Some((3, 4, 4)))),
            ("packet-too-big", Family::V6, Ok(Some((2, 0, 255)))),
            ("3/13", Family::V4, Ok(Some((3, 13, 13)))),
            ("8", Family::V4, Ok(Some((8, 0, 255)))),
            ("any", Family::V4, Ok(None)),
            ("255", Family::V4, Ok(None)),
            ("255", Family::V6, Ok(Some((255, 0, 255)))),
            ("packet-too-big", Family::V4, Err(())),
            ("3/", Family::V4, Err(())),
            ("256", Family::V4, Err(())),
        ];
        for (text, family, expected) in cases {
            assert_eq!(read(text, family), expected, "{text}");
        }
    }
}
