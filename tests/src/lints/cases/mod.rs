//! The cases: rules of each lint, and behind them some like those that are right.

mod beside;
mod one_sided;
mod without_effect;

use super::Case;
use super::network::{HOST, HOST_OUTSIDE, HOST_V6, LOOPBACK, OUTSIDE, OUTSIDE_V6, Place};
use super::talk::{Kind, Talk};

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Case> {
    [without_effect::CASES, one_sided::CASES, beside::CASES].into_iter().flatten()
}

const NONE: &[&str] = &[];

/// The host asks itself.
const TO_ITSELF: Talk = Talk {
    kind: Kind::Question,
    from: (Place::Host, 4000),
    to: (LOOPBACK, 5300),
    heard: (Place::Host, 5300),
};
/// One inside asks the host.
const TO_HOST: Talk = Talk {
    kind: Kind::Question,
    from: (Place::Inside, 4000),
    to: (HOST, 53),
    heard: (Place::Host, 53),
};
const TO_HOST_V6: Talk = Talk { to: (HOST_V6, 53), ..TO_HOST };
/// One inside asks somebody outside.
const THROUGH: Talk = Talk { to: (OUTSIDE, 53), heard: (Place::Outside, 53), ..TO_HOST };
const THROUGH_V6: Talk = Talk { to: (OUTSIDE_V6, 53), ..THROUGH };
/// The host asks somebody outside.
const FROM_HOST: Talk = Talk { from: (Place::Host, 40_000), ..THROUGH };
/// One inside opens a connection to the host.
const OPENS: Talk =
    Talk { kind: Kind::Stream, from: (Place::Inside, 0), to: (HOST, 80), heard: (Place::Host, 80) };
/// Somebody outside, from port 53, to a port of the host that nobody there has told of.
const FROM_53: Talk = Talk {
    kind: Kind::Notice,
    from: (Place::Outside, 53),
    to: (HOST_OUTSIDE, 9999),
    heard: (Place::Host, 9999),
};
const PING: Talk =
    Talk { kind: Kind::Ping, from: (Place::Inside, 0), to: (HOST, 0), heard: (Place::Host, 0) };
