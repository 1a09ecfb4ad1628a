//! The names that conntrack has for protocols and their states.

use keeptrack_core::{Ends, Protocol, Tuple};

/// DCCP, which Linux tracked until 6.15 and whose name conntrack-tools still know.
pub(super) const DCCP: Protocol = Protocol(33);

/// What has a name. Also the protocols of which the save form prints more than the number.
const NAMED: [Protocol; 8] = [
    Protocol::TCP,
    Protocol::UDP,
    Protocol::ICMP,
    Protocol::ICMPV6,
    Protocol::GRE,
    Protocol::SCTP,
    Protocol::UDPLITE,
    DCCP,
];

/// The names of TCP's states, by netlink's number; 9 was `LISTEN` once.
const TCP: [&str; 10] = [
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "SYN_SENT2",
];
const LISTEN: &str = "LISTEN";

/// The names of SCTP's states, by netlink's number.
const SCTP: [&str; 10] = [
    "NONE",
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT",
    "HEARTBEAT_SENT",
    "HEARTBEAT_ACKED",
];

/// The names of DCCP's states, by netlink's number.
const DCCP_STATES: [&str; 10] = [
    "NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT", "IGNORE",
    "INVALID",
];

/// The name of a protocol that conntrack-tools print: core's, and DCCP's.
pub(super) const fn name(protocol: Protocol) -> &'static str {
    match protocol {
        DCCP => "dccp",
        other => other.name(),
    }
}

/// The name that the kernel prints: DCCP has one where it has ports, so where it is tracked.
pub(super) const fn name_in_proc(tuple: &Tuple) -> &'static str {
    match (tuple.protocol, tuple.ends) {
        (DCCP, Ends::None) => "unknown",
        (protocol, _) => name(protocol),
    }
}

/// The protocol of that name.
pub(super) fn named(text: &str) -> Option<Protocol> {
    NAMED.into_iter().find(|protocol| name(*protocol) == text)
}

/// Whether entries of the protocol have ports in every form.
pub(super) const fn has_ports(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::TCP | Protocol::UDP | Protocol::SCTP | Protocol::UDPLITE)
}

/// The state of that name.
pub(super) fn state(protocol: Protocol, text: &str) -> Option<&'static str> {
    let known = states(protocol)?.iter().find(|known| **known == text).copied();
    known.or_else(|| (protocol == Protocol::TCP && text == LISTEN).then_some(LISTEN))
}

/// The state that XML means, which writes SCTP's and DCCP's under the name that TCP's state of the
/// same number has.
pub(super) fn state_in_xml(protocol: Protocol, text: &str) -> Option<&'static str> {
    let number = TCP.iter().position(|known| *known == text);
    number
        .and_then(|number| states(protocol)?.get(number).copied())
        .or_else(|| state(protocol, text))
}

fn states(protocol: Protocol) -> Option<&'static [&'static str]> {
    match protocol {
        Protocol::TCP => Some(&TCP),
        Protocol::SCTP => Some(&SCTP),
        DCCP => Some(&DCCP_STATES),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use keeptrack_core::Protocol;

    use super::{DCCP, state, state_in_xml};

    #[test]
    fn xml_names_every_state_as_tcp_does() {
        assert_eq!(state_in_xml(Protocol::TCP, "SYN_SENT"), Some("SYN_SENT"));
        assert_eq!(state_in_xml(Protocol::TCP, "LISTEN"), Some("LISTEN"));
        assert_eq!(state_in_xml(Protocol::SCTP, "SYN_SENT"), Some("CLOSED"));
        assert_eq!(state_in_xml(Protocol::SCTP, "CLOSED"), Some("CLOSED"));
        assert_eq!(state_in_xml(DCCP, "FIN_WAIT"), Some("OPEN"));
        assert_eq!(state_in_xml(Protocol::UDP, "SYN_SENT"), None);
        assert_eq!(state(Protocol::SCTP, "SYN_SENT"), None);
    }
}
