//! A board's verdicts, packet by packet, and those of `keeptrack replay` on the same packets.
//!
//! A board that is configured so writes a line for each frame that a port hands over. The lines say
//! in which order it took the frames of both ports and when; the frames themselves are known from a
//! capture of each port. Put together they are a capture of what the board saw, and that is
//! replayed with the board's configuration and as many slots.

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;

use keeptrack::capture::Capture;
use keeptrack_tools::Side;
use keeptrack_tools::frames::Frame;
use keeptrack_tools::log::Line;
use keeptrack_tools::pcapng::Pcapng;
use serde_json::Value;

use crate::host::{Ran, keeptrack};

/// How a line begins that says that rules are read: how many connections fit is next.
const BOOT: &str = "boot: ";

/// How a line begins that tells of a frame.
const PACKET: &str = "packet ";

/// What a board says of a frame that it did not look into.
const UNASKED: [&str; 3] = ["closed", "looped", "no_link"];

/// What a board says of a frame that tracking and rules let pass, and the other port did not take.
const BUSY: &str = "busy";

/// What it says of a frame that it sent on.
const ACCEPT: &str = "accept";

/// What a comparison came to.
#[derive(Debug, Default)]
pub struct Compared {
    /// Frames of which board and replay had to say the same.
    pub packet_count: usize,
    /// Frames that the board did not look into, by their places: nobody was at the other port, or the
    /// like.
    pub unasked: Vec<usize>,
    /// Frames of which the board says nothing, by their places: it never had them.
    pub unheard: Vec<usize>,
    /// Frames that the board sent on, by their places, in this order.
    pub accepted: Vec<usize>,
    /// Frames of which the two do not say the same.
    pub differences: Vec<Difference>,
}

/// A frame, and what is said of it: NEW, ESTABLISHED and so on, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which of those handed to the board.
    pub place: usize,
    /// What the board says.
    pub board: String,
    /// What the replay says.
    pub replay: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, board, replay } = self;
        write!(out, "frame {place}: `{board}` on the board, `{replay}` in the replay")
    }
}

/// Compares what a board's log says of frames with what a replay says of them.
///
/// `frames` were handed to the board, those of each port in this order; `image` is the
/// configuration that the board had.
///
/// # Errors
/// The log is not one of a board that tells of each packet, or the replay fails.
pub fn compare(log: &[Line], frames: &[Frame], image: &Path) -> Result<Compared, String> {
    let mut waiting = Side::BOTH.map(|side| -> VecDeque<usize> {
        (0..frames.len()).filter(|place| frames[*place].side == side).collect()
    });
    let mut compared = Compared::default();
    for part in parts(log)? {
        let mut told = Vec::new();
        for line in part.lines {
            let Some(said) = Said::of(line)? else { continue };
            let queue = &mut waiting[said.side as usize];
            // Those that were not of this length the port itself refused or lost.
            let place = loop {
                let place = queue.pop_front();
                let place = place.ok_or_else(|| format!("no such frame came in: {line}"))?;
                if frames[place].bytes.len() == said.len {
                    break place;
                }
                compared.unheard.push(place);
            };
            told.push((place, said));
        }
        let accepted = told.iter().filter(|(_, said)| said.fate() == ACCEPT);
        compared.accepted.extend(accepted.map(|(place, _)| *place));
        let unasked = told.extract_if(.., |(_, said)| UNASKED.contains(&said.fate()));
        compared.unasked.extend(unasked.map(|(place, _)| place));
        compared.packet_count += told.len();
        compared.differences.extend(differences(&told, frames, (part.slot_count, image))?);
    }
    compared.unheard.extend(waiting.into_iter().flatten());
    Ok(compared)
}

/// The frames of a capture of both ports, of which the interfaces eth0 and eth1 hold those that were
/// handed to the board.
///
/// # Errors
/// The file is no capture, or has other interfaces.
pub fn handed(capture: &Path) -> Result<Vec<Frame>, String> {
    let mut capture = Capture::open(capture).map_err(|why| why.to_string())?;
    let mut frames = Vec::new();
    while let Some(record) = capture.next() {
        let record = record.map_err(|why| why.to_string())?;
        let name = record.interface.name.as_deref().unwrap_or_default();
        let side = side(name).ok_or_else(|| format!("interface `{name}` is no port of a board"))?;
        frames.push(Frame { side, bytes: record.data.to_vec() });
    }
    Ok(frames)
}

/// A log from one start of the board to the next: a table begins empty.
struct Part<'l> {
    slot_count: usize,
    lines: &'l [Line],
}

fn parts(log: &[Line]) -> Result<Vec<Part<'_>>, String> {
    let starts = (0..log.len()).filter(|at| log[*at].message.starts_with(BOOT));
    let starts: Vec<_> = starts.collect();
    let ends = starts.iter().skip(1).chain([&log.len()]).copied().collect::<Vec<_>>();
    if starts.is_empty() {
        return Err(format!("the log has no line with `{BOOT}`"));
    }
    let parts = starts.iter().zip(ends).map(|(start, end)| {
        let lines = &log[*start..end];
        let number = lines[0].message[BOOT.len()..].split(' ').next().unwrap_or_default();
        let slot_count = number.parse();
        let slot_count =
            slot_count.map_err(|_| format!("no number of connections: {}", lines[0]))?;
        Ok(Part { slot_count, lines })
    });
    parts.collect()
}

/// What a line says of a frame: `packet eth0 74 NEW accept 12345`.
struct Said<'l> {
    at_us: u64,
    side: Side,
    len: usize,
    /// What tracking and rules say.
    words: &'l str,
}

impl<'l> Said<'l> {
    /// None for a line of another kind.
    fn of(line: &'l Line) -> Result<Option<Self>, String> {
        let Some(said) = line.message.strip_prefix(PACKET) else { return Ok(None) };
        let read = Self::parse(said, line.at_us);
        read.map(Some).ok_or_else(|| format!("no line of a packet: {line}"))
    }

    /// When the table was asked stands at the end, in milliseconds. A board that does not say so
    /// wrote the line some milliseconds later, which a full table may tell apart.
    fn parse(said: &'l str, written_us: Option<u64>) -> Option<Self> {
        let (port, rest) = said.split_once(' ')?;
        let (len, rest) = rest.split_once(' ')?;
        let asked =
            rest.rsplit_once(' ').and_then(|(words, ms)| Some((words, ms.parse::<u64>().ok()?)));
        let (words, at_us) = match asked {
            Some((words, ms)) => (words, ms.checked_mul(1_000)?),
            None => (rest, written_us?),
        };
        Some(Self { at_us, side: side(port)?, len: len.parse().ok()?, words })
    }

    /// `accept`, or why it went nowhere.
    fn fate(&self) -> &str {
        self.words.rsplit(' ').next().unwrap_or_default()
    }

    /// What a replay would have to say: it knows of no other port.
    fn expected(&self) -> String {
        match self.words.strip_suffix(BUSY) {
            Some(state) => format!("{state}{ACCEPT}"),
            None => self.words.to_owned(),
        }
    }
}

fn side(name: &str) -> Option<Side> {
    Side::BOTH.into_iter().find(|side| side.name() == name)
}

/// Replays the frames that were told of, and compares.
fn differences(
    told: &[(usize, Said<'_>)],
    frames: &[Frame],
    (slot_count, image): (usize, &Path),
) -> Result<Vec<Difference>, String> {
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let replayed = replay(told, frames, (slot_count, image))?;
    if replayed.len() != told.len() {
        let (is, should) = (replayed.len(), told.len());
        return Err(format!("the replay tells of {is} packets instead of {should}"));
    }
    let pairs = told.iter().zip(replayed).map(|((place, said), replay)| Difference {
        place: *place,
        board: said.expected(),
        replay,
    });
    Ok(pairs.filter(|pair| pair.board != pair.replay).collect())
}

/// What `keeptrack replay` says of each frame.
fn replay(
    told: &[(usize, Said<'_>)],
    frames: &[Frame],
    (slot_count, image): (usize, &Path),
) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let path = folder.path().join("board.pcapng");
    write(&path, told, frames).map_err(|why| why.to_string())?;
    let (max, image, path) =
        (slot_count.to_string(), image.to_string_lossy(), path.to_string_lossy());
    let options = ["-q", "--output", "packets", "--firmware-config", &image, "--max", &max, &path];
    let Ran { end, stdout } = keeptrack(&[&["replay"], &options[..]].concat());
    end.map_err(|why| format!("{why:?}"))?;
    let lines = stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| {
        let line: Value = serde_json::from_slice(line).map_err(|why| why.to_string())?;
        let words = line.get("gw").and_then(Value::as_str);
        words.map(str::to_owned).ok_or_else(|| format!("no verdict of a gateway in {line}"))
    });
    lines.collect()
}

fn write(path: &Path, told: &[(usize, Said<'_>)], frames: &[Frame]) -> std::io::Result<()> {
    let mut capture = Pcapng::create(path)?;
    for (place, said) in told {
        capture.frame_at(said.side, said.at_us, &frames[*place].bytes)?;
    }
    capture.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str) -> Line {
        Line { at_us: Some(5_000), level: "INFO".into(), message: message.into() }
    }

    fn frame(side: Side, len: usize) -> Frame {
        Frame { side, bytes: vec![0; len] }
    }

    #[test]
    fn a_line_tells_its_moment_or_has_that_of_its_writing() {
        let (told, untold) = (line("packet eth1 74 - accept 12"), line("packet eth1 74 NEW busy"));
        let told = Said::of(&told).unwrap().unwrap();
        assert_eq!((told.at_us, told.words, told.fate()), (12_000, "- accept", "accept"));
        let untold = Said::of(&untold).unwrap().unwrap();
        assert_eq!((untold.at_us, untold.side, untold.len), (5_000, Side::Right, 74));
        assert_eq!(untold.expected(), "NEW accept", "a replay knows of no other port");
        assert!(Said::of(&line("packet eth2 74 NEW accept")).is_err());
        assert!(Said::of(&line("eth0: link Up")).unwrap().is_none());
    }

    #[test]
    fn frames_that_the_board_never_had_are_unheard_and_those_it_never_looked_into_unasked() {
        let log = ["boot: 9 connections", "packet eth0 60 - no_link", "packet eth0 70 - looped"];
        let frames = [60, 1600, 70, 13].map(|len| frame(Side::Left, len));
        let compared = compare(&log.map(line), &frames, Path::new("none")).unwrap();
        assert_eq!((compared.unheard, compared.unasked), (vec![1, 3], vec![0, 2]));
        assert_eq!(compared.packet_count, 0);
    }

    #[test]
    fn a_line_without_a_frame_and_a_log_without_a_start_are_errors() {
        let log = ["boot: 9 connections", "packet eth1 60 - no_link"].map(line);
        let why = compare(&log, &[frame(Side::Left, 60)], Path::new("none")).unwrap_err();
        assert!(why.contains("no such frame"), "{why}");
        assert!(compare(&log[1..], &[], Path::new("none")).is_err());
    }
}
