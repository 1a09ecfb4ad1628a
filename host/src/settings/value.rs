//! What a setting is set to: a number, as the kernel reads one, and its range.

use std::fmt;

use keeptrack_core::MAX_SECONDS;

use super::names::{Effect, Frag};

/// Why a value cannot be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadValue {
    /// There is none.
    Missing,
    /// It is no number.
    NotANumber,
    /// There is something behind the number.
    NotOne,
    /// The number is out of range.
    OutOfRange,
}

/// The largest number that a setting of the kernel's type `int` holds.
const MAX_INT: u64 = i32::MAX as u64;

/// The number that `text` is, if a setting of this effect may be that: decimal, hexadecimal behind
/// `0x`, octal behind `0`. A comment may stand behind it.
///
/// A timeout may be longer than its range: whether it counts is known when all files are read.
pub(super) fn read(text: &str, effect: Effect) -> Result<u64, BadValue> {
    let mut words = text.split_whitespace();
    let word = words.next().ok_or(BadValue::Missing)?;
    let word = word.trim_matches(['"', '\'']);
    if words.next().is_some_and(|word| !word.starts_with(['#', ';'])) {
        return Err(BadValue::NotOne);
    }
    let (is_negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    let (digits, radix) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (digits.get(2..).unwrap_or_default(), 16),
        [b'0', _, ..] => (digits, 8),
        _ => (digits, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(BadValue::NotANumber);
    }
    let (least, most) = match effect {
        Effect::Timeout(_) => (0, u64::MAX),
        effect => range(effect),
    };
    // All are digits: what fails is too large.
    match u64::from_str_radix(digits, radix) {
        Ok(number) if !is_negative && (least..=most).contains(&number) => Ok(number),
        _ => Err(BadValue::OutOfRange),
    }
}

/// The least and the most that a setting may be.
pub(super) const fn range(effect: Effect) -> (u64, u64) {
    match effect {
        Effect::Max | Effect::Buckets | Effect::HashSize => (1, MAX_INT),
        Effect::Timeout(_) => (0, MAX_SECONDS as u64),
        Effect::Acct
        | Effect::Timestamp
        | Effect::Checksum
        | Effect::BeLiberal
        | Effect::IgnoreInvalidRst => (0, 1),
        Effect::ExpectMax => (0, MAX_INT),
        Effect::MaxRetrans => (0, u8::MAX as u64),
        // Linux 2.6.9 had a number of packets there.
        Effect::Loose => (0, u8::MAX as u64),
        Effect::Frag(Frag::Time | Frag::Time6 | Frag::MaxDist) => (0, MAX_INT),
        Effect::Frag(Frag::HighThresh | Frag::HighThresh6)
        | Effect::Reading
        | Effect::Without(_) => (0, u64::MAX),
    }
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("has no value"),
            Self::NotANumber => f.write_str("is no number"),
            Self::NotOne => f.write_str("is more than one number"),
            Self::OutOfRange => f.write_str("is out of range"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadValue, Effect, read};
    use keeptrack_core::Timeout;

    #[test]
    fn numbers_are_those_of_the_kernel() {
        let bad = |text: &str| read(text, Effect::Max).unwrap_err();
        for (text, number) in [
            ("65536", 65_536),
            ("0x10000", 65_536),
            ("010", 8),
            ("'7'", 7),
            ("7 # seven", 7),
            ("7\t;", 7),
        ] {
            assert_eq!(read(text, Effect::Max), Ok(number), "{text}");
        }
        assert_eq!(bad(""), BadValue::Missing);
        for text in ["x", "08", "0x", "-", "1e3", "65,536", "64k", "+1", "\u{0661}"] {
            assert_eq!(bad(text), BadValue::NotANumber, "{text}");
        }
        for text in ["0", "-1", "2147483648", "99999999999999999999"] {
            assert_eq!(bad(text), BadValue::OutOfRange, "{text}");
        }
        assert_eq!(bad("1 2"), BadValue::NotOne);
        let timeout = Effect::Timeout(Timeout::Udp);
        assert_eq!(read("0", timeout), Ok(0));
        assert_eq!(read("2000000", timeout), Ok(2_000_000));
        assert_eq!(read("-1", timeout), Err(BadValue::OutOfRange));
        assert_eq!(read("2", Effect::Acct), Err(BadValue::OutOfRange));
        assert_eq!(read("3", Effect::Loose), Ok(3));
    }
}
