//! The packets of a row: what its hosts send when it says so in words.
//!
//! `WHO WHAT` is a packet. Who: `c>s` from the client to the server, and so on with the router `r`
//! and with `l`, a router of that link; `>` and `<` are short for `c>s` and `s>c`. What: flags of
//! TCP, chunks of SCTP, or one of
//! `udp [len N] [says N]` and `udplite`, the last number that of the header's own length;
//! `icmp TYPE/CODE [id N]`, in IPv6 ICMPv6, and with `crossed` the other family's;
//! `icmp TYPE/CODE [quoting N] about WHO WHAT`, an error about (N bytes of) a packet;
//! `redirect [code N] [option N] about WHO WHAT` of ICMPv6; `gre [key N]`, `gre call N [carries N]`
//! of version 1; `proto N` for all others. Behind that may stand, for every packet,
//! `ports FROM:TO`, `badsum`, `nosum`, `hop N`, `cut N` (so many bytes of the IP packet's payload),
//! `behind N` (that extension header of IPv6), `part FROM-TO [more]` and `id N` (a fragment).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keeptrack_core::Direction;

use super::sctp_words;
use super::tcp_words::{self, Hosts as TcpHosts};
use super::words::{Words, number};
use crate::generate::packet::{
    About, Body, Extension, Gre, Icmp, Ip, Length, More, Part, Rest, Sum, Udp,
};

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// The hosts of a row.
#[derive(Debug)]
pub(super) struct Hosts {
    family: Family,
    tcp: TcpHosts,
}

/// The hosts, and their addresses in both families. The client is the first.
const ADDRESSES: [(char, Ipv4Addr, Ipv6Addr); 4] = [
    ('c', Ipv4Addr::new(192, 0, 2, 1), Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1)),
    ('s', Ipv4Addr::new(198, 51, 100, 2), Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 2)),
    ('r', Ipv4Addr::new(203, 0, 113, 9), Ipv6Addr::new(0x2001, 0xdb8, 3, 0, 0, 0, 0, 9)),
    ('l', Ipv4Addr::new(169, 254, 0, 1), Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)),
];

/// What stands in a redirect's option before the packet that was redirected, in bytes.
const OPTION_HEAD_LEN: usize = 8;

impl Hosts {
    pub(super) const fn new(family: Family) -> Self {
        Self { family, tcp: TcpHosts::new() }
    }

    /// The packet that these words stand for.
    pub(super) fn packet(&mut self, text: &str) -> Result<Ip, String> {
        self.whole(Words::of(text))
    }

    fn whole(&mut self, mut words: Words<'_>) -> Result<Ip, String> {
        let about = words.all_behind("about");
        let (from, to) = who(words.first()?)?;
        let what = words.first()?;
        let dir = if from == 'c' { Direction::Original } else { Direction::Reply };
        let sum = match (words.has("badsum"), words.has("nosum")) {
            (true, _) => Sum::Wrong,
            (false, true) => Sum::Zero,
            (false, false) => Sum::Right,
        };
        let body = match about {
            Some(about) => Body::Icmp(Icmp { sum, ..self.error(what, &mut words, about)? }),
            None => self.body(dir, (what, sum), &mut words)?,
        };
        let packet = Ip {
            from: self.address(from)?,
            to: self.address(to)?,
            hop_limit: words.number("hop")?.unwrap_or(64),
            extensions: words.number("behind")?.map(extension).into_iter().collect(),
            options_len: 0,
            body,
            length: words.number("cut")?.map_or(Length::True, Length::Cut),
            part: part(&mut words)?,
        };
        words.end()?;
        Ok(packet)
    }

    fn address(&self, host: char) -> Result<IpAddr, String> {
        let known = ADDRESSES.iter().find(|(letter, ..)| *letter == host);
        let (_, v4, v6) = *known.ok_or_else(|| format!("'{host}' is no host"))?;
        Ok(match self.family {
            Family::V4 => v4.into(),
            Family::V6 => v6.into(),
        })
    }

    const fn icmp(&self) -> u8 {
        match self.family {
            Family::V4 => 1,
            Family::V6 => 58,
        }
    }

    fn body(
        &mut self,
        dir: Direction,
        (what, sum): (&str, Sum),
        words: &mut Words<'_>,
    ) -> Result<Body, String> {
        Ok(match what {
            "udp" => Body::Udp(Udp { sum, ..datagram(17, dir, words)? }),
            "udplite" => Body::Udp(Udp { sum, ..datagram(136, dir, words)? }),
            "icmp" => {
                let (kind, code) = kind_and_code(words.first()?)?;
                let protocol = if words.has("crossed") { 59 - self.icmp() } else { self.icmp() };
                let id = words.number("id")?.unwrap_or(77);
                Body::Icmp(Icmp { protocol, kind, code, id, rest: Rest::Zeros(0), sum })
            }
            "gre" => Body::Gre(gre(words)?),
            "proto" => Body::Other(number(words.first()?)?, 16),
            flags if tcp_words::flags(flags).is_some() => {
                let ports = ports(dir, 80, words)?;
                Body::Tcp(self.tcp.segment(dir, (flags, ports, sum), words)?)
            }
            chunks => {
                let ports = ports(dir, 2905, words)?;
                Body::Sctp(sctp_words::packet(dir, (chunks, ports, sum), words)?)
            }
        })
    }

    /// An ICMP error about a packet.
    fn error(
        &mut self,
        what: &str,
        words: &mut Words<'_>,
        about: Words<'_>,
    ) -> Result<Icmp, String> {
        let packet = self.whole(about)?;
        let bytes = packet.bytes().len();
        let len = words.number("quoting")?.unwrap_or(u16::try_from(bytes).unwrap_or(u16::MAX));
        let about = Box::new(About { packet, len, version: None });
        let (kind, code, rest) = match what {
            "icmp" => {
                let (kind, code) = kind_and_code(words.first()?)?;
                (kind, code, Rest::About(about))
            }
            "redirect" => {
                let (code, option) = (words.number("code")?, words.number("option")?);
                let option_len = (OPTION_HEAD_LEN + bytes).div_ceil(8);
                let option_len = u8::try_from(option_len).unwrap_or(u8::MAX);
                let rest = Rest::Redirect(option.unwrap_or(4), option_len, about);
                (137, code.unwrap_or(0), rest)
            }
            other => return Err(format!("'{other}' is about no packet")),
        };
        Ok(Icmp { protocol: self.icmp(), kind, code, id: 0, rest, sum: Sum::Right })
    }
}

/// Whether it is the client's address.
pub(super) fn is_client(address: IpAddr) -> bool {
    let [(_, v4, v6), ..] = ADDRESSES;
    address == v4 || address == v6
}

/// Who sends to whom.
fn who(word: &str) -> Result<(char, char), String> {
    match word.chars().collect::<Vec<_>>()[..] {
        ['>'] => Ok(('c', 's')),
        ['<'] => Ok(('s', 'c')),
        [from, '>', to] => Ok((from, to)),
        _ => Err(format!("'{word}' does not say who sends")),
    }
}

/// The ports of a packet, of which the server has a well-known one.
fn ports(dir: Direction, server: u16, words: &mut Words<'_>) -> Result<(u16, u16), String> {
    Ok(match (words.behind("ports")?, dir) {
        (Some(ports), _) => {
            let (from, to) = ports.split_once(':').ok_or("there are two ports")?;
            (number(from)?, number(to)?)
        }
        (None, Direction::Original) => (1111, server),
        (None, Direction::Reply) => (server, 1111),
    })
}

fn datagram(protocol: u8, dir: Direction, words: &mut Words<'_>) -> Result<Udp, String> {
    Ok(Udp {
        protocol,
        ports: ports(dir, 53, words)?,
        stated_len: words.number("says")?,
        payload_len: words.number("len")?.unwrap_or(0),
        sum: Sum::Right,
    })
}

fn gre(words: &mut Words<'_>) -> Result<Gre, String> {
    Ok(match words.number("call")? {
        Some(call) => {
            let carries = words.number("carries")?.unwrap_or(0x880b);
            Gre { flags: 0x3001, carries, call, len: 8 }
        }
        // A key of 32 bits, of which the second half lies where version 1 has its call.
        None => {
            let call = words.number("key")?.unwrap_or(0);
            Gre { flags: 0x2000, carries: 0x800, call, len: 8 }
        }
    })
}

fn kind_and_code(word: &str) -> Result<(u8, u8), String> {
    let (kind, code) = word.split_once('/').unwrap_or((word, "0"));
    Ok((number(kind)?, number(code)?))
}

const fn extension(kind: u8) -> Extension {
    Extension { kind, stated_len: None }
}

/// Which part of the packet's payload it is, in bytes; the first begins in a unit of eight.
fn part(words: &mut Words<'_>) -> Result<Option<Part>, String> {
    let Some(range) = words.behind("part")? else { return Ok(None) };
    let (from, to) = range.split_once('-').ok_or("a part is FROM-TO")?;
    let (from, to): (u16, u16) = (number(from)?, number(to)?);
    let len = to.checked_sub(from).ok_or("a part ends behind where it begins")?;
    let more = if words.has("more") { More::Follow } else { More::Last };
    let id = words.number("id")?.unwrap_or(1);
    Ok(Some(Part { id, offset: from / 8, len: Some(len), more }))
}
