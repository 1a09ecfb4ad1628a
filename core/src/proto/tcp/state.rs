//! The TCP state table: what a segment of a class does to a connection in a state, by direction.
//!
//! Measured and read on Linux 6.18. The states are the middle's view, not an end's: FIN_WAIT is a
//! FIN seen, CLOSE_WAIT a FIN acknowledged, LAST_ACK a FIN seen in both directions, or again.

use core::fmt;

use crate::packet::TcpFlags;
use crate::timeout::Timeout;
use crate::tuple::Direction;

/// The state of a TCP connection, numbered as ctnetlink numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum TcpState {
    /// No segment yet.
    None,
    /// A SYN.
    SynSent,
    /// A SYN and its SYN-ACK.
    SynRecv,
    /// Open.
    Established,
    /// A FIN.
    FinWait,
    /// A FIN and its ACK.
    CloseWait,
    /// A second FIN.
    LastAck,
    /// A second FIN and its ACK.
    TimeWait,
    /// A reset.
    Close,
    /// A SYN from both peers: simultaneous open (RFC 9293, section 3.5).
    SynSent2,
}

impl TcpState {
    /// The name that conntrack prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::SynSent => "SYN_SENT",
            Self::SynRecv => "SYN_RECV",
            Self::Established => "ESTABLISHED",
            Self::FinWait => "FIN_WAIT",
            Self::CloseWait => "CLOSE_WAIT",
            Self::LastAck => "LAST_ACK",
            Self::TimeWait => "TIME_WAIT",
            Self::Close => "CLOSE",
            Self::SynSent2 => "SYN_SENT2",
        }
    }

    /// Whether a FIN or a reset was seen: whoever opens with the same ports need not know of it.
    pub(super) const fn is_closing(self) -> bool {
        matches!(
            self,
            Self::FinWait | Self::CloseWait | Self::LastAck | Self::TimeWait | Self::Close
        )
    }

    /// Whether both ends are done with it.
    pub(super) const fn is_over(self) -> bool {
        matches!(self, Self::TimeWait | Self::Close)
    }

    /// The timeout of an entry in this state.
    pub(super) const fn timeout(self) -> Timeout {
        match self {
            Self::None | Self::SynSent => Timeout::TcpSynSent,
            Self::SynSent2 => Timeout::TcpSynSent2,
            Self::SynRecv => Timeout::TcpSynRecv,
            Self::Established => Timeout::TcpEstablished,
            Self::FinWait => Timeout::TcpFinWait,
            Self::CloseWait => Timeout::TcpCloseWait,
            Self::LastAck => Timeout::TcpLastAck,
            Self::TimeWait => Timeout::TcpTimeWait,
            Self::Close => Timeout::TcpClose,
        }
    }
}

impl fmt::Display for TcpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a segment is to the state table: its strongest flag. Counted from 1, so that nothing is
/// known of a connection that is all zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Syn = 1,
    SynAck,
    Fin,
    Ack,
    Rst,
}

impl Class {
    /// The class of a segment with these flags; `None` for a combination that no TCP sends.
    ///
    /// PSH, ECE and CWR go with anything; URG with a SYN, an ACK or a FIN.
    pub(super) fn of(flags: TcpFlags) -> Option<Self> {
        use TcpFlags as F;
        let class = match flags.without(F::PSH | F::ECE | F::CWR) {
            f if f == F::SYN || f == F::SYN | F::URG => Self::Syn,
            f if f == F::SYN | F::ACK => Self::SynAck,
            f if f == F::RST || f == F::RST | F::ACK => Self::Rst,
            f if f == F::FIN | F::ACK || f == F::FIN | F::ACK | F::URG => Self::Fin,
            f if f == F::ACK || f == F::ACK | F::URG => Self::Ack,
            _ => return None,
        };
        Some(class)
    }
}

/// What the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// The connection is in this state now, or still.
    To(TcpState),
    /// The segment passes; the connection stays as it is and lives no longer for it.
    Ignore,
    /// The segment does not belong here.
    Invalid,
}

impl Move {
    pub(super) fn of(dir: Direction, class: Class, state: TcpState) -> Self {
        let table = match dir {
            Direction::Original => &ORIGINAL,
            Direction::Reply => &REPLY,
        };
        let row = table.get((class as usize).wrapping_sub(1));
        row.and_then(|row| row.get(state as usize)).copied().unwrap_or(Self::Invalid)
    }
}

const SS: Move = Move::To(TcpState::SynSent);
const SR: Move = Move::To(TcpState::SynRecv);
const ES: Move = Move::To(TcpState::Established);
const FW: Move = Move::To(TcpState::FinWait);
const CW: Move = Move::To(TcpState::CloseWait);
const LA: Move = Move::To(TcpState::LastAck);
const TW: Move = Move::To(TcpState::TimeWait);
const CL: Move = Move::To(TcpState::Close);
const S2: Move = Move::To(TcpState::SynSent2);
const IG: Move = Move::Ignore;
const IV: Move = Move::Invalid;

/// A row a class, a column a state in the order of [`TcpState`].
type Table = [[Move; 10]; 5];

#[rustfmt::skip]
const ORIGINAL: Table = [
    //           none syns synr est  finw clsw lack timw clos sys2
    // A SYN into TIME_WAIT or CLOSE reopens, if it may.
    /* SYN     */ [SS, SS, IG, IG, IG, IG, IG, SS, SS, S2],
    // Only a simultaneous open has a SYN-ACK from the side that sent the first SYN.
    /* SYN-ACK */ [IV, IV, SR, IV, IV, IV, IV, IV, IV, SR],
    // A FIN again counts as the second one: the middle cannot tell.
    /* FIN     */ [IV, IV, FW, FW, LA, LA, LA, TW, CL, IV],
    // An ACK first of all is a connection picked up in its middle.
    /* ACK     */ [ES, IV, ES, ES, CW, CW, TW, TW, CL, IV],
    /* RST     */ [IV, CL, CL, CL, CL, CL, CL, CL, CL, CL],
];

#[rustfmt::skip]
const REPLY: Table = [
    //           none syns synr est  finw clsw lack timw clos sys2
    // Simultaneous open; or, after TIME_WAIT, the roles change.
    /* SYN     */ [IV, S2, IV, IV, IV, IV, IV, SS, IV, S2],
    // Late and repeated ones pass.
    /* SYN-ACK */ [IV, SR, IG, IG, IG, IG, IG, IG, IG, SR],
    /* FIN     */ [IV, IV, FW, FW, LA, LA, LA, TW, CL, IV],
    // An ACK to a SYN is a challenge, or of an older connection: the client will answer it.
    /* ACK     */ [IV, IG, SR, ES, CW, CW, TW, TW, CL, IG],
    /* RST     */ [IV, CL, CL, CL, CL, CL, CL, CL, CL, CL],
];
