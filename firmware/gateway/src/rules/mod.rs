//! The gateway's rules as they lie in flash: programs that are checked once and walked in place.
//!
//! There are two, with one form and one engine: PREROUTING of the raw table, which says what is
//! tracked, and FORWARD of the filter table, which says what passes. The rules of both families
//! are in one program, where each family starts in a chain of its own.
//!
//! # The form of a program
//!
//! All is of words of 32 bits, little-endian, here written from the lowest bits on:
//!
//! ```text
//! program    chains: u16, 0: u16
//!            words: u32 of all records together
//!            of IPv4, then of IPv6, a start: chain: u16, counted from 1 (0: none),
//!                                            policy: u8 (0 ACCEPT, 1 DROP), 0: u8
//!            of each chain two words: where it begins among these words: u16, depth: u16,
//!                                     walk: u32
//!            the records of the first chain, those of the second, ..
//! record     words: u8 of itself, target: u8, facts: u16
//!            argument: u32
//!            tests
//! ```
//!
//! A packet begins in the chain that its family starts in; at the end of that the policy decides. A
//! chain leads only into later ones, so that no walk turns in a circle, and its last record is a
//! RETURN that every packet meets. `walk` is how many records of it, and of those that it leads
//! into, a packet meets at the most: at most [`MAX_WALK`]. `depth` is how many chains lie upon each
//! other then, itself included: at most [`MAX_DEPTH`].
//!
//! | target | argument | what happens |
//! |---|---|---|
//! | 0 RETURN | 0 | back behind the last jump; without one the policy of the start decides |
//! | 1 ACCEPT | 0 | the walk ends, the packet passes |
//! | 2 DROP | 0 | the walk ends, the packet is dropped |
//! | 3 JUMP | a chain's number | into that chain |
//! | 4 GOTO | a chain's number | into that chain, and back behind the last jump |
//! | 5 CONTINUE | 0 | the walk goes on |
//! | 6 NOTRACK | 0 | raw only: no tracking; the walk goes on |
//! | 7 CT | zone: u16, class: u8, refused: u8 (1 drop, 2 bypass) | raw only: tracking so; the walk goes on |
//! | 8 FULL | 0: u16, class: u8 (0 none), refused: u8 (0 says nothing) | raw only: what a full table does; the walk goes on |
//!
//! `facts` are bits, one of each of these groups is set of a packet; a rule has those set that it
//! takes, and a packet all of whose bits are among them may meet its target:
//!
//! | bits | facts |
//! |---|---|
//! | 0-5 | state: NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED; none, as all packets have in raw |
//! | 6-8 | came in at: `eth0`, `eth1`, elsewhere; a bridge sends it out at the other |
//! | 9-10 | family: IPv4, IPv6 |
//!
//! It does if it passes all tests, too:
//!
//! ```text
//! test       kind: u8, not: u8 (0 or 1), argument: u16
//!            more words
//! ```
//!
//! | kind | argument | more words | what is asked |
//! |---|---|---|---|
//! | 1 | number | | protocol |
//! | 2, 3 | 4 or 6 | address and mask, the highest word first: 2 or 8 | source, destination |
//! | 4, 5, 6 | how many ranges, 1 to 15 | of each low: u16, high: u16 | source, destination, either port |
//! | 7 | 0 | type: u8, lowest code: u8, highest: u8, 0: u8 | ICMP or ICMPv6 message |
//!
//! A packet without ports passes no test of ports, not even one that is turned by `not`; nor does
//! another packet one of ICMP.

mod check;
mod engine;
#[cfg(feature = "write")]
mod program;
mod record;
mod test;

use keeptrack_core::raw::Policy;

pub use check::RuleFault;
pub(crate) use check::{Table, check};
#[cfg(feature = "write")]
pub use program::{Ask, Chain, Program, ProgramError, ProgramFault, Rule, Sides, Start, States};
pub use record::Then;
pub(crate) use record::Word;
pub use test::Which;

/// The most records that one packet meets at one hook.
pub const MAX_WALK: u32 = 1024;
/// The most chains that lie upon each other in a walk, the hook's own included.
pub const MAX_DEPTH: usize = 16;

/// Rules of FORWARD, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules<'f> {
    /// Two words a chain.
    chains: &'f [Word],
    /// The records of all chains.
    records: &'f [Word],
    /// Of IPv4, and of IPv6.
    starts: [Begin<'f>; 2],
}

/// Where the packets of a family begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Begin<'f> {
    /// From the first record on of their chain; nothing when it says nothing.
    records: &'f [Word],
    policy: Policy,
}

/// Rules of PREROUTING, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRules<'f>(pub(crate) Rules<'f>);

/// What FORWARD says of a packet.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum FilterVerdict {
    /// It passes.
    Accept,
    /// It is dropped.
    Drop,
}

impl Rules<'_> {
    /// No rules, and a policy.
    pub(crate) const fn none(policy: Policy) -> Self {
        Self { chains: &[], records: &[], starts: [Begin { records: &[], policy }; 2] }
    }
}
