//! Values of nft's fields: interfaces, addresses, ports, families.

use std::ops::Range;

use keeptrack_core::raw::{Family, IfPattern, Network, Ports};
use keeptrack_core::{IfName, Protocol};

use super::super::range;
use super::names::unsupported;
use crate::diagnostic::Fault;
use crate::rules::names::SERVICES;
use crate::rules::values;
use crate::rules::words::Word;

/// Headers of IPv6 that stand before what a packet carries (RFC 8200), which is all that is known
/// of it.
const EXTENSION_HEADERS: [u8; 4] = [0, 43, 44, 60];

/// A name of an interface, or its beginning; `None` for all of them.
pub(super) fn interface(word: &Word) -> Result<Option<IfPattern>, Fault> {
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

/// The networks of an address, a prefix or a range.
pub(super) fn networks(word: &Word, family: Family) -> Result<Vec<Network>, Fault> {
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

/// One port or a range.
pub(super) fn ports(word: &Word) -> Result<Ports, Fault> {
    let one = |part: Range<usize>| {
        let text = word.text.get(part.clone()).unwrap_or_default().to_owned();
        let word = Word { text, span: word.part(part) };
        values::ports(&word, values::PortForm::List).map(|(ports, _)| ports)
    };
    let len = word.text.len();
    let is_service = SERVICES.iter().any(|(name, _)| *name == word.text);
    let Some(dash) = word.text.find('-').filter(|_| !is_service) else { return one(0..len) };
    let (low, high) = (one(0..dash)?, one(dash + 1..len)?);
    match (low.as_slice(), high.as_slice()) {
        ([(low, _)], [(_, high)]) if low <= high => Ok([(*low, *high)].into_iter().collect()),
        _ => Err(Fault::new(word.span.clone(), "the port range runs backwards")
            .label("the smaller port stands first")),
    }
}

/// A protocol by name or number, as the IP header of that family has it, or behind all headers.
pub(super) fn protocol_of(word: &Word, of: Option<Family>) -> Result<Protocol, Fault> {
    if word.text == "all" {
        return Err(Fault::new(word.span.clone(), "unknown protocol `all`")
            .label("nft has no word for all of them: leave the match out"));
    }
    // Only iptables means all of them by 0.
    let protocol = values::protocol(word)?.unwrap_or(Protocol(0));
    if of == Some(Family::V6) && EXTENSION_HEADERS.contains(&protocol.0) {
        return Err(unsupported(word.span.clone(), &format!("ip6 nexthdr {}", word.text)));
    }
    Ok(protocol)
}

/// A family by name.
pub(super) fn family(word: &Word) -> Result<Family, Fault> {
    match word.text.as_str() {
        "ipv4" | "ip" => Ok(Family::V4),
        "ipv6" | "ip6" => Ok(Family::V6),
        text => Err(Fault::new(word.span.clone(), format!("`{text}` is not a family"))
            .label("ipv4 or ipv6")),
    }
}
