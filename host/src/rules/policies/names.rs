//! The words of timeout policies: families, the protocols that have a tracker, and what of each a
//! policy sets.

use keeptrack_core::raw::Family;
use keeptrack_core::{MAX_SECONDS, Protocol, Timeout};

use crate::diagnostic::Fault;
use crate::rules::words::Word;

/// A protocol with a tracker of its own, or all that have none.
#[derive(Debug)]
pub(super) struct Tracker {
    /// As nfct calls it.
    pub(super) name: &'static str,
    number: u8,
    states: &'static [(&'static str, Timeout)],
}

/// As the kernel numbers what has no tracker of its own.
const GENERIC: Tracker =
    Tracker { name: "generic", number: 255, states: &[("TIMEOUT", Timeout::Generic)] };

const DATAGRAMS: &[(&str, Timeout)] =
    &[("UNREPLIED", Timeout::Udp), ("REPLIED", Timeout::UdpStream)];

/// The protocols that Linux 6.18 tracks.
const TRACKERS: [Tracker; 8] = [
    Tracker { name: "icmp", number: 1, states: &[("TIMEOUT", Timeout::Icmp)] },
    Tracker {
        name: "tcp",
        number: 6,
        states: &[
            ("SYN_SENT", Timeout::TcpSynSent),
            ("SYN_RECV", Timeout::TcpSynRecv),
            ("ESTABLISHED", Timeout::TcpEstablished),
            ("FIN_WAIT", Timeout::TcpFinWait),
            ("CLOSE_WAIT", Timeout::TcpCloseWait),
            ("LAST_ACK", Timeout::TcpLastAck),
            ("TIME_WAIT", Timeout::TcpTimeWait),
            ("CLOSE", Timeout::TcpClose),
            ("SYN_SENT2", Timeout::TcpSynSent2),
            ("RETRANS", Timeout::TcpMaxRetrans),
            ("UNACKNOWLEDGED", Timeout::TcpUnacknowledged),
        ],
    },
    Tracker { name: "udp", number: 17, states: DATAGRAMS },
    Tracker {
        name: "gre",
        number: 47,
        states: &[("UNREPLIED", Timeout::Gre), ("REPLIED", Timeout::GreStream)],
    },
    Tracker { name: "icmpv6", number: 58, states: &[("TIMEOUT", Timeout::Icmpv6)] },
    Tracker {
        name: "sctp",
        number: 132,
        states: &[
            ("CLOSED", Timeout::SctpClosed),
            ("COOKIE_WAIT", Timeout::SctpCookieWait),
            ("COOKIE_ECHOED", Timeout::SctpCookieEchoed),
            ("ESTABLISHED", Timeout::SctpEstablished),
            ("SHUTDOWN_SENT", Timeout::SctpShutdownSent),
            ("SHUTDOWN_RECD", Timeout::SctpShutdownRecd),
            ("SHUTDOWN_ACK_SENT", Timeout::SctpShutdownAckSent),
            // nfct 1.4.7 does not name it, the kernel has it.
            ("HEARTBEAT_SENT", Timeout::SctpHeartbeatSent),
        ],
    },
    Tracker { name: "udplite", number: 136, states: DATAGRAMS },
    GENERIC,
];

/// What tracks connections of `protocol`.
pub(super) fn tracker_of(protocol: Protocol) -> &'static Tracker {
    let own = TRACKERS.iter().find(|tracker| tracker.number == protocol.0);
    own.unwrap_or(&GENERIC)
}

/// `inet` or `inet6`.
pub(super) fn family(word: &Word) -> Result<Family, Fault> {
    match word.text.as_str() {
        "inet" => Ok(Family::V4),
        "inet6" => Ok(Family::V6),
        text => Err(Fault::new(word.span.clone(), format!("unknown family `{text}`"))
            .label("`inet` or `inet6`")),
    }
}

/// The number of a family in a listing.
pub(super) fn family_numbered(word: &Word, number: &str) -> Result<Family, Fault> {
    match number {
        "2" => Ok(Family::V4),
        "10" => Ok(Family::V6),
        _ => Err(Fault::new(word.span.clone(), format!("unknown family `{number}`"))
            .label("2 is IPv4, 10 is IPv6")),
    }
}

/// A protocol by its name.
pub(super) fn tracker(word: &Word) -> Result<&'static Tracker, Fault> {
    let name = word.text.to_ascii_lowercase();
    let named = TRACKERS.iter().find(|tracker| tracker.name == name);
    named.ok_or_else(|| {
        let known = TRACKERS.iter().map(|tracker| tracker.name);
        untracked(word, &word.text).did_you_mean(&name, known)
    })
}

/// The number of a protocol in a listing.
pub(super) fn tracker_numbered(word: &Word, number: &str) -> Result<&'static Tracker, Fault> {
    let numbered = TRACKERS.iter().find(|tracker| tracker.number.to_string() == number);
    numbered.ok_or_else(|| untracked(word, number))
}

fn untracked(word: &Word, protocol: &str) -> Fault {
    Fault::new(word.span.clone(), format!("no tracker for the protocol `{protocol}`"))
        .label("Linux 6.18 has no policy for it")
}

impl Tracker {
    /// The timeout of a state, by its name in either case.
    pub(super) fn state(&self, word: &Word, name: &str) -> Result<Timeout, Fault> {
        let upper = name.to_ascii_uppercase();
        let named = self.states.iter().find(|(state, _)| *state == upper);
        named.map(|&(_, timeout)| timeout).ok_or_else(|| {
            Fault::new(word.span.clone(), format!("unknown state `{name}`"))
                .label(format!("{} has none of this name", self.name))
                .did_you_mean(&upper, self.states.iter().map(|(state, _)| *state))
        })
    }
}

/// The seconds that `text`, all or part of `word`, says.
pub(super) fn seconds(word: &Word, text: &str) -> Result<u32, Fault> {
    let fault = |title: String| Fault::new(word.span.clone(), title);
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault(format!("`{text}` is not a number of seconds"))
            .label("nfct would take the digits in front, or 0"));
    }
    let seconds = text.parse().ok().filter(|seconds| *seconds <= MAX_SECONDS);
    seconds.ok_or_else(|| {
        let days = MAX_SECONDS / 86_400;
        fault(format!("`{text}` is too long a timeout"))
            .label(format!("an entry lives for {days} days at most here: {MAX_SECONDS}"))
            .note(format!("in a capture of less than {days} days that makes no difference"))
    })
}
