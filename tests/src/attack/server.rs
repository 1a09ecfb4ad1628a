//! The servers behind the gateway: what they answer to a packet that has come through.

use std::net::Ipv4Addr;

use super::wire::{ACK, Carried, End, FIN, SYN, Segment, Sent};

/// The server that all real clients ask.
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);

/// Bytes of an answer.
const ANSWER_LEN: u16 = 200;
/// The sequence number with which the server begins.
const SERVER_SEQ: u32 = 50_000;

/// What is sent back, if anything is: at all other addresses nobody answers. The server keeps no
/// state; whatever is sent again is answered again.
pub(super) fn answer(heard: &Sent) -> Option<Sent> {
    if heard.flow.server != SERVER {
        return None;
    }
    let carried = match heard.carried {
        Carried::Tcp(segment) => Carried::Tcp(reply(&segment)?),
        Carried::Udp(_) => Carried::Udp(ANSWER_LEN),
        Carried::Ping => Carried::Ping,
    };
    Some(Sent { flow: heard.flow, by: End::Server, carried })
}

fn reply(heard: &Segment) -> Option<Segment> {
    match heard.flags {
        SYN => Some(Segment { seq: SERVER_SEQ, ..heard.answered(SYN | ACK, 0) }),
        flags if flags & FIN != 0 => Some(heard.answered(FIN | ACK, 0)),
        ACK if heard.len > 0 => Some(heard.answered(ACK, ANSWER_LEN)),
        _ => None,
    }
}
