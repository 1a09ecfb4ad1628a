//! Tests that are asked together: both of two, or either of two.

use keeptrack_core::raw::{Matches, Ports, Test};

/// What two tests are, asked together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Both {
    /// One test.
    One(Box<Matches>),
    /// A test that no packet passes.
    Never,
    /// Two that one rule cannot ask.
    Two,
}

/// Asks both.
pub(super) fn both(a: &Matches, b: &Matches) -> Both {
    let family = match (a.family, b.family) {
        (Some(a), Some(b)) if a != b => return Both::Never,
        (a, b) => a.or(b),
    };
    if let (Test::Is(a), Test::Is(b)) = (&a.protocol, &b.protocol)
        && a != b
    {
        return Both::Never;
    }
    let one = || {
        Some(Matches {
            family,
            input: field(&a.input, &b.input)?,
            output: field(&a.output, &b.output)?,
            source: field(&a.source, &b.source)?,
            destination: field(&a.destination, &b.destination)?,
            protocol: field(&a.protocol, &b.protocol)?,
            source_ports: field(&a.source_ports, &b.source_ports)?,
            destination_ports: field(&a.destination_ports, &b.destination_ports)?,
            either_ports: field(&a.either_ports, &b.either_ports)?,
            tcp_flags: field(&a.tcp_flags, &b.tcp_flags)?,
            icmp: field(&a.icmp, &b.icmp)?,
            len: field(&a.len, &b.len)?,
            kind: field(&a.kind, &b.kind)?,
            mark: field(&a.mark, &b.mark)?,
            state: field(&a.state, &b.state)?,
            // All of them must hold.
            sets: {
                let mut sets = a.sets.clone();
                sets.extend_from_slice(&b.sets).ok()?;
                sets
            },
        })
    };
    one().map_or(Both::Two, |one| Both::One(Box::new(one)))
}

fn field<T: Clone + PartialEq>(a: &Test<T>, b: &Test<T>) -> Option<Test<T>> {
    match (a, b) {
        (Test::Any, one) | (one, Test::Any) => Some(one.clone()),
        (a, b) => (a == b).then(|| a.clone()),
    }
}

/// The same alternatives in fewer tests: those that differ only in their ports are put together.
pub(super) fn joined(alternatives: Vec<Matches>) -> Vec<Matches> {
    let mut joined: Vec<Matches> = Vec::new();
    for next in alternatives {
        if !joined.last_mut().is_some_and(|last| join(last, &next)) {
            joined.push(next);
        }
    }
    joined
}

/// Adds the ports of `next` to those of `into`, if they are all that differs.
fn join(into: &mut Matches, next: &Matches) -> bool {
    let fields: [fn(&mut Matches) -> &mut Test<Ports>; 2] =
        [|matches| &mut matches.source_ports, |matches| &mut matches.destination_ports];
    fields.into_iter().any(|field| {
        let mut other = next.clone();
        let (Test::Is(ports), Test::Is(more)) = (field(into).clone(), field(&mut other).clone())
        else {
            return false;
        };
        *field(&mut other) = Test::Is(ports.clone());
        let all = || ports.iter().chain(&more).copied();
        if *into != other || all().count() > ports.capacity() {
            return false;
        }
        *field(into) = Test::Is(all().collect());
        true
    })
}

#[cfg(test)]
mod tests {
    use keeptrack_core::Protocol;
    use keeptrack_core::raw::Family;

    use super::*;

    fn of(protocol: Protocol, port: u16) -> Matches {
        let ports = Test::Is([(port, port)].into_iter().collect());
        Matches { protocol: Test::Is(protocol), destination_ports: ports, ..Matches::default() }
    }

    #[test]
    fn tests_of_one_field_are_one_none_or_two() {
        let v4 = Matches { family: Some(Family::V4), ..Matches::default() };
        let v6 = Matches { family: Some(Family::V6), ..Matches::default() };
        let udp = of(Protocol::UDP, 53);
        let expected = Matches { family: Some(Family::V4), ..udp.clone() };
        assert_eq!(both(&v4, &udp), Both::One(Box::new(expected)));
        assert_eq!(both(&v4, &v6), Both::Never);
        assert_eq!(both(&udp, &of(Protocol::TCP, 53)), Both::Never);
        assert_eq!(both(&udp, &of(Protocol::UDP, 54)), Both::Two);
    }

    #[test]
    fn only_ports_are_joined_and_no_more_than_fit() {
        let ports = |count: u16| (0..count).map(|port| of(Protocol::UDP, port)).collect();
        assert_eq!(joined(ports(15)).len(), 1);
        assert_eq!(joined(ports(31)).len(), 3);
        assert_eq!(joined(vec![of(Protocol::UDP, 1), of(Protocol::TCP, 2)]).len(), 2);
    }
}
