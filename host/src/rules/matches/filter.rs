//! The options that only rules of a bridge or of its filter have: its ports, what a packet is to the
//! connections, kinds of ICMP.

use keeptrack_core::Protocol;
use keeptrack_core::raw::{EarlyState, Family, IcmpTypes, IfPattern, Test};
use keeptrack_gateway::Side;

use super::{Given, Parser, Purpose, needs, unsupported};
use crate::diagnostic::Fault;
use crate::rules::icmp;
use crate::rules::names::Opt;
use crate::rules::values::parts;
use crate::rules::words::Word;

/// What a rule of the filter table asks of a packet besides what any rule may ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::rules) struct Tests {
    /// What it is to the connections.
    pub(in crate::rules) state: Test<States>,
    /// Which message of ICMP or ICMPv6 it is.
    pub(in crate::rules) icmp: Test<IcmpTypes>,
}

/// Some of the states that a filter knows, a bit each, in the order of [`STATES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) struct States(pub(in crate::rules) u8);

/// The states in netfilter's words.
pub(crate) const STATES: [&str; 5] = ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"];

impl<'w> Parser<'w> {
    /// `--ctstate` and `--state`.
    pub(super) fn states(&mut self, given: Given<'w>, opt: Opt) -> Result<(), Fault> {
        let module = if opt == Opt::CtState { "conntrack" } else { "state" };
        if self.standing.purpose != Purpose::Raw {
            self.only_in_filter(given)?;
        }
        if !self.has_module(module) {
            return Err(needs(given, &format!("-m {module}")));
        }
        let value = self.value(given)?;
        if self.standing.purpose == Purpose::Raw {
            let state = early_state(value)?;
            return given.set(&mut self.matches.state, given.test(state));
        }
        let mut mask = 0;
        for (at, name) in parts(&value.text, ',') {
            mask |= state(name).map_err(|said| said.fault(value, at, name))?;
        }
        if given.bang.is_some() && mask == (1 << STATES.len()) - 1 {
            return Err(given.fault("a rule for no packet").label("every packet has one of these"));
        }
        given.set(&mut self.tests.state, given.test(States(mask)))
    }

    /// `--physdev-in`, `--physdev-out`, and that a packet crosses a bridge at all.
    pub(super) fn physdev(&mut self, given: Given<'w>, opt: Opt) -> Result<(), Fault> {
        if self.standing.purpose == Purpose::Raw {
            return Err(unsupported(given.word.span.clone(), &format!("`{}`", given.word.text)));
        }
        if !self.has_module("physdev") {
            return Err(needs(given, "-m physdev"));
        }
        match (opt, given.bang) {
            (Opt::PhysdevIs, None) => Ok(()),
            (Opt::PhysdevIs, Some(_)) => Err(given
                .fault("a rule for no packet")
                .label("all that passes the gateway crosses its bridge")),
            (Opt::PhysdevIn, _) => self.interface(given, Opt::Input),
            _ => self.interface(given, Opt::Output),
        }
    }

    /// `--icmp-type` and `--icmpv6-type`.
    pub(super) fn icmp_type(&mut self, given: Given<'w>, opt: Opt) -> Result<(), Fault> {
        if self.standing.purpose != Purpose::Raw {
            self.only_in_filter(given)?;
        }
        let (family, protocol) = match opt {
            Opt::IcmpType => (Family::V4, Protocol::ICMP),
            _ => (Family::V6, Protocol::ICMPV6),
        };
        if self.standing.family != family || self.matches.protocol != Test::Is(protocol) {
            return Err(needs(given, &format!("-p {}", protocol_name(family))));
        }
        let value = self.value(given)?;
        match icmp::types(value, family)? {
            Some(types) if self.standing.purpose == Purpose::Raw => {
                given.set(&mut self.matches.icmp, given.test(types))
            }
            Some(types) => given.set(&mut self.tests.icmp, given.test(types)),
            None => Ok(()),
        }
    }

    /// That a bridge's port is meant, if the rule is one of a bridge.
    pub(super) fn check_port(
        &self,
        given: Given<'_>,
        value: &Word,
        test: &Test<IfPattern>,
    ) -> Result<(), Fault> {
        if self.standing.purpose == Purpose::Raw {
            return Ok(());
        }
        let [left, right] = Side::BOTH.map(Side::name);
        let meant =
            |pattern: &IfPattern| Side::BOTH.map(|side| pattern.holds(side.if_name().as_ref()));
        match test {
            Test::Any => Ok(()),
            Test::Is(pattern) | Test::Not(pattern) if meant(pattern) == [false; 2] => {
                let fault = Fault::new(
                    value.span.clone(),
                    format!("the gateway has no interface `{}`", value.text),
                );
                let fault = fault.label(format!("its ports are {left} and {right}"));
                Err(if value.text.starts_with("br") {
                    fault.help("it is a bridge itself: leave the option out, or name a port")
                } else {
                    fault.help(format!(
                        "write {left} for the inside and {right} for the outside, or as it is wired"
                    ))
                })
            }
            Test::Not(pattern) if meant(pattern) == [true; 2] => Err(given
                .fault("a rule for no packet")
                .label(format!("both ports, {left} and {right}, are one of `{}`", value.text))),
            Test::Is(_) | Test::Not(_) => Ok(()),
        }
    }

    fn only_in_filter(&self, given: Given<'_>) -> Result<(), Fault> {
        match self.standing.purpose {
            Purpose::BridgeFilter => Ok(()),
            Purpose::Raw => {
                Err(unsupported(given.word.span.clone(), &format!("`{}`", given.word.text)))
            }
            Purpose::BridgeRaw => {
                Err(before_tracking(given.word, &format!("`{}`", given.word.text)))
            }
        }
    }
}

/// The state of a packet that is not tracked yet.
fn early_state(value: &Word) -> Result<EarlyState, Fault> {
    match value.text.to_ascii_uppercase().as_str() {
        "INVALID" => Ok(EarlyState::Invalid),
        "UNTRACKED" => Ok(EarlyState::Untracked),
        _ => Err(unsupported(value.span.clone(), &format!("`{}` before tracking", value.text))
            .note("what is not tracked yet is INVALID, and UNTRACKED behind a NOTRACK")),
    }
}

/// What a gateway's rules only ask behind tracking.
pub(super) fn before_tracking(word: &Word, what: &str) -> Fault {
    let why = match word.text.contains("icmp") {
        true => "kinds of ICMP are only asked of FORWARD",
        false => "nothing is tracked yet there",
    };
    Fault::new(word.span.clone(), format!("{what} has no place in the raw table"))
        .label(why)
        .help("put the rule into FORWARD of the filter table")
}

/// Why a word is none of the states.
enum NoState<'c> {
    /// NAT would make it.
    OfNat,
    Unknown(&'c [&'c str]),
}

impl NoState<'_> {
    fn fault(self, value: &Word, at: usize, name: &str) -> Fault {
        let place = value.part(at..at + name.len());
        match self {
            Self::OfNat => Fault::new(place, format!("no connection here is in the state {name}"))
                .label("a bridge changes no address"),
            Self::Unknown(known) => Fault::new(place, format!("unknown state `{name}`"))
                .label(format!("one of: {}", known.join(", ")))
                .did_you_mean(name, known.iter().copied()),
        }
    }
}

/// The bit of the state of that name.
fn state(name: &str) -> Result<u8, NoState<'static>> {
    match STATES.iter().position(|known| known.eq_ignore_ascii_case(name)) {
        Some(index) => Ok(1 << index),
        None if ["SNAT", "DNAT"].contains(&name) => Err(NoState::OfNat),
        None => Err(NoState::Unknown(&STATES)),
    }
}

/// As iptables-save writes the protocol of ICMP.
const fn protocol_name(family: Family) -> &'static str {
    match family {
        Family::V4 => "icmp",
        Family::V6 => "ipv6-icmp",
    }
}
