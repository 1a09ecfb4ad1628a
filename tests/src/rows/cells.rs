//! The cells of Linux's tables for TCP and SCTP: what each packet does to a connection in each state.
//!
//! A cell begins with an empty table, brings a connection into the state, in one way or another, and
//! passes one packet more. What the kernel tells of that one is kept in `tests/golden`.

use std::fmt::Write;
use std::path::PathBuf;

use super::packets::{Family, Hosts};
use super::play::{Player, words};
use super::sctp_words::CHUNKS;
use crate::judge::Judge;

/// The cells of one protocol.
#[derive(Debug, Clone, Copy)]
pub struct Cells {
    /// The name of the file that keeps what the kernel tells.
    file: &'static str,
    /// What the file says in front.
    about: &'static str,
    ways: &'static [Way],
    packets: fn() -> Vec<&'static str>,
}

/// How a connection comes into a state.
#[derive(Debug)]
struct Way {
    state: &'static str,
    /// Packets, joined by `; `.
    packets: &'static str,
    /// Words behind each packet that the client sends then, and behind each of the server's.
    then: [&'static str; 2],
}

const fn way(state: &'static str, packets: &'static str) -> Way {
    Way { state, packets, then: ["", ""] }
}

/// Then both sides' packets bear tag 0, where they bore their receiver's: no one has told a tag yet.
const fn untagged(state: &'static str, packets: &'static str) -> Way {
    Way { state, packets, then: [" tag 0", " tag 0"] }
}

const TCP: Cells = Cells {
    file: "tcp-cells.txt",
    about: "\
# What Linux does to a TCP connection in each state on a segment of each class, in either direction:
# flags, and what is told of the segment (see tests/src/rows). Written by kernel-rows --record.
#
# No segment meets an entry in NONE: without one there is no direction, and the first is an original
# one. So the cells of NONE in the direction of replies are never looked at.
",
    ways: &[
        way("NONE", ""),
        way("SYN_SENT", "> S"),
        way("SYN_SENT", "> S; < A seq 7000 ack 300"),
        way("SYN_RECV", "> S; < SA"),
        way("SYN_RECV", "> S; < S; > SA"),
        way("ESTABLISHED", "> S; < SA; > A"),
        way("ESTABLISHED", "> A"),
        way("ESTABLISHED", "> A; < A; > A"),
        way("FIN_WAIT", "> S; < SA; > A; > FA"),
        way("FIN_WAIT", "> S; < SA; > A; < FA"),
        way("CLOSE_WAIT", "> S; < SA; > A; > FA; < A"),
        way("CLOSE_WAIT", "> S; < SA; > A; < FA; > A"),
        way("LAST_ACK", "> S; < SA; > A; > FA; < FA"),
        way("LAST_ACK", "> S; < SA; > A; > FA; < FA; > S seq 90000"),
        way("TIME_WAIT", "> S; < SA; > A; > FA; < FA; > A"),
        way("CLOSE", "> S; < SA; > A; > R"),
        way("CLOSE", "> S; < SA; > A; < R"),
        way("CLOSE", "> S; < SA; > A; > FA; < R"),
        way("SYN_SENT2", "> S; < S"),
    ],
    packets: || vec!["S", "SA", "FA", "A", "R", "-"],
};

const SCTP: Cells = Cells {
    file: "sctp-cells.txt",
    about: "\
# What Linux does to an SCTP association in each state on each chunk, in either direction: the chunk,
# and what is told of its packet (see tests/src/rows). Written by kernel-rows --record.
#
# No packet meets an entry in NONE: the first packet leads to another state, or is invalid. So the
# cells of NONE in the direction of replies are never looked at. As long as no tag has been told for a
# direction, its packets are valid with tag 0: the cells of such a state are there with both tags.
",
    ways: &[
        way("NONE", ""),
        untagged("NONE", ""),
        way("CLOSED", "> INIT"),
        untagged("CLOSED", "> INIT"),
        way("CLOSED", "> INIT; < INIT-ACK; > COOKIE-ECHO; < COOKIE-ACK; < ABORT"),
        way("COOKIE_WAIT", "> INIT; < INIT-ACK"),
        way("COOKIE_ECHOED", "> INIT; < INIT-ACK; > COOKIE-ECHO"),
        way("ESTABLISHED", "> INIT; < INIT-ACK; > COOKIE-ECHO; < COOKIE-ACK"),
        way("ESTABLISHED", "> HEARTBEAT; < HEARTBEAT-ACK"),
        way("SHUTDOWN_SENT", "> INIT; < INIT-ACK; > COOKIE-ECHO; < COOKIE-ACK; > SHUTDOWN"),
        way("SHUTDOWN_RECD", "> INIT; < INIT-ACK; > COOKIE-ECHO; < COOKIE-ACK; < SHUTDOWN"),
        way(
            "SHUTDOWN_ACK_SENT",
            "> INIT; < INIT-ACK; > COOKIE-ECHO; < COOKIE-ACK; > SHUTDOWN; < SHUTDOWN-ACK",
        ),
        way("SHUTDOWN_ACK_SENT", "> SHUTDOWN-ACK"),
        way("HEARTBEAT_SENT", "> HEARTBEAT"),
        untagged("HEARTBEAT_SENT", "> HEARTBEAT"),
    ],
    packets: || CHUNKS.iter().map(|(chunk, _)| *chunk).collect(),
};

impl Cells {
    /// Both protocols'.
    pub const ALL: [Self; 2] = [TCP, SCTP];

    /// The file that keeps what the kernel tells.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(self.file)
    }

    /// What the judge tells of all cells: the text of the file.
    ///
    /// # Errors
    /// When he cannot answer, or when the way to a state leads to another one.
    pub fn told(&self, judge: &mut dyn Judge) -> Result<String, String> {
        let mut text = self.about.to_owned();
        for way in self.ways {
            let packets = if way.packets.is_empty() { "none" } else { way.packets };
            // Writing to text cannot fail.
            _ = writeln!(text, "\n{} by {packets}", way.state);
            for (who, then) in [">", "<"].into_iter().zip(way.then) {
                if way.packets.is_empty() && who == "<" {
                    continue;
                }
                for what in (self.packets)() {
                    let then = if what == "INIT" { "" } else { then };
                    let last = format!("{who} {what}{then}");
                    let told = way
                        .tell(&last, judge)
                        .map_err(|fault| format!("{}: {packets}; {last}: {fault}", way.state))?;
                    _ = writeln!(text, "  {last:<26} {told}");
                }
            }
        }
        Ok(text)
    }

    /// How many cells a text is about.
    #[must_use]
    pub fn count(text: &str) -> usize {
        text.lines().filter(|line| line.starts_with("  ")).count()
    }

    /// The lines in which two texts differ, the expected one first.
    #[must_use]
    pub fn differences(expected: &str, told: &str) -> Vec<String> {
        let lines = expected.lines().zip(told.lines());
        let differing = lines.filter(|(expected, told)| expected != told);
        let mut differences: Vec<_> =
            differing.map(|(expected, told)| format!("{told}, not {expected}")).collect();
        if expected.lines().count() != told.lines().count() {
            differences.push("other cells than those of the file".to_owned());
        }
        differences
    }
}

impl Way {
    /// What is told of that packet behind these.
    fn tell(&self, last: &str, judge: &mut dyn Judge) -> Result<String, String> {
        let (mut player, mut hosts) = (Player::new(judge)?, Hosts::new(Family::V4));
        let mut state = "NONE";
        for packet in self.packets.split("; ").filter(|packet| !packet.is_empty()) {
            let told = player.pass(0, &hosts.packet(packet)?)?;
            state = told.state.unwrap_or(state);
        }
        if state != self.state {
            return Err(format!("the way leads to {state}"));
        }
        let packet = hosts.packet(last)?;
        Ok(words(&player.pass(0, &packet)?, &packet))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use keeptrack_core::{Direction, SctpState, TcpState};

    use super::{Cells, SCTP, TCP};
    use crate::{sctp_table, tcp_table};

    /// What the kernel told of each cell, by state, direction and packet: one answer for each way.
    type Kept = BTreeMap<(String, String, String), Vec<Vec<String>>>;

    fn kept(cells: &Cells) -> Kept {
        let (mut kept, mut state) = (Kept::new(), String::new());
        for line in fs::read_to_string(cells.file()).unwrap().lines() {
            let line = line.replace(" tag 0", "");
            let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
            match &words[..] {
                [who, what, told @ ..] if line.starts_with("  ") => {
                    let cell = (state.clone(), who.clone(), what.clone());
                    kept.entry(cell).or_default().push(told.to_vec());
                }
                [named, ..] => state.clone_from(named),
                [] => {}
            }
        }
        kept
    }

    /// Whether some way shows this result.
    fn shows(answers: &[Vec<String>], is_result: impl Fn(&str, &str, &str) -> bool) -> bool {
        let word = |answer: &[String], place: usize| answer.get(place).cloned().unwrap_or_default();
        answers.iter().any(|answer| is_result(&word(answer, 0), &word(answer, 1), &word(answer, 2)))
    }

    const SIDES: [(&str, Direction); 2] = [(">", Direction::Original), ("<", Direction::Reply)];

    #[test]
    fn the_written_table_of_tcp_is_the_kernels() {
        let kept = kept(&TCP);
        for (who, dir) in SIDES {
            for (state, class) in crossed(&tcp_table::STATES, &tcp_table::CLASSES) {
                let Some(answers) = kept.get(&(state.name().into(), who.into(), class.into()))
                else {
                    assert_eq!((state, dir), (TcpState::None, Direction::Reply));
                    continue;
                };
                let is_so = shows(answers, |verdict, after, life| {
                    match tcp_table::cell(dir, class, state) {
                        tcp_table::Cell::Invalid => verdict == "inv",
                        tcp_table::Cell::Ignored => after == state.name() && life == "keep",
                        tcp_table::Cell::To(TcpState::Close) if after == "gone" => true,
                        tcp_table::Cell::To(new) => verdict != "inv" && after == new.name(),
                    }
                });
                assert!(is_so, "{dir:?} {class} in {}: {answers:?}", state.name());
            }
        }
    }

    #[test]
    fn the_written_table_of_sctp_is_the_kernels() {
        let kept = kept(&SCTP);
        for (who, dir) in SIDES {
            for (state, (chunk, _)) in crossed(&sctp_table::STATES, &sctp_table::CHUNKS) {
                // Of entries in NONE the kernel has none.
                if state == SctpState::None {
                    continue;
                }
                let answers = &kept[&(state.name().into(), who.into(), chunk.into())];
                let is_so =
                    shows(answers, |verdict, after, _| match sctp_table::cell(dir, chunk, state) {
                        None => verdict == "inv",
                        Some(new) => verdict != "inv" && after == new.name(),
                    });
                assert!(is_so, "{dir:?} {chunk} in {}: {answers:?}", state.name());
            }
        }
    }

    fn crossed<A: Copy, B: Copy>(all: &[A], each: &[B]) -> Vec<(A, B)> {
        all.iter().flat_map(|one| each.iter().map(|other| (*one, *other))).collect()
    }
}
