//! What a packet is to connections while the rules settle its tracking.

use keeptrack_core::raw::{EarlyState, Hook, Matches, Raw, RawVerdict, Target, Template, Test};
use keeptrack_core::{Path, Zone};

use super::{OUTPUT, PREROUTING, Table, along, counts};

const ZONE: Target = Target::Ct(Template { zone: Zone(3), ..Template::NONE });

fn asks(state: EarlyState) -> Matches {
    Matches { state: Test::Is(state), ..Matches::default() }
}

/// How often the two states are met at a hook, behind a rule of each target there.
fn met(first: Target, path: Path, hook: Hook) -> [u64; 2] {
    let mut table = Table::new();
    for chain in [PREROUTING, OUTPUT] {
        table.append(chain, Matches::default(), first).unwrap();
        for state in [EarlyState::Invalid, EarlyState::Untracked] {
            table.append(chain, asks(state), Target::Continue).unwrap();
        }
    }
    table.classify(&along(path));
    let counts = counts(&table, hook);
    let at = if hook == Hook::Prerouting { 1 } else { 4 };
    [counts[at].0, counts[at + 1].0]
}

#[test]
fn a_packet_is_invalid_until_a_rule_speaks_of_it() {
    let (arrives, prerouting) = (Path::Arrives, Hook::Prerouting);
    assert_eq!(met(Target::Continue, arrives, prerouting), [1, 0]);
    assert_eq!(met(Target::NoTrack, arrives, prerouting), [0, 1]);
    assert_eq!(met(ZONE, arrives, prerouting), [0, 0]);
    assert_eq!(met(Target::NoTrack, Path::Local, Hook::Output), [0, 1]);
}

#[test]
fn a_looping_packet_stays_untracked_and_is_known_otherwise() {
    assert_eq!(met(Target::NoTrack, Path::Loops, Hook::Prerouting), [0, 1]);
    assert_eq!(met(Target::Continue, Path::Loops, Hook::Prerouting), [0, 0]);
}

#[test]
fn what_a_rule_does_may_depend_on_the_state() {
    let mut table = Table::new();
    table.append(PREROUTING, asks(EarlyState::Untracked), Target::Drop).unwrap();
    table.append(PREROUTING, Matches::default(), Target::NoTrack).unwrap();
    assert_eq!(table.classify(&along(Path::Arrives)), RawVerdict::NoTrack);
    table.append(PREROUTING, asks(EarlyState::Untracked), Target::Drop).unwrap();
    assert_eq!(table.classify(&along(Path::Arrives)), RawVerdict::Drop);
}
