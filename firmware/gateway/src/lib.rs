//! What a gateway of two ports does with a frame: the lines of `keeptrack replay`, with an action
//! where that has a report.
//!
//! The gateway is a bridge. It carries what is not IP, ARP among it, and what it cannot read: the
//! receiver is there to refuse that. INVALID packets pass, since INVALID never drops by itself, and
//! so do untracked ones. It drops what a raw rule drops, what a helper drops, the first packet of a
//! connection that finds no place in the table, unless a rule fails open for it, and what its stage
//! for parts of datagrams refuses.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

#[cfg(feature = "defmt")]
pub mod log;

use keeptrack_core::fragment::Fragments;
use keeptrack_core::raw::Raw;
use keeptrack_core::{
    Change, Confirmed, Conntrack, Ended, Held, Help, HelperDrop, IfName, Instant, Invalid,
    LinkType, Memory, OnFull, OnRefusal, Packet, ParseError, Path, Refused, Seen, Step, Tracked,
};

/// What becomes of a frame.
#[must_use]
#[derive(Debug)]
pub enum Action<'t> {
    /// It goes out at the other port.
    Forward(Passed<'t>),
    /// It goes nowhere.
    Drop(Dropped),
}

/// Why a frame goes out.
#[derive(Debug)]
pub enum Passed<'t> {
    /// It began a connection.
    New(Confirmed<'t>),
    /// It is of a connection in the table.
    Known,
    /// It is an ICMP error about a connection in the table.
    Related,
    /// It is INVALID.
    Invalid(Invalid),
    /// It is UNTRACKED.
    Untracked,
    /// The table did not take its connection in, and a rule lets it pass all the same.
    Bypassed(Refused),
    /// It holds nothing to track.
    Unread(ParseError),
}

/// Why a frame goes nowhere.
#[derive(Debug)]
pub enum Dropped {
    /// The table did not take its connection in, and no rule lets it pass all the same.
    Refused(Refused),
    /// It is a part of a datagram, and was refused.
    Held(Held),
    /// A rule of the raw table drops it.
    Rule,
    /// The helper of its connection drops it.
    Helper(HelperDrop),
}

/// What becomes of `frame`, an Ethernet frame that came in at `port`.
///
/// The stage of `ct` for fragments must be one that lets parts pass as they come: what
/// [`AsLinux`](keeptrack_core::fragment::AsLinux) holds nobody would send on.
pub fn forward<'t, M: Memory, P: OnFull, R: Raw, H: Help, F: Fragments>(
    now: Instant,
    port: &IfName,
    frame: &[u8],
    ct: &'t mut Conntrack<M, P, R, H, F>,
) -> Action<'t> {
    let packet = match Packet::parse(LinkType::Ethernet, frame) {
        Ok(packet) => packet,
        Err(why) => return Action::Forward(Passed::Unread(why)),
    };
    let packet = packet.seen(Seen { path: Path::Arrives, input: Some(port), output: None });
    match ct.track(now, &packet) {
        Tracked::First(first) => match first.confirm() {
            Ok(made) => Action::Forward(Passed::New(made)),
            Err(refused) => match refused.then {
                OnRefusal::Bypass => Action::Forward(Passed::Bypassed(refused)),
                OnRefusal::Drop => Action::Drop(Dropped::Refused(refused)),
            },
        },
        Tracked::Known { change: Change { dropped: Some(why), .. }, .. } => {
            Action::Drop(Dropped::Helper(why))
        }
        Tracked::Known { .. } => Action::Forward(Passed::Known),
        Tracked::Related { .. } => Action::Forward(Passed::Related),
        Tracked::Invalid { why, .. } => Action::Forward(Passed::Invalid(why)),
        Tracked::Held(why) => Action::Drop(Dropped::Held(why)),
        Tracked::Untracked => Action::Forward(Passed::Untracked),
        Tracked::Dropped => Action::Drop(Dropped::Rule),
    }
}

/// The most steps of the table that one [`ended`] takes.
pub const STEPS: usize = 32;

/// What has left the table by `now`, as far as [`STEPS`] steps find it; to be asked before frames
/// are forwarded. What is left over is found by the next call, and matches no packet until then.
pub fn ended<M: Memory, P: OnFull, R: Raw, H: Help, F: Fragments>(
    now: Instant,
    ct: &mut Conntrack<M, P, R, H, F>,
) -> impl Iterator<Item = Ended> {
    (0..STEPS)
        .map_while(move |_| match ct.expire(now) {
            Step::Ended(ended) => Some(Some(ended)),
            Step::Working => Some(None),
            Step::Idle => None,
        })
        .flatten()
}

#[cfg(test)]
mod tests;
