//! Plays a row to somebody who tracks connections, and says what he told otherwise than expected.
//!
//! What is told of a packet is put into words: its verdict (`new est rel inv untracked held refused
//! dropped`); the state of its connection after it; the seconds that the packet gave it, `keep` when
//! none, or `gone` when it is over; its marks, `R` replied and `A` assured; `orig` or `reply` when
//! that is not the way between client and server; `error` of an ICMP error, `whole` of a fragment
//! that completes its datagram. Of an invalid packet these words tell the connection in the table.

use keeptrack_core::{Direction, Status};

use super::notation::{Case, Step};
use super::packets::is_client;
use crate::generate::packet::Ip;
use crate::judge::Judge;
use crate::told::{Lifetime, Told, Verdict};

/// When the first packet of every row comes.
const START_MS: u64 = 1_000_000;

/// Somebody who hears a row, and what is known of its connection.
pub(super) struct Player<'j> {
    judge: &'j mut dyn Judge,
    now_ms: u64,
    /// When the connection ends, by the last packet that gave it time.
    expiry_ms: u64,
}

/// A packet of which something else was told than the row says.
#[derive(Debug)]
pub struct Difference {
    /// Its number in its case.
    pub(super) index: usize,
    /// What was told.
    pub told: Told,
    /// Where the row stands, and both in words.
    pub text: String,
}

impl<'j> Player<'j> {
    /// Begins with an empty table.
    pub(super) fn new(judge: &'j mut dyn Judge) -> Result<Self, String> {
        judge.clear()?;
        Ok(Self { judge, now_ms: START_MS, expiry_ms: START_MS })
    }

    /// Passes a packet, so many milliseconds behind the last one.
    pub(super) fn pass(&mut self, wait_ms: u64, packet: &Ip) -> Result<Told, String> {
        self.now_ms += wait_ms;
        let told = self.judge.pass(self.now_ms * 1_000_000, &packet.bytes())?;
        if told.verdict == Verdict::Invalid {
            return self.look(&told);
        }
        if let Some(Lifetime::Set(seconds)) = told.timeout {
            self.expiry_ms = self.now_ms + u64::from(seconds) * 1_000;
        }
        Ok(told)
    }

    /// Tells of an invalid packet what became of the connection, if the table has one alone.
    fn look(&mut self, told: &Told) -> Result<Told, String> {
        let invalid = Told { is_gone: told.is_gone, ..Told::only(Verdict::Invalid) };
        let [row] = &self.judge.table()?[..] else { return Ok(invalid) };
        let is_kept = row.left_s == self.expiry_ms.saturating_sub(self.now_ms) / 1_000;
        let left_s = u32::try_from(row.left_s).unwrap_or(u32::MAX);
        let timeout = Some(if is_kept { Lifetime::Kept } else { Lifetime::Set(left_s) });
        Ok(Told { state: row.state, status: Some(row.status), timeout, ..invalid })
    }
}

/// Plays a case; every difference between what it says and what is told.
///
/// # Errors
/// When the judge cannot answer.
pub fn play(case: &Case, judge: &mut dyn Judge) -> Result<Vec<Difference>, String> {
    let mut player = Player::new(judge)?;
    let mut differences = Vec::new();
    for (index, Step { place, wait_ms, packet, expected }) in case.steps.iter().enumerate() {
        let told = player.pass(*wait_ms, packet).map_err(|fault| format!("{place}: {fault}"))?;
        let words = words(&told, packet);
        if words != *expected {
            let text = format!("{place}: '{words}', not '{expected}'");
            differences.push(Difference { index, told, text });
        }
    }
    Ok(differences)
}

/// The packet that a difference is about, and what another judge tells of it.
///
/// # Errors
/// When he cannot answer.
pub fn tell(
    case: &Case,
    difference: &Difference,
    judge: &mut dyn Judge,
) -> Result<(Vec<u8>, Told), String> {
    let mut player = Player::new(judge)?;
    let missing = || "a case without packets differs in none".to_owned();
    let (last, before) = case.steps[..=difference.index].split_last().ok_or_else(missing)?;
    for step in before {
        player.pass(step.wait_ms, &step.packet)?;
    }
    Ok((last.packet.bytes(), player.pass(last.wait_ms, &last.packet)?))
}

/// What was told of a packet, in words.
pub(super) fn words(told: &Told, packet: &Ip) -> String {
    let verdict = match told.verdict {
        Verdict::Established => "est",
        Verdict::Related => "rel",
        Verdict::Invalid => "inv",
        other => other.name(),
    };
    let timeout = told.timeout.map(|timeout| match timeout {
        Lifetime::Set(seconds) => seconds.to_string(),
        Lifetime::Kept => "keep".to_owned(),
    });
    let marks = told.status.map(marks).filter(|marks| !marks.is_empty());
    let dir = told.dir.filter(|&dir| dir != usual_direction(packet)).map(|dir| match dir {
        Direction::Original => "orig",
        Direction::Reply => "reply",
    });
    let words = [
        Some(verdict),
        told.state,
        told.is_gone.then_some("gone"),
        timeout.as_deref(),
        marks.as_deref(),
        dir,
        told.is_error.then_some("error").filter(|_| told.verdict == Verdict::Related),
        told.is_reassembled.then_some("whole"),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The direction of a packet, if the client has opened: towards it all goes that answers.
fn usual_direction(packet: &Ip) -> Direction {
    if is_client(packet.to) { Direction::Reply } else { Direction::Original }
}

fn marks(status: Status) -> String {
    let letters = [(Status::SEEN_REPLY, 'R'), (Status::ASSURED, 'A'), (Status::EXPECTED, 'E')];
    letters.iter().filter(|(bit, _)| status.has(*bit)).map(|(_, letter)| letter).collect()
}
