//! Words of TCP: `PA len 100 win 0` is a segment of two hosts that number theirs as hosts do.
//!
//! The first word is the flags: `S`, `A`, `F`, `R`, `P`, `U`, `E`, `C`, or `-` for none of them.
//! Behind it may stand `seq N` and `ack N` (with a sign: from the number on that would be right),
//! `len N` of payload, `win N`, `ws N`, `sackok`, `sack FROM-TO`, `doff N`.

use keeptrack_core::{Direction, TcpFlags};

use super::words::{Words, number};
use crate::generate::packet::{Sum, Tcp};

/// What both hosts advertise where a row says nothing else: round, to see the window's edges.
const WINDOW: u16 = 10_000;

/// The number of each host's first segment.
const FIRST_SEQ: [u32; 2] = [1000, 5000];

/// Two hosts, and the number of the next byte that each would send.
#[derive(Debug)]
pub(super) struct Hosts {
    next_seq: [u32; 2],
}

impl Hosts {
    pub(super) const fn new() -> Self {
        Self { next_seq: FIRST_SEQ }
    }

    /// The next segment of the host that sends in this direction. One of a `seq` of its own is out
    /// of order: the next one is numbered as if it had not been, except behind a SYN.
    pub(super) fn segment(
        &mut self,
        dir: Direction,
        (letters, ports, sum): (&str, (u16, u16), Sum),
        words: &mut Words<'_>,
    ) -> Result<Tcp, String> {
        let flags = flags(letters).ok_or_else(|| format!("'{letters}' are no flags"))?;
        let (me, other) = (dir.index(), (!dir).index());
        let opens = flags.has(TcpFlags::SYN);
        let next = if opens { FIRST_SEQ[me] } else { self.next_seq[me] };
        let told = words.number_from("seq", next)?;
        let seq = told.unwrap_or(next);
        let expected = if flags.has(TcpFlags::ACK) { self.next_seq[other] } else { 0 };
        let ack = words.number_from("ack", self.next_seq[other])?.unwrap_or(expected);
        let payload_len: u16 = words.number("len")?.unwrap_or(0);
        if told.is_none() || opens {
            let phantoms = [TcpFlags::SYN, TcpFlags::FIN].map(|flag| flags.has(flag).into());
            let [syn, fin]: [u32; 2] = phantoms;
            self.next_seq[me] = seq.wrapping_add(u32::from(payload_len) + syn + fin);
        }
        Ok(Tcp {
            ports,
            flags: flags.0,
            seq,
            ack,
            window: words.number("win")?.unwrap_or(WINDOW),
            options: options(words)?,
            offset: words.number("doff")?,
            payload_len,
            sum,
        })
    }
}

fn options(words: &mut Words<'_>) -> Result<Vec<u8>, String> {
    let mut options = Vec::new();
    if words.has("sackok") {
        options.extend([4, 2]);
    }
    if let Some(shift) = words.number::<u8>("ws")? {
        options.extend([3, 3, shift]);
    }
    if let Some(edges) = words.behind("sack")? {
        let (left, right) = edges.split_once('-').ok_or("a SACK has two edges")?;
        let edges: [u32; 2] = [number(left)?, number(right)?];
        options.extend([5, 10]);
        options.extend(edges.map(u32::to_be_bytes).concat());
    }
    options.resize(options.len().next_multiple_of(4), 1);
    Ok(options)
}

/// The flags that a word of letters stands for, when it does.
pub(crate) fn flags(letters: &str) -> Option<TcpFlags> {
    letters.chars().try_fold(TcpFlags::default(), |flags, letter| {
        let flag = match letter {
            'F' => TcpFlags::FIN,
            'S' => TcpFlags::SYN,
            'R' => TcpFlags::RST,
            'P' => TcpFlags::PSH,
            'A' => TcpFlags::ACK,
            'U' => TcpFlags::URG,
            'E' => TcpFlags::ECE,
            'C' => TcpFlags::CWR,
            '-' => TcpFlags::default(),
            _ => return None,
        };
        Some(flags | flag)
    })
}
