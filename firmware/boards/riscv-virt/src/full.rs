//! Who gets into the gateway's table when it is full.
//!
//! The most dispensable connection leaves for a newcomer; no source may have more than three
//! quarters of the slots; and a few slots are kept for whoever speaks to an ssh server, so that an
//! admin gets in.

use keeptrack_core::raw::{ChainId, Hook, Matches, RawError, RawTable, Target, Test, WhenFull};
use keeptrack_core::{Class, Ghost, Protocol, Ranked, Seed, SourceCap, SourcePlace};
use static_cell::ConstStaticCell;

use crate::CONNECTIONS;

/// What decides, and what counts how many slots would have been enough.
pub(crate) type Policy = (SourceCap<&'static mut [SourcePlace]>, Ranked, Ghost);

/// Rules that give the class.
pub(crate) type Rules = RawTable<1, 2>;

/// How many connections a source may have.
const SOURCE_CAP: u32 = CONNECTIONS as u32 / 4 * 3;

/// How many slots are kept for the class.
pub(crate) const RESERVED: usize = CONNECTIONS / 32;

/// The port of ssh.
const SSH: u16 = 22;

/// One more than there are slots: then no source is ever without a place.
static PLACES: ConstStaticCell<[SourcePlace; CONNECTIONS + 1]> =
    ConstStaticCell::new([SourcePlace::EMPTY; CONNECTIONS + 1]);

/// The policy, with a key of its own. To be called once.
pub(crate) fn policy(key: Seed) -> Policy {
    (SourceCap::new(PLACES.take(), key, SOURCE_CAP), Ranked::new(0), Ghost::new())
}

/// The one rule.
pub(crate) fn rules(class: Class) -> Result<Rules, RawError> {
    let mut rules = Rules::new();
    let ssh = Matches {
        protocol: Test::Is(Protocol::TCP),
        destination_ports: Test::Is([(SSH, SSH)].into_iter().collect()),
        ..Matches::default()
    };
    let of_class = WhenFull { class: Some(class), ..WhenFull::default() };
    rules.append(ChainId::of(Hook::Prerouting), ssh, Target::Full(of_class))?;
    Ok(rules)
}
