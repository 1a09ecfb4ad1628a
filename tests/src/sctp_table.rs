//! What Linux's two SCTP tables say, as measured on Linux and not on the tracker; `rows` holds them
//! against what the kernel told.

use keeptrack_core::{Direction, SctpState};

/// The rows: chunks in the tests' words, with their numbers.
pub(crate) use crate::rows::CHUNKS;

/// The columns, in their order.
pub(crate) const STATES: [SctpState; 9] = [
    SctpState::None,
    SctpState::Closed,
    SctpState::CookieWait,
    SctpState::CookieEchoed,
    SctpState::Established,
    SctpState::ShutdownSent,
    SctpState::ShutdownRecd,
    SctpState::ShutdownAckSent,
    SctpState::HeartbeatSent,
];

//                      none CL CW CE ES SS SR SA HS
const ORIGINAL: [&str; 13] = [
    /* INIT              */ "CL CL CW CE ES CL CL SA CW",
    /* INIT-ACK          */ "CL CL CW CE ES SS SR SA CL",
    /* ABORT             */ "CL CL CL CL CL CL CL CL CL",
    /* SHUTDOWN          */ "CL CL CW CE SS SS SR SA CL",
    /* SHUTDOWN-ACK      */ "SA CL CW CE ES SA SA SA SA",
    /* ERROR             */ "CL CL CW CE ES SS SR SA CL",
    /* COOKIE-ECHO       */ "CL CL CE CE ES SS SR SA CL",
    /* COOKIE-ACK        */ "CL CL CW ES ES SS SR SA CL",
    /* SHUTDOWN-COMPLETE */ "CL CL CW CE ES SS SR CL CL",
    /* HEARTBEAT         */ "HS CL CW CE ES SS SR SA HS",
    /* HEARTBEAT-ACK     */ "CL CL CW CE ES SS SR SA HS",
    /* DATA              */ "-- CL CW CE ES SS SR SA HS",
    /* SACK              */ "-- CL CW CE ES SS SR SA HS",
];

const REPLY: [&str; 13] = [
    /* INIT              */ "iv CL CW CE ES SS SR SA iv",
    /* INIT-ACK          */ "iv CW CW CE ES SS SR SA iv",
    /* ABORT             */ "iv CL CL CL CL CL CL CL iv",
    /* SHUTDOWN          */ "iv CL CW CE SR SS SR SA iv",
    /* SHUTDOWN-ACK      */ "iv CL CW CE ES SA SA SA iv",
    /* ERROR             */ "iv CL CW CL ES SS SR SA iv",
    /* COOKIE-ECHO       */ "iv CL CE CE ES SS SR SA iv",
    /* COOKIE-ACK        */ "iv CL CW ES ES SS SR SA iv",
    /* SHUTDOWN-COMPLETE */ "iv CL CW CE ES SS SR CL iv",
    /* HEARTBEAT         */ "iv CL CW CE ES SS SR SA HS",
    /* HEARTBEAT-ACK     */ "iv CL CW CE ES SS SR SA ES",
    /* DATA              */ "-- CL CW CE ES SS SR SA HS",
    /* SACK              */ "-- CL CW CE ES SS SR SA HS",
];

/// The state after a chunk, `None` when it is invalid.
pub(crate) fn cell(dir: Direction, chunk: &str, state: SctpState) -> Option<SctpState> {
    let row = CHUNKS.iter().position(|&(known, _)| known == chunk).unwrap();
    let table = match dir {
        Direction::Original => ORIGINAL,
        Direction::Reply => REPLY,
    };
    let column = STATES.iter().position(|&known| known == state).unwrap();
    match table[row].split(' ').nth(column).unwrap() {
        "CL" => Some(SctpState::Closed),
        "CW" => Some(SctpState::CookieWait),
        "CE" => Some(SctpState::CookieEchoed),
        "ES" => Some(SctpState::Established),
        "SS" => Some(SctpState::ShutdownSent),
        "SR" => Some(SctpState::ShutdownRecd),
        "SA" => Some(SctpState::ShutdownAckSent),
        "HS" => Some(SctpState::HeartbeatSent),
        // What keeps every state keeps this one, which no packet leads to.
        "--" => Some(SctpState::None),
        "iv" => None,
        other => panic!("{other} is no state"),
    }
}

/// Linux's own seconds.
pub(crate) const fn seconds(state: SctpState) -> u32 {
    match state {
        SctpState::None | SctpState::Closed => 10,
        SctpState::CookieWait | SctpState::CookieEchoed => 3,
        SctpState::Established => 210,
        SctpState::ShutdownSent | SctpState::ShutdownRecd | SctpState::ShutdownAckSent => 3,
        SctpState::HeartbeatSent => 30,
    }
}
