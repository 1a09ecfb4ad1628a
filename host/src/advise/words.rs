//! Changes, connections and states in words.

use std::fmt;
use std::net::SocketAddr;

use keeptrack_core::{Ends, Timeout, Tuple};

use super::change::{Change, Class, Role};
use super::forecast::Breaks;
use crate::units::{Clock, Count, Lasting};

/// `NOTRACK loopback`, `udp_timeout 30 -> 10`, `nf_conntrack_max 131072`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTrack(class) => write!(f, "NOTRACK {class}"),
            Self::Timeout { timeout, from, to } => write!(f, "{} {from} -> {to}", timeout.name()),
            Self::Size { max, .. } => write!(f, "nf_conntrack_max {max}"),
            Self::OnFull(spec) => write!(f, "on-full {spec}"),
        }
    }
}

/// `loopback (lo)`, `udp 53 asked from here`, `203.0.113.0/24`.
impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback => f.write_str("loopback (lo)"),
            Self::Service { protocol, port, role } => {
                let role = match role {
                    Role::Server => " served here",
                    Role::Client => " asked from here",
                    Role::Through => "",
                };
                write!(f, "{} {port}{role}", protocol.name())
            }
            Self::Prefix { address, len } => write!(f, "{address}/{len}"),
            Self::Within { address, len } => write!(f, "within {address}/{len}"),
            Self::Echo { protocol } => write!(f, "{} echo", protocol.name()),
        }
    }
}

/// What lives by a timeout: `tcp ESTABLISHED`, `udp stream`.
pub(super) fn state_name(timeout: Timeout) -> String {
    let name = timeout.name();
    let (protocol, state) = name.split_once("_timeout").unwrap_or((name, ""));
    match (protocol, state.trim_start_matches('_')) {
        (protocol, "") => protocol.to_owned(),
        (protocol @ ("tcp" | "sctp"), state) => format!("{protocol} {}", state.to_uppercase()),
        (protocol, state) => format!("{protocol} {state}"),
    }
}

/// A timeout, without what is zero: `30s`, `2m`, `5d`.
pub(super) fn lifetime(seconds: u32) -> String {
    let units = [(86_400, 'd'), (3600, 'h'), (60, 'm')];
    let whole =
        units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    whole.map_or_else(
        || format!("{seconds}s"),
        |(unit, letter)| format!("{}{letter}", seconds / unit),
    )
}

/// What a change breaks, a sentence each; none: nothing that shows.
pub(super) fn broken(breaks: &Breaks, from: Option<u32>) -> Vec<String> {
    let mut said = Vec::new();
    if breaks.cut > 0 {
        let cut = counted(breaks.cut, "connection", "connections");
        said.push(format!("{cut} cut while alive, of this capture alone:"));
        said.extend(breaks.cut_first.iter().map(|harmed| {
            let (tuple, silent) = (spoken(&harmed.tuple), Lasting(harmed.silent_ms));
            format!("  {tuple} spoke again at {} after {silent}", Clock(harmed.time))
        }));
        let others = breaks.cut.saturating_sub(breaks.cut_first.len() as u64);
        if others > 0 && !breaks.cut_first.is_empty() {
            said.push(format!("  and {}", counted(others, "other", "others")));
        }
    }
    if breaks.is_nat {
        said.push("there are rules of NAT: it would not translate these connections".into());
    }
    if breaks.is_unseen {
        said.push("filters see UNTRACKED packets, never ESTABLISHED ones".into());
    }
    if breaks.related_lost > 0 {
        let count = Count(breaks.related_lost);
        said.push(format!("ICMP errors that are RELATED no longer: {count}"));
    }
    if let Some(floor) = breaks.below {
        let least = Lasting(u64::from(floor.seconds) * 1000);
        let also = match from.filter(|from| *from < floor.seconds) {
            Some(from) => format!(", as are the {from}s of now"),
            None => String::new(),
        };
        said.push(format!("below the {least} that {} asks of NAT{also}", floor.rfc));
    }
    said
}

/// `1 entry`, `1,024 entries`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", Count(count), if count == 1 { one } else { many })
}

/// `udp 10.0.0.2:4000 -> 192.0.2.1:53`.
pub(super) fn spoken(tuple: &Tuple) -> String {
    let &Tuple { source, destination, protocol, ends } = tuple;
    let name = match protocol.name() {
        "unknown" => format!("protocol {}", protocol.0),
        name => name.to_owned(),
    };
    match ends {
        Ends::Ports { source: from, destination: to } => {
            let (from, to) = (SocketAddr::new(source, from), SocketAddr::new(destination, to));
            format!("{name} {from} -> {to}")
        }
        Ends::Query { kind, id, .. } => {
            format!("{name} {source} -> {destination} type {kind} id {id}")
        }
        Ends::Keys { .. } | Ends::None => format!("{name} {source} -> {destination}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Timeout, state_name};

    #[test]
    fn states_are_named_as_conntrack_names_them() {
        let cases = [
            (Timeout::TcpEstablished, "tcp ESTABLISHED"),
            (Timeout::SctpCookieWait, "sctp COOKIE_WAIT"),
            (Timeout::Udp, "udp"),
            (Timeout::UdpStream, "udp stream"),
            (Timeout::Icmpv6, "icmpv6"),
            (Timeout::Generic, "generic"),
        ];
        for (timeout, name) in cases {
            assert_eq!(state_name(timeout), name);
        }
    }
}
