//! The four lines of FTP that announce a data connection: PORT (RFC 959), EPRT (RFC 2428), and the
//! answers 227 and 229 to PASV and EPSV.
//!
//! They are read as Linux reads them, all measured: a line that begins like one of the four and is not
//! whole, or not well-formed, is [`Said::Partial`]; numbers that are too large wrap.

use core::net::IpAddr;

use super::ipv6;
use crate::tuple::Direction;

/// What a segment says that begins where a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing of a data connection.
    Nothing,
    /// The beginning of an announcement, or one that cannot be read.
    Partial,
    /// An announcement for a host that is not the speaker.
    Elsewhere,
    /// The speaker waits at this port.
    Here(u16),
}

/// What `text` says, which is not empty, and which the side with the address `own` has sent.
///
/// Looks at each byte of it twice at the most.
pub(super) fn read(dir: Direction, text: &[u8], own: IpAddr) -> Said {
    let [first, second] = match dir {
        Direction::Original => [PORT, EPRT],
        Direction::Reply => [PASV, EPSV],
    };
    match first.read(text, own) {
        Said::Nothing => second.read(text, own),
        said => said,
    }
}

/// One of the four lines.
struct Command {
    /// What it begins with, in letters of either case.
    word: &'static [u8],
    /// The byte behind which the announcement lies; `None`: right behind the word.
    opens: Option<u8>,
    announcement: fn(&[u8], IpAddr) -> Option<Said>,
}

const PORT: Command = Command {
    word: b"PORT",
    opens: Some(b' '),
    announcement: |text, own| six(text, own, Some(b'\r')),
};
const EPRT: Command = Command { word: b"EPRT", opens: Some(b' '), announcement: eprt };
const PASV: Command = Command { word: b"227 ", opens: None, announcement: pasv };
const EPSV: Command = Command { word: b"229 ", opens: Some(b'('), announcement: epsv };

impl Command {
    fn read(&self, text: &[u8], own: IpAddr) -> Said {
        let (word, rest) = match text.split_at_checked(self.word.len()) {
            Some((word, rest)) if !rest.is_empty() => (word, rest),
            _ => (text, &[][..]),
        };
        let begins = self.word.get(..word.len()).is_some_and(|own| own.eq_ignore_ascii_case(word));
        if !begins {
            return Said::Nothing;
        }
        let opened = match self.opens {
            Some(byte) => rest.iter().position(|&other| other == byte).and_then(|at| {
                let (_, behind) = rest.split_at_checked(at)?;
                behind.get(1..)
            }),
            None => Some(rest),
        };
        opened.and_then(|text| (self.announcement)(text, own)).unwrap_or(Said::Partial)
    }
}

/// `(192,0,2,2,19,136)`, of which RFC 1123, section 4.1.2.6, leaves no more than the numbers.
fn pasv(text: &[u8], own: IpAddr) -> Option<Said> {
    let at = text.iter().position(u8::is_ascii_digit)?;
    six(text.get(at..)?, own, None)
}

/// `192,0,2,1,16,146`, then `end` if it must be a certain byte.
///
/// In a connection of IPv6 Linux compares the address with the first four bytes of the speaker's.
fn six(text: &[u8], own: IpAddr, end: Option<u8>) -> Option<Said> {
    let ([a, b, c, d, high, low], _) = numbers(text, b',', end)?;
    let own = match own {
        IpAddr::V4(own) => own.octets(),
        IpAddr::V6(own) => {
            let [a, b, c, d, ..] = own.octets();
            [a, b, c, d]
        }
    };
    let [.., port_high, port_low] = (high << 8 | low).to_be_bytes();
    Some(match address([a, b, c, d]) == own {
        true => Said::Here(u16::from_be_bytes([port_high, port_low])),
        false => Said::Elsewhere,
    })
}

/// `|1|192.0.2.1|4242|` or `|2|2001:db8::1|4242|`, the family being that of the connection.
fn eprt(text: &[u8], own: IpAddr) -> Option<Said> {
    let &[first, family, second, ref rest @ ..] = text else { return None };
    let delimiter = delimiter(first).filter(|&delimiter| delimiter == second)?;
    let (is_own, rest) = match (own, family) {
        (IpAddr::V4(own), b'1') => {
            let (numbers, rest) = numbers(rest, b'.', Some(delimiter))?;
            (address(numbers) == own.octets(), rest)
        }
        (IpAddr::V6(own), b'2') => {
            let (address, rest) = ipv6::read(rest, delimiter)?;
            (address == own, rest)
        }
        _ => return None,
    };
    let port = port(rest.get(1..)?, delimiter)?;
    Some(if is_own { Said::Here(port) } else { Said::Elsewhere })
}

/// `|||5001|`: the address is the speaker's.
fn epsv(text: &[u8], _own: IpAddr) -> Option<Said> {
    let &[first, second, third, ref rest @ ..] = text else { return None };
    let delimiter = delimiter(first).filter(|&own| [second, third] == [own; 2])?;
    port(rest, delimiter).map(Said::Here)
}

/// The byte that stands between the parts of an announcement: printable, and no digit.
fn delimiter(byte: u8) -> Option<u8> {
    (byte.is_ascii_graphic() && !byte.is_ascii_digit()).then_some(byte)
}

/// Exactly `N` numbers with `separator` between them, and what is behind them: `end`, or, if any
/// byte will do, one that is neither a digit nor the separator.
fn numbers<const N: usize>(
    text: &[u8],
    separator: u8,
    end: Option<u8>,
) -> Option<([u32; N], &[u8])> {
    let mut numbers = [0_u32; N];
    let mut index = 0_usize;
    for (at, &byte) in text.iter().enumerate() {
        if byte.is_ascii_digit() {
            let number = numbers.get_mut(index)?;
            *number = number.wrapping_mul(10).wrapping_add(u32::from(byte & 0xf));
        } else if byte == separator {
            index = index.wrapping_add(1);
        } else {
            let ends = index.wrapping_add(1) == N && end.is_none_or(|end| end == byte);
            return text.get(at..).filter(|_| ends).map(|rest| (numbers, rest));
        }
    }
    None
}

const fn address([a, b, c, d]: [u32; 4]) -> [u8; 4] {
    (a << 24 | b << 16 | c << 8 | d).to_be_bytes()
}

/// A port above 0, and `delimiter` behind it.
fn port(text: &[u8], delimiter: u8) -> Option<u16> {
    let mut port = 0_u16;
    for &byte in text {
        if byte == delimiter {
            return Some(port).filter(|&port| port != 0);
        }
        if !byte.is_ascii_digit() {
            return None;
        }
        port = port.wrapping_mul(10).wrapping_add(u16::from(byte & 0xf));
    }
    None
}
