//! Which packets rules mean: whether all of one rule's are another's, whether they share any, and
//! what their answers are.

use std::net::IpAddr;

use keeptrack_core::Protocol;
use keeptrack_core::raw::{
    Bits, EarlyState, IcmpTypes, IfPattern, Matches, Network, PacketKind, Ports, Test,
};

/// A property of a packet that rules test.
trait Property: Clone + PartialEq {
    /// Whether all that is `other` is this.
    fn includes(&self, other: &Self) -> bool {
        self == other
    }

    /// Whether nothing is both.
    fn excludes(&self, other: &Self) -> bool {
        self != other
    }

    /// What is both, or somewhat more.
    fn meet(&self, other: &Self) -> Self {
        if self.includes(other) { other.clone() } else { self.clone() }
    }
}

impl Property for Protocol {}
impl Property for PacketKind {}
impl Property for EarlyState {}

impl Property for IfPattern {
    fn includes(&self, other: &Self) -> bool {
        if other.prefix && !self.prefix {
            return false;
        }
        self.holds(Some(&other.name))
    }

    fn excludes(&self, other: &Self) -> bool {
        !self.includes(other) && !other.includes(self)
    }
}

impl Property for Network {
    fn includes(&self, other: &Self) -> bool {
        let (mine, its) = (bits(self.mask), bits(other.mask));
        mine & its == mine && !self.excludes(other)
    }

    fn excludes(&self, other: &Self) -> bool {
        let both = bits(self.mask) & bits(other.mask);
        self.address.is_ipv4() != other.address.is_ipv4()
            || (bits(self.address) ^ bits(other.address)) & both != 0
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Property for Ports {
    fn includes(&self, other: &Self) -> bool {
        rest(other.to_vec(), self).is_empty()
    }

    fn excludes(&self, other: &Self) -> bool {
        self.meet(other).is_empty()
    }

    fn meet(&self, other: &Self) -> Self {
        let pairs = self.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
        let shared = pairs.map(|(a, b)| (a.0.max(b.0), a.1.min(b.1)));
        shared.filter(|(low, high)| low <= high).take(15).collect()
    }
}

/// The ranges without what is in `taken`.
fn rest(ranges: Vec<(u16, u16)>, taken: &Ports) -> Vec<(u16, u16)> {
    taken.iter().fold(ranges, |ranges, &(from, to)| {
        let cut = |(low, high): (u16, u16)| {
            let before = from.checked_sub(1).map(|end| (low, high.min(end)));
            let behind = to.checked_add(1).map(|start| (low.max(start), high));
            before.into_iter().chain(behind).filter(|(low, high)| low <= high)
        };
        ranges.into_iter().flat_map(cut).collect()
    })
}

impl Property for Bits {
    fn includes(&self, other: &Self) -> bool {
        self.mask & other.mask == self.mask && other.value & self.mask == self.value
    }

    fn excludes(&self, other: &Self) -> bool {
        (self.value ^ other.value) & self.mask & other.mask != 0
    }
}

impl Property for IcmpTypes {
    fn includes(&self, other: &Self) -> bool {
        self.kind == other.kind
            && (self.codes.0..=self.codes.1).contains(&other.codes.0)
            && other.codes.1 <= self.codes.1
    }

    fn excludes(&self, other: &Self) -> bool {
        self.kind != other.kind || self.codes.1 < other.codes.0 || other.codes.1 < self.codes.0
    }
}

impl Property for (u16, u16) {
    fn includes(&self, other: &Self) -> bool {
        self.0 <= other.0 && other.1 <= self.1
    }

    fn excludes(&self, other: &Self) -> bool {
        self.1 < other.0 || other.1 < self.0
    }
}

fn test_includes<T: Property>(wide: &Test<T>, narrow: &Test<T>) -> bool {
    match (wide, narrow) {
        (Test::Any, _) => true,
        (Test::Is(wide), Test::Is(narrow)) => wide.includes(narrow),
        (Test::Not(out), Test::Is(narrow)) => out.excludes(narrow),
        (Test::Not(out), Test::Not(more)) => more.includes(out),
        (_, _) => false,
    }
}

/// What passes both tests, or somewhat more; `None`: nothing does.
fn test_meet<T: Property>(a: &Test<T>, b: &Test<T>) -> Option<Test<T>> {
    Some(match (a, b) {
        (Test::Any, one) | (one, Test::Any) => one.clone(),
        (Test::Is(a), Test::Is(b)) if a.excludes(b) => return None,
        (Test::Is(a), Test::Is(b)) => Test::Is(a.meet(b)),
        (Test::Is(is), Test::Not(out)) | (Test::Not(out), Test::Is(is)) => {
            if out.includes(is) {
                return None;
            }
            Test::Is(is.clone())
        }
        (Test::Not(a), Test::Not(_)) => Test::Not(a.clone()),
    })
}

/// Whether all that `narrow` means is what `wide` means.
pub(super) fn includes(wide: &Matches, narrow: &Matches) -> bool {
    includes_beside_ports(wide, narrow)
        && test_includes(&wide.source_ports, &narrow.source_ports)
        && test_includes(&wide.destination_ports, &narrow.destination_ports)
}

fn includes_beside_ports(wide: &Matches, narrow: &Matches) -> bool {
    let either = test_includes(&wide.either_ports, &narrow.either_ports)
        || test_includes(&wide.either_ports, &narrow.source_ports)
        || test_includes(&wide.either_ports, &narrow.destination_ports);
    either
        && (wide.family.is_none() || wide.family == narrow.family)
        && test_includes(&wide.input, &narrow.input)
        && test_includes(&wide.output, &narrow.output)
        && test_includes(&wide.source, &narrow.source)
        && test_includes(&wide.destination, &narrow.destination)
        && test_includes(&wide.protocol, &narrow.protocol)
        && test_includes(&wide.tcp_flags, &narrow.tcp_flags)
        && test_includes(&wide.icmp, &narrow.icmp)
        && test_includes(&wide.len, &narrow.len)
        && test_includes(&wide.kind, &narrow.kind)
        && test_includes(&wide.mark, &narrow.mark)
        && test_includes(&wide.state, &narrow.state)
        && wide.sets.iter().all(|set| narrow.sets.contains(set))
}

/// Whether all that `narrow` means is meant by one of `wide`, or by several together that differ in
/// their ports.
pub(super) fn covered<'m>(narrow: &Matches, wide: impl Iterator<Item = &'m Matches>) -> bool {
    let like: Vec<&Matches> = wide.filter(|wide| includes_beside_ports(wide, narrow)).collect();
    if like.iter().any(|wide| includes(wide, narrow)) {
        return true;
    }
    let fields: [fn(&Matches) -> &Test<Ports>; 2] =
        [|matches| &matches.source_ports, |matches| &matches.destination_ports];
    let by = |field: usize| {
        let (mine, other) = (fields[field], fields[1 - field]);
        let Test::Is(ports) = mine(narrow) else { return false };
        let left = like.iter().filter(|wide| test_includes(other(wide), other(narrow))).fold(
            ports.to_vec(),
            |left, wide| match mine(wide) {
                Test::Is(taken) => rest(left, taken),
                _ => left,
            },
        );
        left.is_empty()
    };
    by(0) || by(1)
}

/// What both mean, or somewhat more; `None`: there is no such packet.
pub(super) fn meet(a: &Matches, b: &Matches) -> Option<Matches> {
    let family = match (a.family, b.family) {
        (Some(a), Some(b)) if a != b => return None,
        (a, b) => a.or(b),
    };
    let mut sets = a.sets.clone();
    for set in b.sets.iter().filter(|set| !a.sets.contains(set)) {
        // Without it they are more.
        let _ = sets.push(set.clone());
    }
    Some(Matches {
        family,
        input: test_meet(&a.input, &b.input)?,
        output: test_meet(&a.output, &b.output)?,
        source: test_meet(&a.source, &b.source)?,
        destination: test_meet(&a.destination, &b.destination)?,
        protocol: test_meet(&a.protocol, &b.protocol)?,
        source_ports: test_meet(&a.source_ports, &b.source_ports)?,
        destination_ports: test_meet(&a.destination_ports, &b.destination_ports)?,
        either_ports: test_meet(&a.either_ports, &b.either_ports)?,
        tcp_flags: test_meet(&a.tcp_flags, &b.tcp_flags)?,
        icmp: test_meet(&a.icmp, &b.icmp)?,
        len: test_meet(&a.len, &b.len)?,
        kind: test_meet(&a.kind, &b.kind)?,
        mark: test_meet(&a.mark, &b.mark)?,
        state: test_meet(&a.state, &b.state)?,
        sets,
    })
}

/// Whether there may be a packet that any of both mean.
pub(super) fn may_share(a: &[Matches], b: &[Matches]) -> bool {
    a.iter().any(|a| b.iter().any(|b| meet(a, b).is_some()))
}

/// The answers to such packets: who sent is asked of who receives. Of flags, lengths, marks and sets
/// nothing is known then, and of a query by ICMP the answer's type.
pub(super) fn answers(to: &Matches) -> Matches {
    Matches {
        family: to.family,
        input: to.output.clone(),
        output: to.input.clone(),
        source: to.destination.clone(),
        destination: to.source.clone(),
        protocol: to.protocol.clone(),
        source_ports: to.destination_ports.clone(),
        destination_ports: to.source_ports.clone(),
        either_ports: to.either_ports.clone(),
        icmp: match &to.icmp {
            Test::Is(types) => answer_type(types.kind)
                .map_or(Test::Any, |kind| Test::Is(IcmpTypes { kind, codes: types.codes })),
            _ => Test::Any,
        },
        ..Matches::default()
    }
}

/// The type of ICMP or ICMPv6 that answers, or that is answered by, such a message.
pub(super) const fn answer_type(kind: u8) -> Option<u8> {
    // Echo, timestamp, information and address mask; echo of IPv6.
    let pairs = [(8, 0), (13, 14), (15, 16), (17, 18), (128, 129)];
    let mut at = 0;
    while at < pairs.len() {
        let (asks, answers) = pairs[at];
        if kind == asks {
            return Some(answers);
        }
        if kind == answers {
            return Some(asks);
        }
        at += 1;
    }
    None
}

/// Whether a test asks for the loopback interface by name.
pub(super) fn is_loopback(test: &Test<IfPattern>) -> bool {
    matches!(test, Test::Is(pattern) if !pattern.prefix && pattern.name.as_bytes() == b"lo")
}

/// The test that asks for it.
pub(super) fn loopback() -> Test<IfPattern> {
    let name = keeptrack_core::IfName::new(b"lo");
    name.map_or(Test::Any, |name| Test::Is(IfPattern { name, prefix: false }))
}

/// Whether no address passes a test but such of a network that `of_kind` tells by its address and its
/// length.
pub(super) fn is_of_kind(test: &Test<Network>, of_kind: fn(IpAddr, u32) -> bool) -> bool {
    let Test::Is(Network { address, mask }) = test else { return false };
    let len = match mask {
        IpAddr::V4(mask) => mask.to_bits().leading_ones(),
        IpAddr::V6(mask) => mask.to_bits().leading_ones(),
    };
    of_kind(*address, len)
}

/// Addresses of this host's own loopback.
pub(super) fn of_loopback(address: IpAddr, len: u32) -> bool {
    address.is_loopback() && len >= if address.is_ipv4() { 8 } else { 128 }
}

/// Addresses of groups, and of all: nobody answers from one.
pub(super) fn of_group(address: IpAddr, len: u32) -> bool {
    match address {
        IpAddr::V4(address) => (address.is_multicast() && len >= 4) || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast() && len >= 8,
    }
}

/// Addresses that are reached without leaving the site.
pub(super) fn of_site(address: IpAddr, len: u32) -> bool {
    of_loopback(address, len)
        || of_group(address, len)
        || match address {
            IpAddr::V4(address) => {
                let [first, ..] = address.octets();
                (first == 10 && len >= 8)
                    || (address.is_private() && len >= 16)
                    || (first == 172 && address.is_private() && len >= 12)
                    || (address.is_link_local() && len >= 16)
            }
            IpAddr::V6(address) => {
                (address.is_unique_local() && len >= 7)
                    || (address.is_unicast_link_local() && len >= 10)
            }
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(ranges: &[(u16, u16)]) -> Test<Ports> {
        Test::Is(ranges.iter().copied().collect())
    }

    fn to(ranges: &[(u16, u16)]) -> Matches {
        Matches {
            protocol: Test::Is(Protocol::UDP),
            destination_ports: ports(ranges),
            ..Matches::default()
        }
    }

    #[test]
    fn several_rules_may_mean_together_what_one_means() {
        let narrow = to(&[(80, 443)]);
        let halves = [to(&[(0, 100)]), to(&[(101, 65535)])];
        assert!(covered(&narrow, halves.iter()));
        assert!(!covered(&narrow, halves.iter().take(1)));
        let other = Matches { protocol: Test::Is(Protocol::TCP), ..halves[1].clone() };
        assert!(!covered(&narrow, [&halves[0], &other].into_iter()));
    }

    #[test]
    fn tests_include_and_exclude_each_other() {
        let network = |text: &str, len: u32| {
            let mask = u32::MAX.checked_shl(32 - len).unwrap_or(0);
            Test::Is(Network { address: text.parse().unwrap(), mask: IpAddr::V4(mask.into()) })
        };
        let from = |source| Matches { source, ..Matches::default() };
        let (wide, narrow) = (from(network("10.0.0.0", 8)), from(network("10.1.0.0", 16)));
        assert!(includes(&wide, &narrow) && !includes(&narrow, &wide));
        assert_eq!(meet(&wide, &narrow), Some(narrow.clone()));
        let Test::Is(inside) = narrow.source.clone() else { unreachable!() };
        let outside = from(Test::Not(inside));
        assert_eq!(meet(&outside, &narrow), None);
        assert!(includes(&outside, &from(network("10.2.0.0", 16))));
        assert!(!includes(&outside, &wide));
        let not_lo = Matches { input: Test::Not(pattern("lo")), ..Matches::default() };
        let eth = Matches { input: Test::Is(pattern("eth0")), ..Matches::default() };
        assert!(includes(&not_lo, &eth) && !includes(&eth, &not_lo));
        assert_eq!(meet(&not_lo, &Matches { input: loopback(), ..Matches::default() }), None);
    }

    fn pattern(name: &str) -> IfPattern {
        let name = keeptrack_core::IfName::new(name.as_bytes()).unwrap();
        IfPattern { name, prefix: false }
    }

    #[test]
    fn an_answer_comes_from_where_the_question_went() {
        let question = Matches { source_ports: ports(&[(1024, 65535)]), ..to(&[(53, 53)]) };
        let answer = answers(&question);
        assert_eq!(answer.source_ports, question.destination_ports);
        assert_eq!(answers(&answer), question);
        assert_eq!(answer_type(8), Some(0));
        assert_eq!(answer_type(3), None);
    }
}
