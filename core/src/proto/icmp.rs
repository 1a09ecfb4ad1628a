//! ICMP and ICMPv6 queries: only a request begins a connection, every packet renews it.

use super::Track;
use crate::config::Config;
use crate::invalid::Invalid;
use crate::tuple::{Ends, Protocol, Query, Tuple};

pub(super) fn first(tuple: &Tuple) -> Result<Track, Invalid> {
    if asks(tuple) { Ok(Track::Icmp) } else { Err(Invalid::QueryFirst) }
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
    match protocol {
        Protocol::ICMPV6 => config.timeouts.icmpv6,
        _ => config.timeouts.icmp,
    }
}
