//! The tables that are read: the raw table of a host, or those of a bridge.

use super::chains::{BuiltIn, Chains, Table};
use super::matches::Purpose;
use super::text;
use crate::diagnostic::Diagnostic;
use crate::source::Wanted;

/// The tables that are read.
#[derive(Debug, Clone)]
pub(super) enum Tables {
    /// The raw table of a host.
    Raw(Chains),
    /// The raw and the filter table of a bridge.
    Bridge { raw: Chains, filter: Chains },
}

impl Tables {
    /// The table of that name, if it is read.
    pub(super) fn named(&self, name: &str) -> Option<Table> {
        match (self, name) {
            (_, "raw") => Some(Table::Raw),
            (Self::Bridge { .. }, "filter") => Some(Table::Filter),
            _ => None,
        }
    }

    /// What a file of their rules is.
    pub(super) const fn wanted(&self) -> &'static Wanted {
        match self {
            Self::Raw(_) => &text::RAW_RULES,
            Self::Bridge { .. } => &text::GATEWAY_RULES,
        }
    }

    pub(super) fn chains(&mut self, table: Table) -> &mut Chains {
        match (self, table) {
            (Self::Raw(chains), _) => chains,
            (Self::Bridge { raw, .. }, Table::Raw) => raw,
            (Self::Bridge { filter, .. }, Table::Filter) => filter,
        }
    }

    /// The raw table alone.
    pub(super) fn into_raw(self) -> Chains {
        match self {
            Self::Raw(raw) | Self::Bridge { raw, .. } => raw,
        }
    }

    /// What is wrong with rules that are only now known to be of use.
    pub(super) fn take_faults(&mut self) -> Vec<Diagnostic> {
        match self {
            Self::Raw(_) => Vec::new(),
            Self::Bridge { filter, .. } => filter.take_faults(|chain| chain == BuiltIn::Forward),
        }
    }

    pub(super) const fn purpose(&self, table: Table) -> Purpose {
        match (self, table) {
            (Self::Raw(_), _) => Purpose::Raw,
            (Self::Bridge { .. }, Table::Raw) => Purpose::BridgeRaw,
            (Self::Bridge { .. }, Table::Filter) => Purpose::BridgeFilter,
        }
    }
}
