//! What a board's file `wires` says, and the tags of a trunk.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::Side;

/// The type that says that a tag follows.
const DOT1Q: [u8; 2] = [0x81, 0x00];

/// Where a tag stands: behind the two addresses.
const TAG_AT: usize = 12;
const TAG_LEN: usize = 4;

/// The word for a wire whose board does not make anybody wait.
const LOSES: &str = "loses";

/// How the word begins that says how long a frame may be, its tags included.
const LONGEST: &str = "longest=";

/// The wires of a board.
#[derive(Debug)]
pub(super) struct Plan(pub(super) Vec<Planned>);

/// A wire as its line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) carries: Carries,
    pub(super) when_full: WhenFull,
    /// Where a port takes less than a tagged frame of full length.
    pub(super) longest: Option<usize>,
}

/// What becomes of a frame for which a port has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenFull {
    /// It waits in the wire's queue.
    Waits,
    /// It is lost, as on a wire of copper.
    Loses,
}

/// Whose frames a wire carries.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Carries {
    /// One port's, as they are.
    Port(Side),
    /// Several ports', each with the tag of its VLAN.
    Trunk(Vec<(Side, u16)>),
}

impl Plan {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let name = path.display();
        let text = fs::read_to_string(path)
            .map_err(|why| io::Error::new(why.kind(), format!("{name}: {why}")))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let wires = lines.map(|(at, line)| {
            Planned::parse(line).ok_or_else(|| {
                let what = format!("{name}:{}: `{line}` is neither a port nor a trunk", at + 1);
                io::Error::new(
                    ErrorKind::InvalidData,
                    format!("{what}: eth0, or NAME eth0=VLAN ..., [longest=BYTES], [loses]"),
                )
            })
        });
        Ok(Self(wires.collect::<io::Result<_>>()?))
    }
}

impl Planned {
    /// `eth0 [longest=BYTES] [loses]`, or `NAME eth0=VLAN ...` in the place of `eth0`.
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split_whitespace().collect();
        let (words, when_full) = match words.as_slice() {
            [words @ .., LOSES] => (words, WhenFull::Loses),
            words => (words, WhenFull::Waits),
        };
        let longest = words.last().and_then(|word| word.strip_prefix(LONGEST));
        let words = words.get(..words.len() - usize::from(longest.is_some()))?;
        let longest = longest.map(str::parse).transpose().ok()?;
        let (name, ports) = words.split_first()?;
        let carries = Carries::parse(name, ports)?;
        Some(Self { name: (*name).to_owned(), carries, when_full, longest })
    }
}

impl Carries {
    fn parse(name: &str, ports: &[&str]) -> Option<Self> {
        let ports = ports.iter().map(|word| {
            let (port, vlan) = word.split_once('=')?;
            let vlan = vlan.parse().ok().filter(|vlan| (1..4095).contains(vlan))?;
            Some((side(port)?, vlan))
        });
        let ports = ports.collect::<Option<Vec<_>>>()?;
        Some(if ports.is_empty() { Self::Port(side(name)?) } else { Self::Trunk(ports) })
    }

    /// The VLAN of the port on that side, if its frames come this way: outer None for another wire.
    pub(super) fn vlan(&self, side: Side) -> Option<Option<u16>> {
        match self {
            Self::Port(port) => (*port == side).then_some(None),
            Self::Trunk(ports) => {
                ports.iter().find(|(port, _)| *port == side).map(|(_, vlan)| Some(*vlan))
            }
        }
    }

    /// Whose frame it is, without the tag that says so.
    pub(super) fn take_tag(&self, frame: &mut Vec<u8>) -> Option<Side> {
        let ports = match self {
            Self::Port(side) => return Some(*side),
            Self::Trunk(ports) => ports,
        };
        let tag = frame.get(TAG_AT..TAG_AT + TAG_LEN)?.strip_prefix(&DOT1Q)?;
        let vlan = u16::from_be_bytes(tag.try_into().ok()?) & 0x0fff;
        let (side, _) = *ports.iter().find(|(_, of)| *of == vlan)?;
        frame.drain(TAG_AT..TAG_AT + TAG_LEN);
        Some(side)
    }
}

/// The frame with a tag, or as it is where it ends before one could stand.
#[must_use]
pub fn tagged(vlan: u16, frame: &[u8]) -> Vec<u8> {
    match frame.split_at_checked(TAG_AT) {
        Some((addresses, rest)) => [addresses, &DOT1Q, &vlan.to_be_bytes(), rest].concat(),
        None => frame.to_vec(),
    }
}

fn side(name: &str) -> Option<Side> {
    Side::BOTH.into_iter().find(|side| side.name() == name)
}
