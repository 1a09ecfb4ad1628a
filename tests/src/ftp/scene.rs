//! Scenes: what two hosts say to each other over FTP, and what becomes of each packet.
//!
//! A scene begins with its family and its title, `4: TITLE`; then stand its packets, one a line, each
//! with what becomes of it behind `=>`:
//!
//! | line | packet |
//! | --- | --- |
//! | `open a` | three: the control connection `a` is opened (`b` is another one) |
//! | `greet a` | two: each side of it says its first line |
//! | `a c TEXT` | the client of `a` says the text; `s` is its server |
//! | `a c@-6 TEXT` | the same, so many bytes before or behind the place where it goes on |
//! | `a c[R] TEXT` | the same, with these flags |
//! | `c>s:5000 S` | the first segment of another connection, from the client to that port of the server |
//! | `wait 300` | none, for so many seconds |
//!
//! `=>` is followed by `new`, `established`, `related` or `invalid`, and `partial` or `refused` if a
//! helper drops the packet, for it cannot read it or cannot expect what it announces. A control
//! connection's packets are `established` if nothing is said. What is dropped is not counted as said.

use std::collections::BTreeMap;

use super::segment::{At, Family, Side, segment};
use crate::judge::Judge;
use crate::told::{Told, Verdict};

/// A scene.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What it shows, and where it stands.
    pub title: String,
    pub(super) family: Family,
    lines: Vec<String>,
}

/// What is told of a packet that a helper drops: by the kernel's log, and by our names.
const PARTIAL: [&str; 2] = ["partial matching", "helper_partial"];
/// The same, when it cannot expect what the packet announces.
const REFUSED: [&str; 3] = ["cannot add expectation", "expect_clash", "expect_full"];

/// How long a packet is behind the one before it.
const STEP_NS: u64 = 1_000_000;
/// The port of the server that the rules give a helper.
const PORT: u16 = 21;
/// What each side has sent before its first byte.
const FIRST: [u32; 2] = [1000, 5000];

/// The scenes of a text.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<Scene>, String> {
    let mut scenes: Vec<Scene> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let family = match line.split_at_checked(3) {
            Some(("4: ", title)) => Some((Family::V4, title)),
            Some(("6: ", title)) => Some((Family::V6, title)),
            _ => None,
        };
        match (family, scenes.last_mut()) {
            (Some((family, title)), _) => {
                let title = format!("{file}:{number}: {title}");
                scenes.push(Scene { title, family, lines: Vec::new() });
            }
            _ if line.is_empty() || line.starts_with('#') => {}
            (None, Some(scene)) => scene.lines.push(line.to_owned()),
            (None, None) => return Err(format!("{file}:{number}: no scene before `{line}`")),
        }
    }
    Ok(scenes)
}

/// What a packet of a scene came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    To(Verdict),
    /// A helper dropped it.
    Partial,
    /// A helper dropped it.
    Refused,
}

impl Came {
    /// What is told of a packet by its verdict, and by why a helper dropped it.
    fn of(told: &Told) -> Self {
        match &told.log {
            Some(log) if PARTIAL.iter().any(|words| log.contains(words)) => Self::Partial,
            Some(log) if REFUSED.iter().any(|words| log.contains(words)) => Self::Refused,
            _ => Self::To(told.verdict),
        }
    }

    fn read(word: &str) -> Option<Self> {
        match word {
            "partial" => Some(Self::Partial),
            "refused" => Some(Self::Refused),
            word => Verdict::from_name(word).map(Self::To),
        }
    }
}

/// A scene while it is played.
pub(super) struct Play<'j> {
    judge: &'j mut dyn Judge,
    family: Family,
    now_ns: u64,
    /// The control connections, and where each side of them goes on.
    controls: BTreeMap<char, [u32; 2]>,
    fresh_port: u16,
}

impl<'j> Play<'j> {
    /// Begins with an empty table.
    pub(super) fn new(judge: &'j mut dyn Judge, family: Family) -> Result<Self, String> {
        judge.clear()?;
        Ok(Self { judge, family, now_ns: STEP_NS, controls: BTreeMap::new(), fresh_port: 50_000 })
    }

    fn pass(&mut self, packet: &[u8]) -> Result<Came, String> {
        self.now_ns += STEP_NS;
        self.judge.pass(self.now_ns, packet).map(|told| Came::of(&told))
    }

    /// Opens the control connection of that name.
    pub(super) fn open(&mut self, name: char) -> Result<(), String> {
        self.controls.insert(name, FIRST);
        for (side, flags) in [(Side::Client, "S"), (Side::Server, "SA"), (Side::Client, "A")] {
            self.send(name, side, (flags, 0), b"")?;
            let place = &mut self.controls.entry(name).or_insert(FIRST)[side as usize];
            *place += u32::from(flags.contains('S'));
        }
        Ok(())
    }

    /// Lets each side say a first line.
    pub(super) fn greet(&mut self, name: char) -> Result<(), String> {
        self.say(name, Side::Server, ("PA", 0), b"220 ready\r\n")?;
        self.say(name, Side::Client, ("PA", 0), b"USER ftp\r\n").map(drop)
    }

    /// Lets a side say something, so many bytes from where it goes on; there it goes on behind it.
    pub(super) fn say(
        &mut self,
        name: char,
        side: Side,
        (flags, offset): (&'static str, i32),
        text: &[u8],
    ) -> Result<Came, String> {
        let came = self.send(name, side, (flags, offset), text)?;
        if offset == 0 && matches!(came, Came::To(_)) {
            let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
            let place = &mut self.controls.entry(name).or_insert(FIRST)[side as usize];
            *place = place.wrapping_add(len);
        }
        Ok(came)
    }

    fn send(
        &mut self,
        name: char,
        side: Side,
        (flags, offset): (&'static str, i32),
        text: &[u8],
    ) -> Result<Came, String> {
        let places = self.controls.get(&name).ok_or_else(|| format!("`{name}` is not open"))?;
        let seq = places[side as usize].wrapping_add_signed(offset);
        let ack = if flags.contains('A') { places[side.other() as usize] } else { 0 };
        let client = (Side::Client.address(self.family), 40_000 + name as u16);
        let server = (Side::Server.address(self.family), PORT);
        let ends = match side {
            Side::Client => (client, server),
            Side::Server => (server, client),
        };
        self.pass(&segment(ends, At { seq, ack, flags }, text))
    }

    /// The first segment of a connection from that side to that port of the other one.
    pub(super) fn first(
        &mut self,
        side: Side,
        port: u16,
        flags: &'static str,
    ) -> Result<Came, String> {
        self.fresh_port += 1;
        let from = (side.address(self.family), self.fresh_port);
        let to = (side.other().address(self.family), port);
        self.pass(&segment((from, to), At { seq: 1, ack: 7, flags }, b""))
    }

    /// Plays a line, and says what came of it if that is not what it says.
    fn line(&mut self, line: &str) -> Result<Option<String>, String> {
        let (what, expected) = line.split_once(" =>").unwrap_or((line, " established"));
        let expected = Came::read(expected.trim()).ok_or_else(|| format!("`{expected}`?"))?;
        let words: Vec<&str> = what.splitn(3, ' ').collect();
        let came = match words[..] {
            ["open", name] => return self.open(letter(name)?).map(|()| None),
            ["greet", name] => return self.greet(letter(name)?).map(|()| None),
            ["wait", seconds] => {
                let seconds: u64 = seconds.parse().map_err(|_| format!("`{seconds}`?"))?;
                self.now_ns += seconds * 1_000_000_000;
                return Ok(None);
            }
            [ends, flags] if ends.contains('>') => {
                let (from, to) = ends.split_once('>').unwrap_or_default();
                let port = to.split_once(':').and_then(|(_, port)| port.parse().ok());
                self.first(side(from)?, port.ok_or("no port")?, known_flags(flags)?)?
            }
            [name, who, ref text @ ..] => {
                let (who, flags) = match who.split_once('[') {
                    Some((who, flags)) => (who, known_flags(flags.trim_end_matches(']'))?),
                    None => (who, "PA"),
                };
                let (who, offset) = who.split_once('@').unwrap_or((who, "0"));
                let offset = offset.parse().map_err(|_| format!("`{offset}`?"))?;
                let text = unescaped(text.first().unwrap_or(&""))?;
                self.say(letter(name)?, side(who)?, (flags, offset), &text)?
            }
            _ => return Err("no packet".into()),
        };
        Ok((came != expected).then(|| format!("{came:?}")))
    }
}

/// Plays a scene, and says of each line what came of it otherwise than the line says.
///
/// # Errors
/// When the judge cannot be asked, or a line cannot be understood.
pub fn play(scene: &Scene, judge: &mut dyn Judge) -> Result<Vec<String>, String> {
    let mut play = Play::new(judge, scene.family)?;
    let mut differences = Vec::new();
    for line in &scene.lines {
        let came = play.line(line).map_err(|why| format!("{}: `{line}`: {why}", scene.title))?;
        differences.extend(came.map(|came| format!("{}: `{line}`: {came}", scene.title)));
    }
    Ok(differences)
}

fn letter(name: &str) -> Result<char, String> {
    name.parse().map_err(|_| format!("`{name}` is no control connection"))
}

fn side(letter: &str) -> Result<Side, String> {
    match letter {
        "c" => Ok(Side::Client),
        "s" => Ok(Side::Server),
        _ => Err(format!("`{letter}` is no side")),
    }
}

fn known_flags(letters: &str) -> Result<&'static str, String> {
    let known = ["S", "SA", "A", "R", "RA", "FA", "FPA", "PA"];
    known.into_iter().find(|flags| *flags == letters).ok_or_else(|| format!("flags `{letters}`?"))
}

/// The bytes that a text stands for: `\r`, `\n`, `\t`, `\\` and `\x20` are one each.
pub(super) fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        let byte = match (char, char == '\\') {
            (_, false) => u8::try_from(char).ok(),
            (_, true) => match chars.next() {
                Some('r') => Some(b'\r'),
                Some('n') => Some(b'\n'),
                Some('t') => Some(b'\t'),
                Some('\\') => Some(b'\\'),
                Some('x') => {
                    let digits: String = chars.by_ref().take(2).collect();
                    u8::from_str_radix(&digits, 16).ok()
                }
                _ => None,
            },
        };
        bytes.push(byte.ok_or_else(|| format!("`{text}` is no text"))?);
    }
    Ok(bytes)
}
