//! What an admin may change: which connections are tracked, how long, and in how large a table.

use std::net::IpAddr;

use keeptrack_core::{Protocol, Timeout};

use crate::on_full::Spec;

/// One thing that is changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// These connections are tracked no longer, in both directions.
    NoTrack(Class),
    /// A timeout, in seconds.
    Timeout {
        /// Which.
        timeout: Timeout,
        /// What it is.
        from: u32,
        /// What it becomes.
        to: u32,
    },
    /// The size of the table.
    Size {
        /// Its entries.
        max: usize,
        /// The buckets of Linux's hash.
        buckets: u64,
    },
    /// What a full table does; of keeptrack's own gateway only.
    OnFull(Spec),
}

/// Connections that rules can tell from others by any of their packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The host talks to itself, on `lo`. None of the others holds any of these.
    Loopback,
    /// One port of the two is this.
    Service {
        /// One with ports.
        protocol: Protocol,
        /// That of the service.
        port: u16,
        /// What this host has to do with it.
        role: Role,
    },
    /// One address of the two, or both, lies in this network; its host bits are zero.
    Prefix {
        /// The first of the network.
        address: IpAddr,
        /// The bits that all of them share.
        len: u8,
    },
    /// Both addresses lie in this network.
    Within {
        /// The first of the network.
        address: IpAddr,
        /// The bits that all of them share.
        len: u8,
    },
    /// Echo requests and their answers, of ICMP or ICMPv6.
    Echo {
        /// One of the two.
        protocol: Protocol,
    },
}

/// What a host has to do with a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// It serves that port.
    Server,
    /// It asks others there.
    Client,
    /// It forwards both directions, or nobody knows who sent them: all packets arrive.
    Through,
}

/// Whom the lines are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// A Linux system with iptables or nft, and sysctl.d
    #[default]
    Linux,
    /// OpenWrt: its firewall's files and sysctl.d
    Openwrt,
    /// A gateway of keeptrack's: its configuration
    Keeptrack,
}

impl Target {
    /// As it is typed, and as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Openwrt => "openwrt",
            Self::Keeptrack => "keeptrack",
        }
    }
}
