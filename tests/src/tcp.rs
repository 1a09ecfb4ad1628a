//! What rows do not tell of TCP: why a connection leaves, and which of all flags are valid.

use keeptrack_core::{
    Config, Conntrack, Instant, Invalid, Protocol, Seed, State, Step, TcpFlags, TcpState, Why,
};

use crate::answer::{Answer, Filter, Verdict};
use crate::frames::{CLIENT, SERVER, ip, read, tcp};
use crate::memory::Owned;
use crate::tcp_table::flags;

const NOW: Instant = Instant::from_millis(1_000);
const PORTS: (u16, u16) = (1111, 80);

fn tracker() -> Conntrack<Owned> {
    Conntrack::new(Owned::new(4), Config::DEFAULT, Seed([1; 16])).unwrap()
}

/// Hears a segment of the client's (`>`) or the server's.
fn hear(ct: &mut Conntrack<Owned>, who: &str, flags: TcpFlags, numbers: (u32, u32)) -> Answer {
    let frame = match who {
        ">" => ip(Protocol::TCP, CLIENT, SERVER, &tcp(PORTS, flags, numbers)),
        _ => ip(Protocol::TCP, SERVER, CLIENT, &tcp((PORTS.1, PORTS.0), flags, numbers)),
    };
    Answer::of(ct.track(NOW, &read(&frame)), Filter::Accepts)
}

#[test]
fn a_reopened_connection_leaves_with_its_reason() {
    let mut ct = tracker();
    for (who, letters, numbers) in [
        (">", "S", (1000, 0)),
        ("<", "SA", (5000, 1001)),
        (">", "A", (1001, 5001)),
        (">", "FA", (1001, 5001)),
        ("<", "FA", (5001, 1002)),
        (">", "A", (1002, 5002)),
        (">", "S", (9000, 0)),
    ] {
        hear(&mut ct, who, flags(letters), numbers);
    }
    let Step::Ended(ended) = ct.expire(NOW) else { panic!("the old connection waits") };
    assert_eq!(ended.why, Why::Reopened);
    assert_eq!(ended.conn.state(), Some(State::Tcp(TcpState::TimeWait)));
    assert!(matches!(ct.expire(NOW), Step::Idle));
    assert_eq!((ct.len(), ct.stats().reopened), (1, 1));
}

#[test]
fn a_connection_that_nobody_answered_leaves_with_its_reset() {
    let mut ct = tracker();
    hear(&mut ct, ">", flags("S"), (1000, 0));
    assert_eq!(hear(&mut ct, "<", flags("RA"), (0, 1001)).ended, Some(Why::Reset));
    assert_eq!(ct.len(), 0);
}

#[test]
fn of_all_flags_only_those_are_valid_that_some_tcp_sends() {
    let valid = ["S", "SU", "SA", "R", "RA", "FA", "FAU", "A", "AU"].map(|word| flags(word).0);
    for bits in 0..=u8::MAX {
        let mut ct = tracker();
        hear(&mut ct, ">", flags("S"), (1000, 0));
        let verdict = hear(&mut ct, ">", TcpFlags(bits), (1001, 0)).verdict;
        let refused = verdict == Verdict::Invalid(Invalid::TcpFlags);
        let expected = !valid.contains(&(bits & !flags("PEC").0));
        assert_eq!(refused, expected, "{bits:#010b}: {verdict:?}");
    }
}
