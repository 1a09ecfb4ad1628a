//! `-o expectations`: what `conntrack -L expect` or /proc/net/nf_conntrack_expect would print at the
//! end.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keeptrack_core::{Ends, Expectation, Instant, Protocol, Tuple};

use crate::conntrack::{self, Form};
use crate::replay::Tracker;

/// Writes a line for each connection that is expected at the moment `now`, the oldest announcement
/// first.
///
/// # Errors
/// When `out` does not take it.
pub(crate) fn expectations(
    out: &mut dyn Write,
    (table, now): (&Tracker, Instant),
    form: Form,
) -> io::Result<()> {
    let mut expected: Vec<Expectation> = table.expectations().collect();
    expected.sort_by_cached_key(|expectation| (expectation.expiry, expectation.master.to_string()));
    for expectation in expected {
        writeln!(out, "{}", listed(&expectation, now).as_listed(form))?;
    }
    Ok(())
}

/// As the kernel tells of it, which keeps the zone to itself.
fn listed(expectation: &Expectation, now: Instant) -> conntrack::Expectation {
    let all: IpAddr = match expectation.tuple.source {
        IpAddr::V4(_) => Ipv4Addr::BROADCAST.into(),
        IpAddr::V6(_) => Ipv6Addr::from_bits(u128::MAX).into(),
    };
    let ends = Ends::Ports { source: 0, destination: u16::MAX };
    conntrack::Expectation {
        timeout: Some(expectation.expiry.since(now) / 1000),
        mask: Some(Tuple { source: all, destination: all, protocol: Protocol::TCP, ends }),
        master: Some(expectation.master),
        class: Some(0),
        helper: Some(expectation.helper.name().into()),
        ..conntrack::Expectation::new(expectation.tuple)
    }
}
