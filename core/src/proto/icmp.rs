//! ICMP and ICMPv6 queries: only a request begins a connection, every packet renews it.

use super::Track;
use crate::config::Config;
use crate::invalid::Invalid;
use crate::timeout::Timeout;
use crate::tuple::{Ends, Protocol, Query, Tuple};

pub(super) fn first(tuple: &Tuple, config: &Config) -> Result<(Track, u32), Invalid> {
    match tuple.ends {
        Ends::Query { kind, .. } if Query::of(tuple.protocol, kind) == Some(Query::Request) => {
            Ok((Track::Icmp, seconds(tuple.protocol, config)))
        }
        _ => Err(Invalid::QueryFirst),
    }
}

pub(super) fn seconds(protocol: Protocol, config: &Config) -> u32 {
    config.timeouts.seconds(match protocol {
        Protocol::ICMPV6 => Timeout::Icmpv6,
        _ => Timeout::Icmp,
    })
}
