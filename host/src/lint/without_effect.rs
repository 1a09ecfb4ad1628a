//! NOTRACK that does nothing: on packets that were tracked before, or that never come to it.

use std::collections::HashSet;

use keeptrack_core::raw::{Matches, Test};

use crate::rules::{Action, AnyHook as Hook, Chain, Rule};

use super::finding::{Finding, action_of, at_action, beside};
use super::packets::{covered, loopback, loops};
use super::scene::{CONNTRACK, Met, Scene};

const NO_EFFECT: &str = "notrack has no effect here";
const LOOPBACK_OF_NFT: &str = "put `oif \"lo\" notrack` in its place into a chain of its table with `hook output priority raw`";

/// Packets of loopback cross OUTPUT first, and are tracked there.
pub(super) fn loopback_at_prerouting(scene: &Scene<'_>) -> Vec<Finding> {
    let is_tracked_before =
        |met: &Met<'_>| !met.any_of.iter().all(|one| is_untracked_before(scene, one));
    let found = scene
        .untracked_at(Hook::Prerouting)
        .filter(|met| is_of_loopback(met) && is_tracked_before(met));
    let finding = |met: &Met<'_>| {
        let fault = at_action(met.rule, NO_EFFECT)
            .label("what comes from lo was tracked at OUTPUT")
            .help(if met.entry.is_of_nft() {
                LOOPBACK_OF_NFT
            } else {
                "write `-A OUTPUT -o lo -j CT --notrack`: that alone is enough"
            });
        Finding::of_rule("loopback-at-prerouting", scene.outline, met.rule, fault)
    };
    found.filter_map(finding).collect()
}

/// Whether all packets of a rule at PREROUTING come from this host itself.
pub(super) fn is_of_loopback(met: &Met<'_>) -> bool {
    met.any_of.iter().all(loops)
}

fn is_untracked_before(scene: &Scene<'_>, one: &Matches) -> bool {
    let sent = Matches { input: Test::Any, output: loopback(), ..one.clone() };
    covered(&sent, scene.surely_untracked(Hook::Output))
}

/// A chain of nft that comes behind tracking.
pub(super) fn behind_tracking(scene: &Scene<'_>) -> Vec<Finding> {
    let is_late = |met: &&Met<'_>| {
        let early = scene.notracks().any(|other| std::ptr::eq(other.rule, met.rule));
        met.rule.action == Action::NoTrack && !early && met.base.hook != Hook::Other
    };
    let mut known: Vec<*const Rule> = Vec::new();
    let mut findings = Vec::new();
    for met in scene.met.iter().filter(is_late) {
        if known.contains(&std::ptr::from_ref(met.rule)) {
            continue;
        }
        known.push(met.rule);
        let title = match met.base.priority {
            CONNTRACK => "whether notrack has an effect here depends on what was there first",
            _ => NO_EFFECT,
        };
        let mut fault = at_action(met.rule, title);
        if let Some(place) = &met.base.place {
            fault = beside(fault, scene.outline, met.rule, place, late_label(met));
        }
        let fault = fault.help(match is_of_loopback(met) {
            true => LOOPBACK_OF_NFT,
            false => "put it in a prerouting/output chain with `priority raw` (-300)",
        });
        findings.extend(Finding::of_rule("behind-tracking", scene.outline, met.rule, fault));
    }
    findings
}

const fn late_label(met: &Met<'_>) -> &'static str {
    match met.base.priority {
        CONNTRACK => "is conntrack's own: of both the later one to be loaded runs first",
        ..CONNTRACK => "of a hook that comes after conntrack",
        _ => "runs after conntrack (-200)",
    }
}

/// A rule whose packets all meet an earlier one that keeps them from it.
pub(super) fn shadowed(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (chain, at, rule) in early_notracks(scene) {
        let Some(earlier) = shadow(chain, at, rule) else { continue };
        let label = match earlier.action {
            Action::NoTrack => "has them untracked already",
            Action::Ct => "says first how they are tracked",
            Action::Drop => "drops them",
            Action::Accept => "ends their walk",
            _ => "leads them away",
        };
        let fault = at_action(rule, NO_EFFECT).label("an earlier rule has all of its packets");
        let fault = beside(fault, scene.outline, rule, &action_of(earlier), label);
        let fault = fault.help(match earlier.action {
            Action::NoTrack => "leave one of both out",
            _ => "put it before that rule",
        });
        findings.extend(Finding::of_rule("shadowed", scene.outline, rule, fault));
    }
    findings
}

/// The NOTRACK rules that packets come to before tracking, each once. Those of PREROUTING that come
/// from this host itself have no effect wherever they stand.
fn early_notracks<'s>(scene: &'s Scene<'_>) -> impl Iterator<Item = (&'s Chain, usize, &'s Rule)> {
    let early =
        scene.notracks().filter(|met| met.base.hook == Hook::Output || !is_of_loopback(met));
    let early: HashSet<*const Rule> = early.map(|met| std::ptr::from_ref(met.rule)).collect();
    let rules = scene.outline.chains.iter().flat_map(|chain| {
        let rules = chain.rules.iter().enumerate();
        rules.map(move |(at, rule)| (chain, at, rule))
    });
    rules.filter(move |(_, _, rule)| early.contains(&std::ptr::from_ref(*rule)))
}

/// The rule of a chain that keeps all packets from its rule `at`.
fn shadow<'c>(chain: &'c Chain, at: usize, rule: &Rule) -> Option<&'c Rule> {
    let earlier = chain.rules.iter().take(at);
    let mut ending = earlier.filter(|rule| {
        let ends = matches!(
            rule.action,
            Action::Accept
                | Action::Drop
                | Action::NoTrack
                | Action::Ct
                | Action::Return
                | Action::Goto(_)
        );
        ends && rule.packets.is_exact && rule.packets.states == Test::Any
    });
    ending.find(|earlier| {
        let wide = &earlier.packets.any_of;
        rule.packets.any_of.iter().all(|one| covered(one, wide.iter()))
    })
}

/// Whether an earlier rule of its chain has all packets of this one.
pub(super) fn is_shadowed(scene: &Scene<'_>, met: &Met<'_>) -> bool {
    let Some(chain) = scene.outline.chains.get(met.chain) else { return false };
    let at = chain.rules.iter().position(|rule| std::ptr::eq(rule, met.rule));
    at.is_some_and(|at| shadow(chain, at, met.rule).is_some())
}

/// A rule in a chain that nothing leads into.
pub(super) fn unreached(scene: &Scene<'_>) -> Vec<Finding> {
    let chains = scene.outline.chains.iter().enumerate();
    let unmet = chains.filter(|(number, chain)| {
        chain.base.is_none() && scene.met.iter().all(|met| met.chain != *number)
    });
    let rules = unmet.flat_map(|(_, chain)| chain.rules.iter().map(move |rule| (chain, rule)));
    let notracks = rules.filter(|(_, rule)| rule.action == Action::NoTrack);
    let finding = |(chain, rule): (&Chain, &Rule)| {
        let fault = at_action(rule, NO_EFFECT)
            .label(format!("no packet comes to the chain `{}`", chain.name))
            .help(if chain.is_of_nft() {
                "jump to it from a prerouting/output chain with `priority raw` (-300)"
            } else {
                "jump to it from PREROUTING or OUTPUT of the raw table"
            });
        Finding::of_rule("unreached", scene.outline, rule, fault)
    };
    notracks.filter_map(finding).collect()
}
