//! Peers that look at all entries in their own systems: here, at a few, and the choice is the same.

use keeptrack_core::Conn;

use super::{ACK, Bench, FIN_ACK, SYN};
use crate::peers::esp_nat::Kind;
use crate::peers::opte::Class;

const RST: u8 = 0x04;

/// Who is in the table: its source port, as it is, when it was heard of last in milliseconds.
type Present = (u16, Conn, u64);

/// Passes packets of some hosts' connections and sees who leaves for each; `pick` is to foretell
/// that of all who are there, the oldest entry first, at that millisecond.
fn compare(name: &str, pick: fn(&[Present], u64) -> Option<u16>) {
    let mut bench = Bench::new(name, "", 8);
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    let (mut left_count, mut refused_count) = (0, 0);
    for _ in 0..20_000 {
        bench.now_ms += random(20).pow(2) * random(3) * random(3) * random(2);
        let mut present: Vec<_> =
            bench.told.present.iter().map(|(p, &(c, t))| (*p, c, t)).collect();
        present.retain(|(_, conn, _)| conn.expiry().as_millis() > bench.now_ms);
        present.sort_by_key(|(_, conn, _)| conn.number());
        let port = 1000 + u16::try_from(random(30)).unwrap();
        let came = match random(12) {
            0..4 => bench.tcp(port, SYN),
            4..6 => bench.answer(port, SYN | ACK),
            6..8 => bench.tcp(port, ACK),
            8 => bench.answer(port, FIN_ACK),
            9 => bench.tcp(port, FIN_ACK),
            10 => bench.tcp(port, RST),
            _ => bench.udp(port + 1000),
        };
        let victims: Vec<_> = bench.victims().into_iter().map(|(port, _)| port).collect();
        if came == "refused" || !victims.is_empty() {
            let expected: Vec<_> = pick(&present, bench.now_ms).into_iter().collect();
            assert_eq!(victims, expected, "at {} of {present:?}", bench.now_ms);
        }
        assert!(bench.told.entry_count <= 8);
        left_count += victims.len();
        refused_count += usize::from(came == "refused");
    }
    assert!(left_count > 500 && refused_count > 10, "{left_count}, {refused_count}");
}

#[test]
fn opte_takes_whom_a_look_at_all_entries_finds() {
    compare("opte", |present, now_ms| {
        let priority = |(_, conn, heard_ms): &&Present| {
            let priority = Class::of(conn).priority(now_ms - heard_ms);
            (priority.unwrap_or(0), now_ms - heard_ms)
        };
        // The last of equals is found: two of one moment come in the order of their numbers here.
        let first = present.iter().rev().max_by_key(priority)?;
        (priority(&first).0 > 0).then_some(first.0)
    });
}

#[test]
fn esp_nat_takes_whom_a_look_at_all_entries_finds() {
    compare("esp-nat", |present, now_ms| {
        let mut oldest = (0, None);
        for (port, conn, heard_ms) in present.iter().rev() {
            let age_ms = now_ms - heard_ms;
            if Kind::of(conn).is_some_and(|kind| age_ms > kind.timeout_ms()) {
                return Some(*port);
            }
            if age_ms > oldest.0 {
                oldest = (age_ms, Some(*port));
            }
        }
        oldest.1
    });
}
