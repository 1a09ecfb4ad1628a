//! The lines that `keeptrack advise` gives, as an admin pastes them: do the tools take them, do they
//! leave the rules that they should, and is all undone by what undoes them?

mod case;
mod outline;
#[cfg(test)]
mod readers;
mod shell;
mod tools;

pub use case::{Case, cases};
pub use tools::{firewall4, iptables, nft, settings};
