//! What a gateway does with a frame, in the words of its log.

use std::fmt;

use keeptrack_core::ParseError;
use keeptrack_gateway::{ACCEPT, Reason, Standing, is_no_ip};

use crate::verdict::{Skip, What};

/// What a gateway does with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// What tracking says of it.
    pub standing: Standing,
    /// Why it goes nowhere, if it does.
    pub dropped: Option<Reason>,
}

impl Fate {
    /// That of a frame which was judged.
    pub(crate) const fn of(judged: Result<Standing, (Standing, Reason)>) -> Self {
        match judged {
            Ok(standing) => Self { standing, dropped: None },
            Err((standing, why)) => Self { standing, dropped: Some(why) },
        }
    }

    /// That of a frame about which tracking was not asked; `None`: no gateway gets it.
    pub(crate) const fn of_skipped(why: Skip) -> Option<Self> {
        match why {
            Skip::Parse(why) => Some(Self::of_unread(why)),
            Skip::Link(_) | Skip::Copy | Skip::Unknown | Skip::Elsewhere => None,
        }
    }

    const fn of_unread(why: ParseError) -> Self {
        let dropped = if is_no_ip(why) { None } else { Some(Reason::Unreadable) };
        Self { standing: Standing::Unasked, dropped }
    }

    /// Whether it goes nowhere.
    pub(crate) const fn is_drop(self) -> bool {
        self.dropped.is_some()
    }

    /// The same, once the table was asked for a place.
    pub(crate) const fn behind(self, what: &What) -> Self {
        match what {
            What::Refused(..) => Self { dropped: Some(Reason::Refused), ..self },
            _ => self,
        }
    }
}

/// The two words of the gateway's log: `NEW accept`, `INVALID filter`.
impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.dropped.map_or(ACCEPT, Reason::name);
        write!(f, "{} {word}", self.standing.name())
    }
}
