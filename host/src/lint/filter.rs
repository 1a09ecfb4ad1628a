//! NOTRACK beside a filter: what it opens, and what the filter drops.

use keeptrack_core::raw::{Matches, Test};

use crate::rules::{Action, AnyHook as Hook};

use super::finding::{Finding, action_of, at_action, beside};
use super::one_sided::from_outside;
use super::packets::{self, answers, covered, is_loopback, meet};
use super::scene::{Met, Scene};

/// A rule that accepts what is untracked, where all who send from some port are.
pub(super) fn opens_host(scene: &Scene<'_>) -> Vec<Finding> {
    let accepting = scene.met.iter().filter(|met| {
        met.rule.action == Action::Accept
            && met.asks_untracked()
            && matches!(met.base.hook, Hook::Input | Hook::Forward)
    });
    let finding = |met: &Met<'_>| {
        let by = scene.untracked_at(Hook::Prerouting).find(|by| {
            let mut sent = by.any_of.iter().filter(|one| is_by_source_port(one));
            sent.any(|one| met.any_of.iter().any(|accepted| is_opened(scene, met, one, accepted)))
        })?;
        let fault = at_action(met.rule, "whoever sends from that port comes to every port here")
            .label("accepts all that is UNTRACKED");
        let what = "leaves untracked whatever has that source port";
        let fault = beside(fault, scene.outline, met.rule, &action_of(by.rule), what);
        let fault = fault.help(
            "accept only what may come: from the servers that are asked (`-s`), to the ports that ask \
             (`--dport 32768:60999`)",
        );
        Finding::of_rule("opens-host", scene.outline, met.rule, fault)
    };
    accepting.filter_map(finding).collect()
}

/// Whether packets are chosen by the port that their sender took, and no more.
fn is_by_source_port(one: &Matches) -> bool {
    let is_wide = !matches!(one.source, Test::Is(_)) && one.destination_ports == Test::Any;
    matches!(one.source_ports, Test::Is(_)) && is_wide && !is_loopback(&one.input)
}

/// Whether a rule lets them in to every port, through a filter that is closed else.
fn is_opened(scene: &Scene<'_>, met: &Met<'_>, sent: &Matches, accepted: &Matches) -> bool {
    let outside = Matches { input: from_outside(sent.input.clone()), ..sent.clone() };
    let Some(both) = meet(&outside, accepted) else { return false };
    both.destination_ports == Test::Any
        && !matches!(both.source, Test::Is(_))
        && scene.is_closed(met.entry, &both)
}

/// What is untracked, where the filter lets pass only what belongs to a connection.
pub(super) fn dropped(scene: &Scene<'_>) -> Vec<Finding> {
    let finding = |met: &Met<'_>| {
        let (hook, entry) = met.any_of.iter().find_map(|one| {
            passed(scene, met, one).into_iter().find_map(|(hook, sent)| {
                let closed = scene.filters_at(hook).find(|entry| {
                    let is_of_family = entry.family.is_none() || entry.family == sent.family;
                    let accepts = |met: &Met<'_>| {
                        met.rule.action == Action::Accept
                            && met.may_be_untracked()
                            && packets::may_share(std::slice::from_ref(&sent), &met.any_of)
                    };
                    is_of_family
                        && scene.is_closed(entry, &sent)
                        && !scene.met_from(entry).any(accepts)
                })?;
                Some((hook, closed))
            })
        })?;
        let fault = at_action(met.rule, "the filter drops what is untracked here")
            .label(format!("`{}` accepts none of it", entry.name))
            .note("an untracked packet is not ESTABLISHED, and not NEW")
            .help(accept(hook, met));
        Finding::of_rule("dropped-by-filter", scene.outline, met.rule, fault)
    };
    scene.effective().filter(|met| met.is_exact).filter_map(finding).collect()
}

/// The hooks that packets of a rule come to, and what they are there.
fn passed(scene: &Scene<'_>, met: &Met<'_>, one: &Matches) -> Vec<(Hook, Matches)> {
    if met.base.hook == Hook::Output {
        let sent = Matches { output: from_outside(one.output.clone()), ..one.clone() };
        if is_loopback(&one.output) {
            let got = Matches { input: packets::loopback(), output: Test::Any, ..one.clone() };
            return vec![(Hook::Output, sent), (Hook::Input, got)];
        }
        return vec![(Hook::Output, sent)];
    }
    let got = Matches { input: from_outside(one.input.clone()), ..one.clone() };
    let back = answers(&got);
    // Whoever has rules for answers at OUTPUT answers himself.
    if met.is_local || covered(&back, scene.surely_untracked(Hook::Output)) {
        return vec![(Hook::Input, got)];
    }
    let back = Matches { input: Test::Any, output: Test::Any, ..back };
    let forwards = scene
        .surely_untracked(Hook::Prerouting)
        .map(|wide| Matches { input: Test::Any, ..wide.clone() })
        .collect::<Vec<_>>();
    if covered(&back, forwards.iter()) { vec![(Hook::Forward, got)] } else { Vec::new() }
}

fn accept(hook: Hook, met: &Met<'_>) -> String {
    if met.entry.is_of_nft() {
        return "accept it there: `ct state untracked` with the same matches".to_owned();
    }
    let chain = match hook {
        Hook::Input => "INPUT",
        Hook::Forward => "FORWARD",
        _ => "OUTPUT",
    };
    format!("accept it there: `-A {chain} ... -m conntrack --ctstate UNTRACKED -j ACCEPT`")
}
