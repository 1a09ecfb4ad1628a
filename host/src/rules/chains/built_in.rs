//! The chains at a hook: those that a table of iptables has by itself, and the base chains of nft.

use keeptrack_core::raw::Hook;

/// A chain that a table has by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum BuiltIn {
    /// Of the raw table.
    Hook(Hook),
    /// Of nftables, before tracking.
    Base(Base),
    /// Of the filter table, for what is sent on.
    Forward,
    /// Of the filter table, for what the host gets or sends itself.
    Host(&'static str),
}

/// A base chain of nftables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) struct Base {
    pub(in crate::rules) hook: Hook,
    /// Chains of one hook are walked in this order, those of one priority in that of the text.
    pub(in crate::rules) priority: i32,
}

/// The priority of iptables' raw table.
const RAW_PRIORITY: i32 = -300;

impl BuiltIn {
    pub(in crate::rules) const fn name(self) -> &'static str {
        match self {
            Self::Hook(hook) | Self::Base(Base { hook, .. }) => hook.name(),
            Self::Forward => "FORWARD",
            Self::Host(name) => name,
        }
    }

    pub(in crate::rules) const fn hook(self) -> Option<Hook> {
        match self {
            Self::Hook(hook) | Self::Base(Base { hook, .. }) => Some(hook),
            Self::Forward | Self::Host(_) => None,
        }
    }

    /// Its place among the chains of its hook.
    pub(in crate::rules) const fn priority(self) -> i32 {
        match self {
            Self::Base(base) => base.priority,
            Self::Hook(_) | Self::Forward | Self::Host(_) => RAW_PRIORITY,
        }
    }
}
