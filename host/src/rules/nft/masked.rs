//! Matches of bits under a mask: `tcp flags syn / fin,syn`, `meta mark & 0xf00 == 0x200`.

use keeptrack_core::raw::{Bits, Matches};

use super::cursor::Cursor;
use super::key::Key;
use super::named;
use crate::diagnostic::Fault;

/// What a packet must be, one of these, and whether that is turned around.
pub(super) struct Masked {
    pub(super) passing: Vec<Matches>,
    pub(super) is_not: bool,
}

/// Reads what stands behind the key; `None` where that is values alone, compared with all bits.
pub(super) fn parse(key: Key, cursor: &mut Cursor<'_>) -> Result<Option<Masked>, Fault> {
    if cursor.takes("&") {
        let mask = bits(key, cursor)?.into_iter().fold(0, |all, bit| all | bit);
        let is_not = cursor.takes("!=");
        if !is_not {
            cursor.mark("==")?;
        }
        let value = bits(key, cursor)?.into_iter().fold(0, |all, bit| all | bit);
        return Ok(Some(Masked { passing: vec![key.masked(Bits { mask, value })], is_not }));
    }
    let is_compared = cursor.peek().is_some_and(|token| {
        ["==", "!=", "{"].iter().any(|mark| token.is(mark)) || token.word.text.starts_with('@')
    });
    if key == Key::Mark || is_compared {
        return Ok(None);
    }
    let listed = bits(key, cursor)?;
    let value = listed.iter().fold(0, |all, bit| all | bit);
    if cursor.takes("/") {
        let mask = bits(key, cursor)?.into_iter().fold(0, |all, bit| all | bit);
        return Ok(Some(Masked { passing: vec![key.masked(Bits { mask, value })], is_not: false }));
    }
    // Without a mask, one of the flags is enough: not none of them.
    let none = Bits { mask: value, value: 0 };
    Ok(Some(Masked { passing: vec![key.masked(none)], is_not: true }))
}

/// Bits with `,` or `|` between them, perhaps in brackets.
fn bits(key: Key, cursor: &mut Cursor<'_>) -> Result<Vec<u32>, Fault> {
    let is_enclosed = cursor.takes("(");
    let mut bits = vec![named::bits(key, cursor.word("a flag or a number")?)?];
    while cursor.takes(",") || cursor.takes("|") {
        bits.push(named::bits(key, cursor.word("a flag or a number")?)?);
    }
    if is_enclosed {
        cursor.mark(")")?;
    }
    Ok(bits)
}
