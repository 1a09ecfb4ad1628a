//! Ranges of addresses as networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keeptrack_core::raw::{Family, Network};

/// The fewest networks that hold the addresses from `first` to `last` and no other; `None` when
/// they are of two families or in the wrong order.
pub(super) fn networks(first: IpAddr, last: IpAddr) -> Option<Vec<Network>> {
    let (family, first, last) = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            (Family::V4, first.to_bits().into(), last.to_bits().into())
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => (Family::V6, first.to_bits(), last.to_bits()),
        _ => return None,
    };
    Some(numbered(family, first, last)).filter(|networks| !networks.is_empty())
}

/// The same of addresses as numbers; none when they are in the wrong order.
pub(super) fn numbered(family: Family, first: u128, last: u128) -> Vec<Network> {
    let address = |bits: u128| match family {
        Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(bits)),
        // All bits above are 0, or ones of a mask.
        Family::V4 => IpAddr::V4(Ipv4Addr::from_bits(
            u32::try_from(bits & u128::from(u32::MAX)).unwrap_or_default(),
        )),
    };
    let blocks = blocks(first, last).unwrap_or_default().into_iter();
    blocks.map(|(start, mask)| Network { address: address(start), mask: address(mask) }).collect()
}

/// The beginning and the mask of each of the fewest blocks that hold those numbers; `None` when
/// they are in the wrong order.
pub(super) fn blocks(first: u128, last: u128) -> Option<Vec<(u128, u128)>> {
    let mut blocks = Vec::new();
    let mut start = first;
    while start <= last {
        // The largest block that may begin here and that does not reach beyond the end.
        let mut rest = match start.trailing_zeros() {
            128 => u128::MAX,
            zeros => (1 << zeros) - 1,
        };
        while rest > last - start {
            rest >>= 1;
        }
        blocks.push((start, !rest));
        match start.checked_add(rest).and_then(|end| end.checked_add(1)) {
            Some(next) => start = next,
            None => break,
        }
    }
    (!blocks.is_empty()).then_some(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_the_fewest_networks() {
        let shown = |first: &str, last: &str| {
            let networks = networks(first.parse().unwrap(), last.parse().unwrap())?;
            let shown = networks.iter().map(|net| format!("{}/{}", net.address, net.mask));
            Some(shown.collect::<Vec<_>>().join(" "))
        };
        let text = "10.1.1.10/255.255.255.254 10.1.1.12/255.255.255.252 \
            10.1.1.16/255.255.255.252 10.1.1.20/255.255.255.255";
        assert_eq!(shown("10.1.1.10", "10.1.1.20").as_deref(), Some(text));
        assert_eq!(shown("0.0.0.0", "255.255.255.255").as_deref(), Some("0.0.0.0/0.0.0.0"));
        let all = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        assert_eq!(shown("::", all).as_deref(), Some("::/::"));
        assert_eq!(shown("fd00::1", "fd00::1"), Some(format!("fd00::1/{all}")));
        assert_eq!(shown("10.0.0.2", "10.0.0.1"), None);
        assert_eq!(shown("10.0.0.2", "::1"), None);
    }
}
