//! The SCTP state table: what a chunk does to an association in a state, by direction.
//!
//! Read and measured on Linux 6.18. The states are the middle's view: CLOSED is an INIT seen, too.

use core::fmt;

use crate::packet::Chunk;
use crate::timeout::Timeout;
use crate::tuple::Direction;

/// The state of an SCTP association, numbered as ctnetlink numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum SctpState {
    /// No chunk yet.
    None,
    /// An INIT; or it is over.
    Closed,
    /// An INIT and its INIT ACK.
    CookieWait,
    /// A COOKIE ECHO.
    CookieEchoed,
    /// Open.
    Established,
    /// A SHUTDOWN of the original side.
    ShutdownSent,
    /// A SHUTDOWN of the reply side.
    ShutdownRecd,
    /// A SHUTDOWN ACK.
    ShutdownAckSent,
    /// A HEARTBEAT of an association whose beginning was not seen.
    HeartbeatSent,
}

impl SctpState {
    /// The name that conntrack prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Closed => "CLOSED",
            Self::CookieWait => "COOKIE_WAIT",
            Self::CookieEchoed => "COOKIE_ECHOED",
            Self::Established => "ESTABLISHED",
            Self::ShutdownSent => "SHUTDOWN_SENT",
            Self::ShutdownRecd => "SHUTDOWN_RECD",
            Self::ShutdownAckSent => "SHUTDOWN_ACK_SENT",
            Self::HeartbeatSent => "HEARTBEAT_SENT",
        }
    }

    /// The state after a chunk; `None` when it does not belong here.
    pub(super) fn after(self, chunk: Chunk, dir: Direction) -> Option<Self> {
        let table = match dir {
            Direction::Original => &ORIGINAL,
            Direction::Reply => &REPLY,
        };
        let Some(row) = row(chunk) else { return Some(self) };
        *table.get(row)?.get(self as usize)?
    }

    /// The timeout of an entry in this state.
    pub(crate) const fn timeout(self) -> Timeout {
        match self {
            Self::None | Self::Closed => Timeout::SctpClosed,
            Self::CookieWait => Timeout::SctpCookieWait,
            Self::CookieEchoed => Timeout::SctpCookieEchoed,
            Self::Established => Timeout::SctpEstablished,
            Self::ShutdownSent => Timeout::SctpShutdownSent,
            Self::ShutdownRecd => Timeout::SctpShutdownRecd,
            Self::ShutdownAckSent => Timeout::SctpShutdownAckSent,
            Self::HeartbeatSent => Timeout::SctpHeartbeatSent,
        }
    }
}

impl fmt::Display for SctpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The row of a chunk in the tables; none for one that leaves every state as it is.
const fn row(chunk: Chunk) -> Option<usize> {
    Some(match chunk {
        Chunk::Init => 0,
        Chunk::InitAck => 1,
        Chunk::Abort | Chunk::AbortReflected => 2,
        Chunk::Shutdown => 3,
        Chunk::ShutdownAck => 4,
        Chunk::Error => 5,
        Chunk::CookieEcho => 6,
        Chunk::CookieAck => 7,
        Chunk::ShutdownComplete | Chunk::ShutdownCompleteReflected => 8,
        Chunk::Heartbeat => 9,
        Chunk::HeartbeatAck => 10,
        Chunk::Data | Chunk::Other => return None,
    })
}

const CL: Option<SctpState> = Some(SctpState::Closed);
const CW: Option<SctpState> = Some(SctpState::CookieWait);
const CE: Option<SctpState> = Some(SctpState::CookieEchoed);
const ES: Option<SctpState> = Some(SctpState::Established);
const SS: Option<SctpState> = Some(SctpState::ShutdownSent);
const SR: Option<SctpState> = Some(SctpState::ShutdownRecd);
const SA: Option<SctpState> = Some(SctpState::ShutdownAckSent);
const HS: Option<SctpState> = Some(SctpState::HeartbeatSent);
const IV: Option<SctpState> = None;

/// A row a chunk, a column a state in the order of [`SctpState`].
type Table = [[Option<SctpState>; 9]; 11];

#[rustfmt::skip]
const ORIGINAL: Table = [
    //                     none clos cwai ceco est  ssnt srcd sack hbst
    /* INIT              */ [CL, CL, CW, CE, ES, CL, CL, SA, CW],
    /* INIT ACK          */ [CL, CL, CW, CE, ES, SS, SR, SA, CL],
    /* ABORT             */ [CL, CL, CL, CL, CL, CL, CL, CL, CL],
    /* SHUTDOWN          */ [CL, CL, CW, CE, SS, SS, SR, SA, CL],
    /* SHUTDOWN ACK      */ [SA, CL, CW, CE, ES, SA, SA, SA, SA],
    /* ERROR             */ [CL, CL, CW, CE, ES, SS, SR, SA, CL],
    // The cookie may come again when the INIT ACK did.
    /* COOKIE ECHO       */ [CL, CL, CE, CE, ES, SS, SR, SA, CL],
    /* COOKIE ACK        */ [CL, CL, CW, ES, ES, SS, SR, SA, CL],
    /* SHUTDOWN COMPLETE */ [CL, CL, CW, CE, ES, SS, SR, CL, CL],
    // A second path of an association that was opened elsewhere begins so.
    /* HEARTBEAT         */ [HS, CL, CW, CE, ES, SS, SR, SA, HS],
    /* HEARTBEAT ACK     */ [CL, CL, CW, CE, ES, SS, SR, SA, HS],
];

#[rustfmt::skip]
const REPLY: Table = [
    //                     none clos cwai ceco est  ssnt srcd sack hbst
    /* INIT              */ [IV, CL, CW, CE, ES, SS, SR, SA, IV],
    /* INIT ACK          */ [IV, CW, CW, CE, ES, SS, SR, SA, IV],
    /* ABORT             */ [IV, CL, CL, CL, CL, CL, CL, CL, IV],
    /* SHUTDOWN          */ [IV, CL, CW, CE, SR, SS, SR, SA, IV],
    /* SHUTDOWN ACK      */ [IV, CL, CW, CE, ES, SA, SA, SA, IV],
    // The cookie was too old: the client begins again.
    /* ERROR             */ [IV, CL, CW, CL, ES, SS, SR, SA, IV],
    /* COOKIE ECHO       */ [IV, CL, CE, CE, ES, SS, SR, SA, IV],
    /* COOKIE ACK        */ [IV, CL, CW, ES, ES, SS, SR, SA, IV],
    /* SHUTDOWN COMPLETE */ [IV, CL, CW, CE, ES, SS, SR, CL, IV],
    /* HEARTBEAT         */ [IV, CL, CW, CE, ES, SS, SR, SA, HS],
    /* HEARTBEAT ACK     */ [IV, CL, CW, CE, ES, SS, SR, SA, ES],
];
