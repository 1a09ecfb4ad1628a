//! What a tracker is told once: timeouts and how protocols are tracked; with presets.

use core::fmt;

use crate::timeout::{MAX_SECONDS, Timeout, TimeoutPolicy};

/// How to track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Config {
    /// How long entries live.
    pub timeouts: TimeoutPolicy,
    /// How TCP is tracked.
    pub tcp: TcpConfig,
    /// `nf_conntrack_checksum`: what arrives ([`Path::Arrives`](crate::Path::Arrives)) is INVALID
    /// if the check sum of TCP, UDP, ICMP, ICMPv6 or SCTP is wrong, and all of UDP-Lite is, whose
    /// sums Linux 6.18 takes for wrong. Other sums of parts of a datagram and of packets that a
    /// capture has cut are not verified. Linux has it on, and so should a gateway; whoever reads
    /// captures, where sums may be unfinished, off.
    pub checksum: bool,
    /// Whether a sum of TCP or UDP counts as right that covers nothing but addresses, protocol and
    /// length: the sender leaves the rest to its network card, and a capture on that host, or on a
    /// link that is none but in memory, shows it so. Linux is told of such packets by their driver.
    /// Off for a wire.
    pub unfinished_sums: bool,
}

impl Config {
    /// Linux 6.18, the values of a fresh network namespace, measured, without check sums.
    pub const LINUX: Self = Self {
        timeouts: TimeoutPolicy::LINUX,
        tcp: TcpConfig::DEFAULT,
        checksum: false,
        unfinished_sums: false,
    };

    /// The timeouts of Linux 2.6.9, see [`TimeoutPolicy::LINUX_2_6_9`]; verdicts stay those of
    /// 6.18.
    pub const LINUX_2_6_9: Self = Self { timeouts: TimeoutPolicy::LINUX_2_6_9, ..Self::LINUX };

    /// The timeouts of Linux 2.4.21, see [`TimeoutPolicy::LINUX_2_4_21`]; verdicts stay those of
    /// 6.18.
    pub const LINUX_2_4_21: Self = Self { timeouts: TimeoutPolicy::LINUX_2_4_21, ..Self::LINUX };

    /// [`Config::LINUX`].
    pub const DEFAULT: Self = Self::LINUX;

    /// The same, but with `timeouts` if there are any; `own` is the place for it then.
    pub(crate) fn under<'c>(
        &'c self,
        timeouts: Option<&TimeoutPolicy>,
        own: &'c mut Option<Self>,
    ) -> &'c Self {
        match timeouts {
            None => self,
            Some(timeouts) => own.insert(Self { timeouts: *timeouts, ..*self }),
        }
    }
}

/// How TCP is tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TcpConfig {
    /// `nf_conntrack_tcp_loose`: a connection may be picked up in its middle.
    pub loose: bool,
    /// `nf_conntrack_tcp_be_liberal`: what lies outside the windows is accepted, but for resets.
    pub be_liberal: bool,
    /// `nf_conntrack_tcp_ignore_invalid_rst`: a reset before what was acknowledged is not INVALID,
    /// and has no effect.
    pub ignore_invalid_rst: bool,
    /// `nf_conntrack_tcp_max_retrans`: from so many retransmissions on a connection lives no longer
    /// than [`Timeout::TcpMaxRetrans`].
    pub max_retrans: u8,
}

impl TcpConfig {
    /// Linux's own settings.
    pub const DEFAULT: Self =
        Self { loose: true, be_liberal: false, ignore_invalid_rst: false, max_retrans: 3 };
}

/// Why a tracker cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConfigError {
    /// A table of no slots.
    NoSlots,
    /// Memory whose slots, chains and nodes are not as many of each.
    UnevenMemory,
    /// More slots than the links of this memory can tell apart; and how many they can.
    TooManySlots(usize),
    /// A timeout of more than [`MAX_SECONDS`].
    TimeoutTooLong(Timeout),
    /// More slots reserved than there are, or none left for everybody else.
    ReservesTooLarge,
    /// Slots reserved in a table that holds connections.
    NotEmpty,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSlots => f.write_str("a table needs at least one slot"),
            Self::UnevenMemory => f.write_str("memory needs a chain and a node for each slot"),
            Self::TooManySlots(most) => {
                write!(f, "a table of these links has at most {most} slots")
            }
            Self::TimeoutTooLong(timeout) => {
                write!(f, "nf_conntrack_{} is above {MAX_SECONDS} seconds", timeout.name())
            }
            Self::ReservesTooLarge => f.write_str("the reserved slots leave none for others"),
            Self::NotEmpty => f.write_str("slots are reserved before there are connections"),
        }
    }
}

impl core::error::Error for ConfigError {}
