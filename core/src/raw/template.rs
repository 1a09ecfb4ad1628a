//! What a rule decides of the connections that its packets belong to, before they are looked up.

use core::num::NonZeroU8;

use crate::full::OnRefusal;
use crate::rank::Class;
use crate::status::Status;
use crate::tuple::{Protocol, Zone};

/// What rules ask for: where a packet is looked up, what a connection that it begins has, and what
/// a full table does with it. `-j CT` says the first three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Template {
    /// `--zone`: the packet is of a connection in this zone, or begins one there.
    pub zone: Zone,
    /// `--timeout`: a connection that it begins lives by this policy. `None`: by the configuration.
    pub timeouts: Option<PolicyId>,
    /// `--helper`: a connection that it begins is listened to.
    pub helper: Option<Helper>,
    /// The class of a connection that it begins: that may take a slot which is reserved for the
    /// class.
    pub class: Option<Class>,
    /// What it gets if the connection that it would begin is refused.
    pub refused: OnRefusal,
}

impl Template {
    /// That of a packet that no rule speaks of.
    pub const NONE: Self = Self {
        zone: Zone::DEFAULT,
        timeouts: None,
        helper: None,
        class: None,
        refused: OnRefusal::Drop,
    };

    /// The status that a connection of that protocol begins with. FTP is of TCP.
    pub(crate) fn status(&self, protocol: Protocol) -> Status {
        match self.helper {
            Some(Helper::Ftp) if protocol == Protocol::TCP => Status::HELPER,
            _ => Status::NONE,
        }
    }
}

/// What one rule asks of a full table, whatever rule says how the packet is tracked. No rule of
/// Linux can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct WhenFull {
    /// See [`Template::class`]. `None`: the rule says nothing of it.
    pub class: Option<Class>,
    /// See [`Template::refused`]. `None`: the rule says nothing of it.
    pub refused: Option<OnRefusal>,
}

/// A timeout policy, by the number that [`RawTable::add_timeouts`](super::RawTable::add_timeouts)
/// gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PolicyId(NonZeroU8);

impl PolicyId {
    /// How many policies there can be.
    pub const MAX_COUNT: usize = u8::MAX as usize;

    /// The policy in that place, counted from 0; `None` past [`PolicyId::MAX_COUNT`] of them.
    #[must_use]
    pub fn at(index: usize) -> Option<Self> {
        let number = u8::try_from(index.checked_add(1)?).ok()?;
        NonZeroU8::new(number).map(Self)
    }

    /// Its place, counted from 0.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0.get()).wrapping_sub(1)
    }
}

/// What listens to a connection to foretell others, by its name in netfilter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Helper {
    /// FTP: data connections (RFC 959, RFC 2428).
    Ftp,
}

impl Helper {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Ftp];

    /// The name that `CT --helper` takes and conntrack prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ftp => "ftp",
        }
    }
}
