//! A rule that is added, in no tool's grammar: the lines of every tool are printed from it.

use std::fmt;
use std::net::IpAddr;

use keeptrack_core::Protocol;
use keeptrack_core::raw::Family;

/// What a chain of the raw table leaves untracked, or one of the filter table lets pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) chain: Chain,
    /// All of them are true of its packets; in the order in which iptables-save writes them.
    pub(super) tests: Vec<Test>,
}

/// A built-in chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chain {
    /// Of the raw table: what arrives.
    RawPrerouting,
    /// Of the raw table: what this host sends.
    RawOutput,
    Input,
    Forward,
    Output,
}

/// What is asked of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Source(Network),
    Destination(Network),
    ArrivesBy(&'static str),
    LeavesBy(&'static str),
    LeavesByOther(&'static str),
    SourcePort(Protocol, u16),
    DestinationPort(Protocol, u16),
    EitherPort(Protocol, u16),
    /// A message of ICMP.
    Icmp(Family, &'static str),
    AnyIcmp(Family),
    /// That it is not the first of a connection of TCP; behind a port of TCP.
    NotSyn,
    Untracked,
}

/// The addresses of a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) address: IpAddr,
    pub(super) len: u8,
}

impl Rule {
    pub(super) fn new(chain: Chain, tests: impl IntoIterator<Item = Test>) -> Self {
        Self { chain, tests: tests.into_iter().collect() }
    }

    /// The families whose packets it may meet.
    pub(super) fn families(&self) -> &'static [Family] {
        match self.tests.iter().find_map(Test::family) {
            Some(Family::V4) => &[Family::V4],
            Some(Family::V6) => &[Family::V6],
            None => &[Family::V4, Family::V6],
        }
    }
}

impl Chain {
    /// Its name in iptables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::RawPrerouting => "PREROUTING",
            Self::Input => "INPUT",
            Self::Forward => "FORWARD",
            Self::RawOutput | Self::Output => "OUTPUT",
        }
    }

    pub(super) const fn is_raw(self) -> bool {
        matches!(self, Self::RawPrerouting | Self::RawOutput)
    }
}

impl Test {
    /// The family that it is of, if only one has it.
    const fn family(&self) -> Option<Family> {
        match self {
            Self::Icmp(family, _) | Self::AnyIcmp(family) => Some(*family),
            Self::Source(network) | Self::Destination(network) => Some(network.family()),
            _ => None,
        }
    }
}

impl Network {
    /// One address.
    pub(super) const fn host(address: IpAddr) -> Self {
        Self { address, len: if address.is_ipv4() { 32 } else { 128 } }
    }

    pub(super) const fn family(&self) -> Family {
        if self.address.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}

/// As both tools read it.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self == Self::host(self.address) {
            true => write!(f, "{}", self.address),
            false => write!(f, "{}/{}", self.address, self.len),
        }
    }
}
