//! ICMP and ICMPv6 queries: only a request begins a connection, every packet renews it.

use super::Track;
use crate::config::Config;
use crate::invalid::Invalid;
use crate::timeout::Timeout;
use crate::tuple::{Ends, Protocol, Query, Tuple};

pub(super) fn first(tuple: &Tuple, config: &Config) -> Result<(Track, u32), Invalid> {
    if asks(tuple) {
        return Ok((Track::Icmp, seconds(tuple.protocol, config)));
    }
    Err(Invalid::QueryFirst)
}

/// Whether it is the tuple of a request, by the ICMP of its own family.
pub(super) fn asks(tuple: &Tuple) -> bool {
    let is_of_family = (tuple.protocol == Protocol::ICMP) == tuple.source.is_ipv4();
    let is_request = match tuple.ends {
        Ends::Query { kind, .. } => Query::of(tuple.protocol, kind) == Some(Query::Request),
        _ => false,
    };
    is_of_family && is_request
}

pub(super) fn seconds(protocol: Protocol, config: &Config) -> u32 {
    config.timeouts.seconds(timeout(protocol))
}

pub(super) const fn timeout(protocol: Protocol) -> Timeout {
    match protocol {
        Protocol::ICMPV6 => Timeout::Icmpv6,
        _ => Timeout::Icmp,
    }
}
