//! The helper of FTP: which lines it reads, what it expects then, and what it drops.
//!
//! All of it is text beside this file: `lines.ftp` has single lines, `scenes.ftp` conversations (see
//! `scene`). What they say was asked of Linux 6.18 first; `kernel-ftp` asks the running kernel again.

mod scene;
pub(crate) mod segment;
#[cfg(test)]
mod tests;

use keeptrack_core::raw::{
    ChainId, Helper, Hook, Matches, Ports, RawTable, Target, Template, Test,
};
use keeptrack_core::{Config, Protocol};

use crate::judge::Judge;
use crate::ours::Ours;
use crate::told::Verdict;
use scene::{Came, Play};
pub use scene::{Scene, play};
use segment::{Family, Side};

/// The rule that gives a helper, for `iptables-restore` and `ip6tables-restore`.
pub const RULES: &str = "*raw\n-A PREROUTING -p tcp --dport 21 -j CT --helper ftp\nCOMMIT\n";

/// Ports at which somebody may be expected when a line was read.
const PORTS: [u16; 9] = [0, 1, 80, 146, 4096, 4242, 5000, 5001, 34463];

/// Our tracker under that rule.
///
/// # Errors
/// When there is none.
pub fn ours() -> Result<Ours<RawTable<1, 2>>, String> {
    let mut rules = RawTable::new();
    let matches = Matches {
        protocol: Test::Is(Protocol::TCP),
        destination_ports: Test::Is([(21, 21)].into_iter().collect::<Ports>()),
        ..Matches::default()
    };
    let target = Target::Ct(Template { helper: Some(Helper::Ftp), ..Template::NONE });
    let appended = rules.append(ChainId::of(Hook::Prerouting), matches, target);
    appended.map_err(|error| format!("{error:?}"))?;
    Ours::under(rules, Config::DEFAULT, 64)
}

/// All scenes.
///
/// # Errors
/// When they cannot be understood, with the line.
pub fn scenes() -> Result<Vec<Scene>, String> {
    scene::read("scenes.ftp", include_str!("scenes.ftp"))
}

/// A line that a side says, and what becomes of it.
#[derive(Debug)]
pub struct Line {
    family: Family,
    side: Side,
    answer: Answer,
    text: Vec<u8>,
    written: &'static str,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Nothing,
    Partial,
    Expects(u16),
}

/// All single lines.
///
/// # Errors
/// When they cannot be understood, with the line.
pub fn lines() -> Result<Vec<Line>, String> {
    let lines = include_str!("lines.ftp").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| Line::read(line).ok_or_else(|| format!("`{line}` is no line"))).collect()
}

impl Line {
    fn read(written: &'static str) -> Option<Self> {
        let (family, rest) = written.split_once(' ')?;
        let (side, rest) = rest.split_once(' ')?;
        // The text begins in a column of its own, and may begin with a space.
        let (answer, text) = rest.split_at_checked(14)?;
        let answer = match answer.trim_end().split_once(' ') {
            Some(("expects", port)) => Answer::Expects(port.parse().ok()?),
            Some(_) => return None,
            None if answer.trim_end() == "partial" => Answer::Partial,
            None => Answer::Nothing,
        };
        let family = if family == "4" { Family::V4 } else { Family::V6 };
        let side = if side == "c" { Side::Client } else { Side::Server };
        Some(Self { family, side, answer, text: scene::unescaped(text).ok()?, written })
    }

    /// What becomes of it otherwise than it says, if anything does.
    ///
    /// # Errors
    /// When the judge cannot be asked.
    pub fn difference(&self, judge: &mut dyn Judge) -> Result<Option<String>, String> {
        let mut play = Play::new(judge, self.family)?;
        play.open('a')?;
        play.greet('a')?;
        let came = play.say('a', self.side, ("PA", 0), &self.text)?;
        let mut expected = None;
        for port in PORTS {
            let is_expected =
                play.first(self.side.other(), port, "S")? == Came::To(Verdict::Related);
            expected = expected.or(is_expected.then_some(port));
        }
        let answer = match (came, expected) {
            (Came::Partial, None) => Answer::Partial,
            (Came::To(Verdict::Established), None) => Answer::Nothing,
            (Came::To(Verdict::Established), Some(port)) => Answer::Expects(port),
            _ => return Ok(Some(format!("`{}`: {came:?} {expected:?}", self.written))),
        };
        Ok((answer != self.answer).then(|| format!("`{}`: {answer:?}", self.written)))
    }
}
