//! What becomes of a frame, and the word for it.

use keeptrack_core::{Confirmed, CtState, Refused};

use crate::counts::Reason;

/// What becomes of a frame.
#[must_use]
#[derive(Debug)]
pub enum Action<'t> {
    /// It goes out at the other port.
    Forward(Passed<'t>),
    /// It goes nowhere.
    Drop(Standing, Dropped),
}

/// Why a frame goes out.
#[derive(Debug)]
pub enum Passed<'t> {
    /// It began a connection.
    New(Standing, Confirmed<'t>),
    /// It is what tracking says of it, and the filter lets that pass.
    Plain(Standing),
    /// The table did not take its connection in, and a rule lets it pass all the same.
    Bypassed(Standing, Refused),
}

/// Why a frame goes nowhere.
#[derive(Debug)]
pub enum Dropped {
    /// The table did not take its connection in, and no rule lets it pass all the same.
    Refused(Refused),
    /// Another reason.
    For(Reason),
}

/// What tracking says of a frame, as the states of a filter rule have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Standing {
    /// Tracking was not asked, or has no word for it: no IP, no rules yet, dropped before.
    Unasked,
    /// NEW, ESTABLISHED or RELATED.
    Tracked(CtState),
    /// INVALID
    Invalid,
    /// UNTRACKED
    Untracked,
}

impl Standing {
    /// The state in netfilter's word, `-` without one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unasked => "-",
            Self::Tracked(state) => name(state),
            Self::Invalid => "INVALID",
            Self::Untracked => "UNTRACKED",
        }
    }
}

impl Action<'_> {
    /// What tracking says of the frame.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Forward(
                Passed::New(standing, _) | Passed::Plain(standing) | Passed::Bypassed(standing, _),
            )
            | Self::Drop(standing, _) => *standing,
        }
    }
}

/// The word for what goes out; what does not has its [`Reason`]'s.
pub const ACCEPT: &str = "accept";

impl Dropped {
    /// Which of the counted reasons that is.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Refused(_) => Reason::Refused,
            Self::For(why) => *why,
        }
    }
}

const fn name(state: CtState) -> &'static str {
    match state {
        CtState::New => "NEW",
        CtState::Established => "ESTABLISHED",
        CtState::Related => "RELATED",
    }
}
