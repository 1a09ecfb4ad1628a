//! What is swept: a setting of the table, and the values of it that are tried.

use std::fmt;

use keeptrack_core::Timeout;

use crate::on_full::Spec;
use crate::units::Count;

/// A setting and its values, in the order in which they were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) key: Key,
    pub(crate) values: Vec<Value>,
}

/// A setting that can be swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// The entries of the table.
    Max,
    /// The buckets of Linux's hash.
    Buckets,
    /// What a full table does.
    OnFull,
    /// How long entries live.
    Timeout(Timeout),
}

/// A value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Entries(usize),
    Buckets(u64),
    OnFull(Spec),
    /// In seconds.
    Timeout(Timeout, u32),
}

impl Key {
    /// What all names of conntrack's settings begin with.
    const BEGIN: &str = "nf_conntrack_";
    const MAX: &str = "max";
    const BUCKETS: &str = "buckets";
    const ON_FULL: &str = "on-full";

    /// The setting of that name, which may stand without what all begin with.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let end = Self::end(name);
        match end {
            Self::MAX => Some(Self::Max),
            Self::BUCKETS => Some(Self::Buckets),
            Self::ON_FULL => Some(Self::OnFull).filter(|_| end == name),
            _ => timeouts().find(|timeout| timeout.name() == end).map(Self::Timeout),
        }
    }

    /// A name without what all begin with.
    pub(crate) fn end(name: &str) -> &str {
        let last = name.strip_prefix("net.netfilter.").unwrap_or(name);
        last.strip_prefix(Self::BEGIN).unwrap_or(last)
    }

    /// Every name, in its short form.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        let others = [Self::MAX, Self::BUCKETS, Self::ON_FULL];
        others.into_iter().chain(timeouts().map(Timeout::name))
    }

    /// What it is called where it is swept.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Max => Self::MAX,
            Self::Buckets => Self::BUCKETS,
            Self::OnFull => Self::ON_FULL,
            Self::Timeout(timeout) => timeout.name(),
        }
    }

    /// What its values are, in a word.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Max => "entries",
            Self::Buckets => "buckets",
            Self::OnFull => "policy",
            Self::Timeout(_) => "seconds",
        }
    }
}

/// The timeouts that a kernel can be told of: `tcp_timeout_syn_sent2` has no sysctl.
fn timeouts() -> impl Iterator<Item = Timeout> {
    Timeout::ALL.iter().copied().filter(|&timeout| timeout != Timeout::TcpSynSent2)
}

/// For people: `65,536`, `30s`, `ranked:source=5%`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entries(count) => Count(*count as u64).fmt(f),
            Self::Buckets(count) => Count(*count).fmt(f),
            Self::OnFull(spec) => f.pad(&spec.to_string()),
            Self::Timeout(_, seconds) => f.pad(&length(*seconds)),
        }
    }
}

/// Seconds in the largest unit of which they are whole ones: `90s`, `2m`, `5d`.
fn length(seconds: u32) -> String {
    let units = [(86_400, 'd'), (3600, 'h'), (60, 'm')];
    let whole = units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, letter) = whole.unwrap_or((1, 's'));
    format!("{}{letter}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::{Key, Timeout, length};

    #[test]
    fn a_name_may_be_short_or_whole() {
        let udp = Some(Key::Timeout(Timeout::Udp));
        for name in
            ["udp_timeout", "nf_conntrack_udp_timeout", "net.netfilter.nf_conntrack_udp_timeout"]
        {
            assert_eq!(Key::of(name), udp, "{name}");
        }
        assert_eq!(Key::of("nf_conntrack_max"), Some(Key::Max));
        assert_eq!(Key::of("nf_conntrack_on-full"), None);
        assert_eq!(Key::of("tcp_timeout_syn_sent2"), None);
        assert!(Key::names().all(|name| Key::of(name).is_some_and(|key| key.name() == name)));
    }

    #[test]
    fn lengths_are_whole_numbers_of_their_unit() {
        let cases = [(0, "0s"), (90, "90s"), (120, "2m"), (5400, "90m"), (432_000, "5d")];
        for (seconds, text) in cases {
            assert_eq!(length(seconds), text);
        }
    }
}
