//! IPv6 addresses in text, as Linux reads them in a line of FTP.
//!
//! They are those of RFC 4291, section 2.2, and a little more, all measured: any number of leading
//! zeros, in the last four bytes too.

use core::net::Ipv6Addr;

/// The address at the beginning of `text`, and what is behind it: the delimiter, or a zero byte.
pub(super) fn read(text: &[u8], delimiter: u8) -> Option<(Ipv6Addr, &[u8])> {
    let end = text.iter().position(|&byte| byte == delimiter || byte == 0)?;
    let (text, rest) = text.split_at_checked(end)?;
    Some((address(text)?, rest))
}

fn address(text: &[u8]) -> Option<Ipv6Addr> {
    let gap = text.windows(2).position(|pair| pair == b"::");
    let Some(gap) = gap else {
        let (words, count) = words(text)?;
        return (count == words.len()).then(|| words.into());
    };
    let (mut words, count) = words(text.get(..gap)?)?;
    let (behind, behind_count) = self::words(text.get(gap.wrapping_add(2)..)?)?;
    // The gap stands for one word at least.
    let from = words.len().checked_sub(behind_count)?;
    if from <= count {
        return None;
    }
    for (word, from_behind) in words.get_mut(from..)?.iter_mut().zip(behind) {
        *word = from_behind;
    }
    Some(words.into())
}

/// At most eight words, and how many there are; the last two may be written as four bytes.
fn words(text: &[u8]) -> Option<([u16; 8], usize)> {
    let (mut words, mut count) = ([0; 8], 0_usize);
    if text.is_empty() {
        return Some((words, 0));
    }
    let mut parts = text.split(|&byte| byte == b':').peekable();
    while let Some(part) = parts.next() {
        if part.contains(&b'.') && parts.peek().is_none() {
            let [high, low] = quad(part)?;
            *words.get_mut(count)? = high;
            count = count.wrapping_add(1);
            *words.get_mut(count)? = low;
        } else {
            *words.get_mut(count)? = word(part)?;
        }
        count = count.wrapping_add(1);
    }
    Some((words, count))
}

/// Hexadecimal digits, one at least.
fn word(text: &[u8]) -> Option<u16> {
    let digits = text.iter().map(|&byte| char::from(byte).to_digit(16));
    number(digits, 16).and_then(|number| u16::try_from(number).ok())
}

/// Four decimal numbers below 256.
fn quad(text: &[u8]) -> Option<[u16; 2]> {
    let mut bytes = [0; 4];
    let mut parts = text.split(|&byte| byte == b'.');
    for byte in &mut bytes {
        let digits = parts.next()?.iter().map(|&byte| char::from(byte).to_digit(10));
        *byte = number(digits, 10).and_then(|number| u8::try_from(number).ok())?;
    }
    let [a, b, c, d] = bytes;
    parts.next().is_none().then_some([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])])
}

fn number(digits: impl ExactSizeIterator<Item = Option<u32>>, base: u32) -> Option<u32> {
    if digits.len() == 0 {
        return None;
    }
    digits
        .into_iter()
        .try_fold(0_u32, |number, digit| number.checked_mul(base)?.checked_add(digit?))
}
