//! Words of SCTP: `COOKIE-ECHO+DATA` is a packet of two ends that know each other's tags.
//!
//! Chunks are joined by `+`; `/T` behind one sets its T bit. Behind them may stand `tag N`, if the
//! packet bears another tag than its receiver chose, `asks N`, if an INIT or INIT-ACK asks for
//! another than its sender's, and `says N`, if the last chunk's length field tells no truth.

use keeptrack_core::Direction;

use super::words::Words;
use crate::generate::packet::{Chunk, Sctp, Sum};

/// What the client asks the server to put on its packets.
const CLIENTS_TAG: u32 = 1111;
/// What the server asks for.
const SERVERS_TAG: u32 = 2222;

/// The chunks that Linux's tables speak of, and two that keep every state.
pub(crate) const CHUNKS: [(&str, u8); 13] = [
    ("INIT", 1),
    ("INIT-ACK", 2),
    ("ABORT", 6),
    ("SHUTDOWN", 7),
    ("SHUTDOWN-ACK", 8),
    ("ERROR", 9),
    ("COOKIE-ECHO", 10),
    ("COOKIE-ACK", 11),
    ("SHUTDOWN-COMPLETE", 14),
    ("HEARTBEAT", 4),
    ("HEARTBEAT-ACK", 5),
    ("DATA", 0),
    ("SACK", 3),
];

/// A packet in this direction.
pub(super) fn packet(
    dir: Direction,
    (chunks, ports, sum): (&str, (u16, u16), Sum),
    words: &mut Words<'_>,
) -> Result<Sctp, String> {
    let expected = match chunks {
        "INIT" => 0,
        _ if chunks.ends_with("/T") => tag(!dir),
        _ => tag(dir),
    };
    let tag = words.number("tag")?.unwrap_or(expected);
    let asked = words.number("asks")?.unwrap_or(self::tag(!dir));
    let chunks = chunks.split('+').filter(|&word| word != "sctp");
    let mut chunks = chunks.map(|word| a_chunk(word, asked)).collect::<Result<Vec<_>, _>>()?;
    if let Some(last) = chunks.last_mut() {
        last.stated_len = words.number("says")?;
    }
    Ok(Sctp { ports, tag, chunks, sum })
}

/// The tag that packets of a direction bear.
const fn tag(dir: Direction) -> u32 {
    match dir {
        Direction::Original => SERVERS_TAG,
        Direction::Reply => CLIENTS_TAG,
    }
}

fn a_chunk(word: &str, asked: u32) -> Result<Chunk, String> {
    let (name, flags) = word.strip_suffix("/T").map_or((word, 0), |name| (name, 1));
    let known = CHUNKS.iter().find(|(known, _)| *known == name);
    let (_, kind) = *known.ok_or_else(|| format!("'{name}' is no chunk"))?;
    // All are as long as an INIT, which begins with the tag that it asks for.
    let tag = if name.starts_with("INIT") { asked } else { 0 };
    Ok(Chunk { kind, flags, tag, value_len: 16, stated_len: None })
}
