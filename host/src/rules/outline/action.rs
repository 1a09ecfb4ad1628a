//! What a rule of any table does.

use std::net::IpAddr;

/// What a rule does with its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    NoTrack,
    /// Says how they are tracked, as `-j CT` does.
    Ct,
    Accept,
    /// Also REJECT.
    Drop,
    Return,
    Jump(usize),
    Goto(usize),
    Nat(Nat),
    /// Answers SYNs for the host: they are not tracked before.
    SynProxy,
    /// Nothing that matters: it counts, marks or records.
    Nothing,
}

/// How a rule changes addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nat {
    /// MASQUERADE and SNAT.
    Source,
    /// DNAT and REDIRECT: to that address, if one is said, and that port.
    Destination { to: Option<IpAddr>, port: Option<u16> },
}

impl Nat {
    /// What `--to-destination`, `--to-ports` or nft's `to` says: `10.0.0.2:80`, `[fd00::2]:80`, `80`.
    pub(in crate::rules) fn destination(word: &str) -> Self {
        let word = word.trim_start_matches(':');
        let first = |text: &str| text.split('-').next().and_then(|port| port.parse().ok());
        if let Some(port) = first(word) {
            return Self::Destination { to: None, port: Some(port) };
        }
        if let Ok(to) = word.parse() {
            return Self::Destination { to: Some(to), port: None };
        }
        let (address, port) = word.rsplit_once(':').unwrap_or((word, ""));
        let address = address.trim_matches(['[', ']']);
        let to = address.split('-').next().and_then(|address| address.parse().ok());
        Self::Destination { to, port: first(port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_an_address_a_port_or_both() {
        for (word, to, port) in [
            ("10.0.0.2", Some("10.0.0.2"), None),
            ("10.0.0.2:80", Some("10.0.0.2"), Some(80)),
            ("10.0.0.2-10.0.0.9:80-90", Some("10.0.0.2"), Some(80)),
            ("[fd00::2]:80", Some("fd00::2"), Some(80)),
            ("fd00::2", Some("fd00::2"), None),
            ("5353", None, Some(5353)),
            (":5353", None, Some(5353)),
            ("8080-8090", None, Some(8080)),
        ] {
            let to = to.map(|to| to.parse().unwrap());
            assert_eq!(Nat::destination(word), Nat::Destination { to, port }, "{word}");
        }
    }
}
