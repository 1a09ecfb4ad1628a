//! Where packets were seen, as far as the rules ask; and which rules ask what the capture does not
//! tell.

use std::fmt;

use keeptrack_core::raw::Hook;
use keeptrack_core::{IfName, Packet, Path};

use crate::capture::Record;
use crate::path::{Cooked, Misplaced, Places, Sighting, is_loopback_name};
use crate::rules::{RuleSet, RuleSource};

/// Tells the rules where packets were seen.
pub(crate) struct Sight {
    places: Places,
    /// Kinds of packets of which something is not known that no rule asks for: once looked at, a
    /// kind costs its packets no more than to be found here.
    settled: Vec<Kind>,
}

/// What is known of a packet: its path, its interface, and whether that is surely not loopback.
type Kind = (Option<Path>, Option<IfName>, bool);

/// A rule that asks what the capture does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    capture: String,
    rule: String,
    asks: Asks,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Asks {
    /// For the name of an interface, in these words.
    Interface(String),
    /// For what this host sends.
    Output,
}

impl Sight {
    /// Asks `places`.
    #[must_use]
    pub(crate) const fn new(places: Places) -> Self {
        Self { places, settled: Vec::new() }
    }

    /// Whether packets went by whose direction nobody told: they count as arrived.
    #[must_use]
    pub(crate) fn has_guessed(&self) -> bool {
        self.settled.iter().any(|(path, ..)| path.is_none())
    }

    /// Whether a record of `capture` was captured where one is to look; else it is left out.
    pub(crate) fn look_at(
        &mut self,
        record: &Record<'_>,
        capture: &str,
    ) -> Result<bool, Misplaced> {
        self.places.look_at(record, capture)
    }

    /// What is wrong when all of `capture` has been read, and nothing of it was looked at.
    pub(crate) fn nothing_seen(&self, capture: &str) -> Option<Misplaced> {
        self.places.nothing_seen(capture)
    }

    /// Where a packet was seen.
    pub(crate) fn of(
        &mut self,
        record: &Record<'_>,
        packet: &Packet<'_>,
        rules: &RuleSet,
        capture: &str,
    ) -> Result<Sighting, Untold> {
        let sighting = self.places.sight(record, packet);
        if sighting.path.is_some() && sighting.interface.is_some() {
            return Ok(sighting);
        }
        // A cooked frame without a name was seen somewhere, but not at the loopback interface.
        let is_elsewhere = Cooked::of(record).is_some();
        let kind = (sighting.path, sighting.interface, is_elsewhere);
        if !self.settled.contains(&kind) {
            if let Some((source, asks)) = asked_for(&kind, rules) {
                let (capture, rule) = (capture.to_owned(), source.place());
                return Err(Untold { capture, rule, asks });
            }
            self.settled.push(kind);
        }
        Ok(sighting)
    }
}

/// The first rule that asks what is not known of a packet seen there.
fn asked_for<'r>(
    &(path, interface, is_elsewhere): &Kind,
    rules: &'r RuleSet,
) -> Option<(&'r RuleSource, Asks)> {
    if interface.is_none() {
        let mut tests = rules.needs().interfaces.into_iter();
        let asks = tests.find(|(test, _)| !(is_elsewhere && is_loopback_name(&test.name)));
        if let Some((test, source)) = asks {
            return Some((source, Asks::Interface(test.text.clone())));
        }
    }
    match path {
        Some(_) => None,
        None => asks_for_output(rules, interface.as_ref()).map(|source| (source, Asks::Output)),
    }
}

/// The first rule that may apply to what this host sends by `interface`.
fn asks_for_output<'r>(rules: &'r RuleSet, interface: Option<&IfName>) -> Option<&'r RuleSource> {
    let ruled = rules.table.rules().iter().zip(&rules.sources);
    let mut at_output = ruled.filter(|(_, source)| source.hooks.contains(&Hook::Output));
    let asks = at_output.find(|(rule, _)| rule.matches.output.passes(|name| name.holds(interface)));
    asks.map(|(_, source)| source)
}

impl Untold {
    /// How to tell it.
    #[must_use]
    pub(crate) const fn help(&self) -> &'static str {
        match self.asks {
            Asks::Interface(_) => "name it: `--iface lan0`, or by index: `--iface 2=lan0,3=wan0`",
            Asks::Output => {
                "name the addresses of the host that captured: `--local 192.0.2.1,2001:db8::1`"
            }
        }
    }
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { capture, rule, asks } = self;
        match asks {
            Asks::Interface(test) => {
                write!(f, "{capture} has no interface names, but {rule} matches `{test}`")
            }
            Asks::Output => {
                write!(f, "{capture} does not tell what its host sent, but {rule} is in OUTPUT")
            }
        }
    }
}
