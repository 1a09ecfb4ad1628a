//! What Linux's two TCP tables say, as written down from Linux and not from the tracker; `rows` holds
//! them against what the kernel told.

use keeptrack_core::{Direction, TcpFlags, TcpState};

use crate::rows;

/// What a segment does to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// The connection is in this state afterwards.
    To(TcpState),
    /// It passes, and neither changes nor renews anything.
    Ignored,
    /// It is invalid.
    Invalid,
}

/// The columns, in their order.
pub(crate) const STATES: [TcpState; 10] = [
    TcpState::None,
    TcpState::SynSent,
    TcpState::SynRecv,
    TcpState::Established,
    TcpState::FinWait,
    TcpState::CloseWait,
    TcpState::LastAck,
    TcpState::TimeWait,
    TcpState::Close,
    TcpState::SynSent2,
];

/// The rows: flags in the tests' words.
pub(crate) const CLASSES: [&str; 6] = ["S", "SA", "FA", "A", "R", "-"];

//                      none SS SR ES FW CW LA TW CL S2
const ORIGINAL: [&str; 6] = [
    /* S  */ "SS SS ig ig ig ig ig SS SS S2",
    /* SA */ "iv iv SR iv iv iv iv iv iv SR",
    /* FA */ "iv iv FW FW LA LA LA TW CL iv",
    /* A  */ "ES iv ES ES CW CW TW TW CL iv",
    /* R  */ "iv CL CL CL CL CL CL CL CL CL",
    /* -  */ "iv iv iv iv iv iv iv iv iv iv",
];

const REPLY: [&str; 6] = [
    /* S  */ "iv S2 iv iv iv iv iv SS iv S2",
    /* SA */ "iv SR ig ig ig ig ig ig ig SR",
    /* FA */ "iv iv FW FW LA LA LA TW CL iv",
    /* A  */ "iv ig SR ES CW CW TW TW CL ig",
    /* R  */ "iv CL CL CL CL CL CL CL CL CL",
    /* -  */ "iv iv iv iv iv iv iv iv iv iv",
];

/// The cell for a class in a state. `SS` in the columns TW and CL means a new connection, if the
/// old one is over.
pub(crate) fn cell(dir: Direction, class: &str, state: TcpState) -> Cell {
    let row = CLASSES.iter().position(|&known| known == class).unwrap();
    let table = match dir {
        Direction::Original => ORIGINAL,
        Direction::Reply => REPLY,
    };
    let column = STATES.iter().position(|&known| known == state).unwrap();
    match table[row].split(' ').nth(column).unwrap() {
        "SS" => Cell::To(TcpState::SynSent),
        "SR" => Cell::To(TcpState::SynRecv),
        "ES" => Cell::To(TcpState::Established),
        "FW" => Cell::To(TcpState::FinWait),
        "CW" => Cell::To(TcpState::CloseWait),
        "LA" => Cell::To(TcpState::LastAck),
        "TW" => Cell::To(TcpState::TimeWait),
        "CL" => Cell::To(TcpState::Close),
        "S2" => Cell::To(TcpState::SynSent2),
        "ig" => Cell::Ignored,
        "iv" => Cell::Invalid,
        other => panic!("{other} is no state"),
    }
}

/// The flags that a word of letters stands for: `S`, `A`, `F`, `R`, `P`, `U`, `E`, `C`; `-` for none.
pub(crate) fn flags(letters: &str) -> TcpFlags {
    rows::flags(letters).expect(letters)
}
