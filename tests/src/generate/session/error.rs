//! ICMP and ICMPv6 errors about packets that were sent, some of them bent.

use super::{Session, link_local, v4, v6};
use crate::generate::packet::{About, Body, Extension, Icmp, Ip, Length, More, Part, Rest, Sum};
use crate::generate::random::Random;

/// Types of errors, and a few that are none.
const KINDS_V4: [u8; 8] = [3, 3, 3, 4, 5, 11, 12, 3];
const KINDS_V6: [u8; 8] = [1, 2, 3, 4, 1, 1, 100, 127];
const REDIRECT: u8 = 137;
const REDIRECTED_HEADER: u8 = 4;

/// Whoever cannot deliver what others send.
pub(super) struct ErrorSession;

impl Session for ErrorSession {
    fn next(&mut self, random: &mut Random, sent: &[Ip]) -> Ip {
        let place = sent.len().saturating_sub(1 + random.index(8.min(sent.len().max(1))));
        let Some(about) = sent.get(place) else {
            return plain(Ip::nothing(), random);
        };
        let is_ipv6 = about.from.is_ipv6();
        if is_ipv6 && random.one_in(5) {
            return redirect(about.clone(), random).bent(random);
        }
        plain(about.clone(), random).bent(random)
    }
}

impl Ip {
    /// A packet that nobody has sent.
    fn nothing() -> Self {
        Self {
            from: v4(1),
            to: v4(3),
            hop_limit: 64,
            extensions: Vec::new(),
            options_len: 0,
            body: Body::Other(50, 8),
            length: Length::True,
            part: None,
        }
    }
}

/// An error to whoever sent the packet.
fn plain(about: Ip, random: &mut Random) -> Ip {
    let is_ipv6 = about.from.is_ipv6();
    let kind = if is_ipv6 { random.of(&KINDS_V6) } else { random.of(&KINDS_V4) };
    let to = if random.one_in(12) { about.to } else { about.from };
    let router = if is_ipv6 { v6(9) } else { v4(9) };
    let from = if random.one_in(4) { about.to } else { router };
    let rest = Rest::About(Box::new(carried(about, random)));
    message((from, to), kind, rest, random)
}

/// What a router on the link tells the sender of a packet.
fn redirect(about: Ip, random: &mut Random) -> Ip {
    let to = if random.one_in(12) { about.to } else { about.from };
    let from = if random.one_in(8) { v6(9) } else { link_local(9) };
    let option = if random.one_in(10) { 2 } else { REDIRECTED_HEADER };
    let words = random.of(&[9, 9, 9, 1, 0, 255]);
    let rest = Rest::Redirect(option, words, Box::new(carried(about, random)));
    let mut packet = message((from, to), REDIRECT, rest, random);
    packet.hop_limit = if random.one_in(8) { 64 } else { 255 };
    packet
}

fn message(
    hosts: (std::net::IpAddr, std::net::IpAddr),
    kind: u8,
    rest: Rest,
    random: &mut Random,
) -> Ip {
    let (from, to) = hosts;
    let protocol = if to.is_ipv6() { 58 } else { 1 };
    let code = if random.one_in(6) { random.of(&[1, 4, 255]) } else { 0 };
    let icmp = Icmp { protocol, kind, code, id: 0, rest, sum: Sum::Right };
    Ip { from, to, body: Body::Icmp(icmp), ..Ip::nothing() }
}

/// The packet as it lies in the error: mostly its beginning, now and then something else.
fn carried(mut packet: Ip, random: &mut Random) -> About {
    // A router has counted it down, and knows nothing of what was wrong with it.
    packet.hop_limit = 1;
    let whole = u16::try_from(packet.bytes().len()).unwrap_or(u16::MAX);
    let header = if packet.from.is_ipv6() { 40 } else { 20 };
    let mut about = About { packet, len: whole.min(header + 8), version: None };
    match random.below(24) {
        0 => about.len = random.of(&[0, 1, 8, 19, 20, 22, 24, 28]),
        1 => about.len = header + random.of(&[0, 1, 3, 4, 5, 7, 8, 12, 16, 20]),
        2 => about.version = Some(random.of(&[0x44, 0x45, 0x46, 0x4f, 0x60, 0x65, 0x00])),
        3 => {
            let (offset, more) = random.of(&[
                (0, More::Follow),
                (1, More::Follow),
                (1, More::Last),
                (0, More::Last),
            ]);
            about.packet.part = Some(Part { id: 1, offset, len: None, more });
        }
        4 => (about.packet.from, about.packet.to) = (about.packet.to, about.packet.from),
        5 => about.len = whole,
        6 => {
            let kind = random.of(&[0, 43, 51, 60, 59, 135]);
            let stated_len = random.one_in(4).then(|| random.of(&[0, 1, 100]));
            about.packet.extensions = vec![Extension { kind, stated_len }];
            about.len += 12;
        }
        7 => about.packet.options_len = random.of(&[4, 40]),
        8 => about.packet.to = if about.packet.to.is_ipv6() { v6(77) } else { v4(77) },
        _ => {}
    }
    about
}
