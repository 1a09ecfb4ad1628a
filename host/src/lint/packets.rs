//! Which packets rules mean: whether all of one rule's are another's, whether they share any, and
//! what their answers are.

use std::net::IpAddr;

use keeptrack_core::raw::{IcmpTypes, IfPattern, Matches, Network, Ports, Test};

use super::property::{Overlap, Property, rest, test_includes, test_meet};

/// The same of tests of whichever port: one may pass the one, the other the other.
fn either_meet(a: &Test<Ports>, b: &Test<Ports>) -> Option<Overlap<Test<Ports>>> {
    match (a, b) {
        (Test::Is(a), Test::Is(b)) if b.includes(a) => Some(Overlap::Exactly(a.clone())),
        (Test::Is(a), Test::Is(b)) if a.includes(b) => Some(Overlap::Exactly(b.clone())),
        (Test::Is(a), Test::Is(_)) => Some(Overlap::Within(a.clone())),
        (Test::Is(is), Test::Not(out)) | (Test::Not(out), Test::Is(is)) => {
            (!out.includes(is)).then(|| Overlap::Within(is.clone()))
        }
        _ => return test_meet(a, b),
    }
    .map(|overlap| overlap.map(Test::Is))
}

/// Whether all that `narrow` means is what `wide` means.
pub(super) fn includes(wide: &Matches, narrow: &Matches) -> bool {
    includes_beside_ports(wide, narrow)
        && test_includes(&wide.source_ports, &narrow.source_ports)
        && test_includes(&wide.destination_ports, &narrow.destination_ports)
}

fn includes_beside_ports(wide: &Matches, narrow: &Matches) -> bool {
    either_includes(&wide.either_ports, narrow)
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

/// Whether a test of whichever port is passed by all that `narrow` means.
fn either_includes(wide: &Test<Ports>, narrow: &Matches) -> bool {
    let Matches { source_ports, destination_ports, either_ports, .. } = narrow;
    let by = |ports: &Test<Ports>| test_includes(wide, ports);
    match wide {
        Test::Any => true,
        Test::Is(_) => by(either_ports) || by(source_ports) || by(destination_ports),
        // Neither port may be one of those.
        Test::Not(_) => {
            let is_neither = matches!(either_ports, Test::Not(_)) && by(either_ports);
            is_neither || (by(source_ports) && by(destination_ports))
        }
    }
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

/// What two rules mean together.
pub(super) struct Meeting {
    /// What both mean, or somewhat more.
    pub(super) matches: Matches,
    /// Whether it is no more.
    pub(super) is_exact: bool,
}

impl Meeting {
    /// What both mean; `None`: there is no such packet.
    pub(super) fn of(a: &Matches, b: &Matches) -> Option<Self> {
        let family = match (a.family, b.family) {
            (Some(a), Some(b)) if a != b => return None,
            (a, b) => a.or(b),
        };
        let mut all = Self { matches: Matches { family, ..a.clone() }, is_exact: true };
        for set in b.sets.iter().filter(|set| !a.sets.contains(set)) {
            // Without it they are more.
            all.is_exact &= all.matches.sets.push(set.clone()).is_ok();
        }
        all.matches.input = all.both(test_meet(&a.input, &b.input))?;
        all.matches.output = all.both(test_meet(&a.output, &b.output))?;
        all.matches.source = all.both(test_meet(&a.source, &b.source))?;
        all.matches.destination = all.both(test_meet(&a.destination, &b.destination))?;
        all.matches.protocol = all.both(test_meet(&a.protocol, &b.protocol))?;
        all.matches.source_ports = all.both(test_meet(&a.source_ports, &b.source_ports))?;
        all.matches.destination_ports =
            all.both(test_meet(&a.destination_ports, &b.destination_ports))?;
        all.matches.either_ports = all.both(either_meet(&a.either_ports, &b.either_ports))?;
        all.matches.tcp_flags = all.both(test_meet(&a.tcp_flags, &b.tcp_flags))?;
        all.matches.icmp = all.both(test_meet(&a.icmp, &b.icmp))?;
        all.matches.len = all.both(test_meet(&a.len, &b.len))?;
        all.matches.kind = all.both(test_meet(&a.kind, &b.kind))?;
        all.matches.mark = all.both(test_meet(&a.mark, &b.mark))?;
        all.matches.state = all.both(test_meet(&a.state, &b.state))?;
        Some(all)
    }

    /// What two tests have in common, which is not exact if it is only what they have it in.
    fn both<T>(&mut self, overlap: Option<Overlap<T>>) -> Option<T> {
        match overlap? {
            Overlap::Exactly(test) => Some(test),
            Overlap::Within(test) => {
                self.is_exact = false;
                Some(test)
            }
        }
    }
}

/// What both mean, or somewhat more; `None`: there is no such packet.
pub(super) fn meet(a: &Matches, b: &Matches) -> Option<Matches> {
    Meeting::of(a, b).map(|met| met.matches)
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

/// Whether packets never leave this host.
pub(super) fn loops(one: &Matches) -> bool {
    is_loopback(&one.input)
        || is_loopback(&one.output)
        || is_of_kind(&one.source, of_loopback)
        || is_of_kind(&one.destination, of_loopback)
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
    use keeptrack_core::Protocol;

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

    #[test]
    fn what_is_common_is_told_from_what_it_is_in() {
        let is_exact = |a: &Matches, b: &Matches| Meeting::of(a, b).map(|met| met.is_exact);
        let either = |either_ports| Matches { either_ports, ..Matches::default() };
        let not = |test| match test {
            Test::Is(ports) => Test::Not(ports),
            other => other,
        };
        let (all, some) = (ports(&[(1, 99)]), ports(&[(53, 53)]));
        assert_eq!(is_exact(&either(all.clone()), &either(some.clone())), Some(true));
        assert_eq!(is_exact(&either(all.clone()), &either(not(some.clone()))), Some(false));
        assert_eq!(is_exact(&either(some.clone()), &either(ports(&[(123, 123)]))), Some(false));
        assert_eq!(is_exact(&either(some.clone()), &either(not(all.clone()))), None);
        let many =
            |from: u16| to(&(0..9).map(|n| (from + n * 20, n * 20 + 30)).collect::<Vec<_>>());
        assert_eq!(is_exact(&many(0), &many(5)), Some(false));
        // Neither port is 53: that one is 123 says nothing of the other.
        let wide = either(not(some));
        assert!(!includes(&wide, &to(&[(123, 123)])));
        let narrow = Matches { source_ports: ports(&[(99, 99)]), ..to(&[(123, 123)]) };
        assert!(includes(&wide, &narrow));
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
