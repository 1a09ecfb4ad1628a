//! Which timeouts are worth a try at which lower values, and below which an RFC would not go.

use keeptrack_core::Timeout;

/// What an RFC says of a timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Floor {
    /// The least, in seconds. It is for NAT: an address or port that is given away too early may be
    /// somebody else's when the connection goes on.
    pub(super) seconds: u32,
    pub(super) rfc: &'static str,
}

const UDP: Floor = Floor { seconds: 120, rfc: "RFC 4787, section 4.3" };
const TCP_OPEN: Floor = Floor { seconds: 7440, rfc: "RFC 5382, section 5" };
const TCP_TRANSITORY: Floor = Floor { seconds: 240, rfc: "RFC 5382, section 5" };
const ICMP: Floor = Floor { seconds: 60, rfc: "RFC 5508" };

/// The values that are tried, in seconds; those that are lower than what is set.
const VALUES: [(Timeout, &[u32]); 18] = [
    (Timeout::TcpEstablished, &[86_400, 7440, 3600, 600]),
    (Timeout::TcpTimeWait, &[60, 30]),
    (Timeout::TcpSynSent, &[60, 30]),
    (Timeout::TcpSynRecv, &[30]),
    (Timeout::TcpFinWait, &[60, 30]),
    (Timeout::TcpCloseWait, &[30]),
    (Timeout::TcpLastAck, &[15]),
    (Timeout::Udp, &[20, 10]),
    (Timeout::UdpStream, &[60, 20]),
    (Timeout::Icmp, &[10]),
    (Timeout::Icmpv6, &[10]),
    (Timeout::Gre, &[10]),
    (Timeout::GreStream, &[60]),
    (Timeout::SctpEstablished, &[60]),
    (Timeout::SctpHeartbeatSent, &[10]),
    (Timeout::SctpClosed, &[5]),
    (Timeout::TcpSynSent2, &[60]),
    (Timeout::Generic, &[120, 60]),
];

/// The timeouts that are tried, and at which values.
pub(super) fn values() -> impl Iterator<Item = (Timeout, &'static [u32])> {
    VALUES.into_iter()
}

/// What an RFC says of a timeout, if one does. TIME_WAIT and CLOSE are left to the one who
/// implements them; a UDP port below 1024 may have less than others.
pub(super) const fn floor(timeout: Timeout) -> Option<Floor> {
    match timeout {
        Timeout::Udp | Timeout::UdpStream => Some(UDP),
        Timeout::TcpEstablished => Some(TCP_OPEN),
        Timeout::TcpSynSent
        | Timeout::TcpSynSent2
        | Timeout::TcpSynRecv
        | Timeout::TcpFinWait
        | Timeout::TcpCloseWait
        | Timeout::TcpLastAck => Some(TCP_TRANSITORY),
        Timeout::Icmp => Some(ICMP),
        _ => None,
    }
}
