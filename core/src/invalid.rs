//! Why a packet is INVALID: one name a reason.

use core::fmt;

use crate::packet::Malformed;

/// Why a packet has no connection and may start none. It passes all the same: INVALID never drops
/// by itself, a filter rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Invalid {
    /// The header above IP is one that no tracker accepts.
    Malformed(Malformed),
    /// The packet inside an ICMP error is. It is named and counted like the one above.
    Inner(Malformed),
    /// Flags that no TCP sends together, or none at all.
    TcpFlags,
    /// A segment that cannot begin a connection: not a SYN, and not one to pick up.
    TcpFirst,
    /// A segment that does not fit the state of its connection.
    TcpState,
    /// A segment ahead of what its receiver takes.
    TcpWindow,
    /// A segment that acknowledges what was not seen.
    TcpAck,
    /// A reset before what its receiver's last acknowledgement asked for.
    TcpReset,
    /// Chunks that cannot begin an association.
    SctpFirst,
    /// A chunk that does not fit the state of its association.
    SctpState,
    /// A verification tag that is not the one of its association.
    SctpTag,
    /// A check sum that Linux takes for wrong.
    Checksum,
    /// An ICMP answer to a query that nobody asked, or a message that asks nothing.
    QueryFirst,
    /// Addresses of two families, or of one that this build does not hold.
    Family,
    /// An ICMP error about no connection in the table.
    ErrorUnknown,
    /// An ICMP error sent to another host than the one whose packet it speaks of.
    ErrorAddress,
}

impl Invalid {
    /// All reasons that are counted apart.
    pub const ALL: [Self; Self::COUNT] = [
        Self::TcpFlags,
        Self::TcpFirst,
        Self::TcpState,
        Self::TcpWindow,
        Self::TcpAck,
        Self::TcpReset,
        Self::SctpFirst,
        Self::SctpState,
        Self::SctpTag,
        Self::Checksum,
        Self::QueryFirst,
        Self::Family,
        Self::ErrorUnknown,
        Self::ErrorAddress,
        Self::Malformed(Malformed::TcpHeader),
        Self::Malformed(Malformed::UdpHeader),
        Self::Malformed(Malformed::SctpHeader),
        Self::Malformed(Malformed::SctpChunk),
        Self::Malformed(Malformed::GreHeader),
        Self::Malformed(Malformed::IcmpHeader),
        Self::Malformed(Malformed::IcmpType),
        Self::Malformed(Malformed::IcmpFamily),
        Self::Malformed(Malformed::IcmpInner),
        Self::Malformed(Malformed::Redirect),
        Self::Malformed(Malformed::Fragment),
        Self::Malformed(Malformed::Header),
    ];

    /// How many reasons there are.
    pub const COUNT: usize = 26;

    /// Whether the packet is an ICMP error that speaks of another one.
    #[must_use]
    pub const fn is_of_error(self) -> bool {
        matches!(self, Self::Inner(_) | Self::ErrorUnknown | Self::ErrorAddress)
    }

    /// The reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TcpFlags => "tcp_flags",
            Self::TcpFirst => "tcp_first",
            Self::TcpState => "tcp_state",
            Self::TcpWindow => "tcp_window",
            Self::TcpAck => "tcp_ack",
            Self::TcpReset => "tcp_reset",
            Self::SctpFirst => "sctp_first",
            Self::SctpState => "sctp_state",
            Self::SctpTag => "sctp_tag",
            Self::Checksum => "checksum",
            Self::QueryFirst => "query_first",
            Self::Family => "family",
            Self::ErrorUnknown => "error_unknown",
            Self::ErrorAddress => "error_address",
            Self::Malformed(malformed) | Self::Inner(malformed) => malformed.name(),
        }
    }

    pub(crate) fn index(self) -> usize {
        let counted = match self {
            Self::Inner(malformed) => Self::Malformed(malformed),
            _ => self,
        };
        Self::ALL.iter().position(|&reason| reason == counted).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
