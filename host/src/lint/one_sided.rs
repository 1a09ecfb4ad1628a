//! NOTRACK of one direction, whose answers are tracked; or of one family.

use keeptrack_core::Protocol;
use keeptrack_core::raw::{Family, IfPattern, Matches, Network, PacketKind, Ports, SetId, Test};

use crate::diagnostic::{Fault, Severity};
use crate::rules::{Action, AnyHook as Hook};

use super::finding::{Finding, at_action};
use super::packets::{self, answers, covered, is_loopback, loops, of_group, of_loopback};
use super::scene::{Met, Scene};
use super::wording;

/// Protocols of which nobody answers: IGMP, PIM, VRRP.
const UNANSWERED: [u8; 3] = [2, 103, 112];

/// Ports of UDP from which no answer comes: traps, syslog, statsd, collectd, flow records, and tunnels
/// whose other direction is sent to the same port.
const UNANSWERED_PORTS: [u16; 14] =
    [162, 514, 2055, 4729, 4739, 4789, 6081, 6343, 8125, 8472, 9995, 9996, 12201, 25826];

/// The finding of each rule whose answers are tracked.
pub(super) fn findings(scene: &Scene<'_>) -> Vec<Finding> {
    let finding = |met: &Met<'_>| {
        let missing = missing(scene, met);
        let (_, first) = missing.first()?;
        let title = "only one direction is left untracked";
        let fault = at_action(met.rule, title).label(effect(&first.protocol));
        let fault = if met.any_of.iter().any(|one| one.tcp_flags != Test::Any) {
            fault.help("leave out what the flags ask, or have SYNPROXY answer in the filter")
        } else {
            wording::completed(met, &missing).into_iter().fold(fault, Fault::help)
        };
        Finding::of_rule("one-sided", scene.outline, met.rule, fault)
    };
    scene.effective().filter(|met| met.is_exact).filter_map(finding).collect()
}

/// The answers that no rule has, each with the hook that they come to.
fn missing(scene: &Scene<'_>, met: &Met<'_>) -> Vec<(Hook, Matches)> {
    let is_half = |one: &&Matches| has_answers(scene, met, one) && !is_answered(scene, met, one);
    let back_at = |half: &Matches| match met.base.hook {
        Hook::Output if !loops(half) => (Hook::Prerouting, back(half)),
        _ => (Hook::Output, back(half)),
    };
    met.any_of.iter().filter(is_half).map(back_at).collect()
}

/// The answers, as a rule has them.
fn back(half: &Matches) -> Matches {
    let back = answers(half);
    match is_loopback(&back.input) {
        true => Matches { input: Test::Any, output: packets::loopback(), ..back },
        false => back,
    }
}

const fn effect(protocol: &Test<Protocol>) -> &'static str {
    match protocol {
        Test::Is(Protocol::TCP) => "the other half of each handshake is INVALID",
        Test::Is(Protocol::ICMP | Protocol::ICMPV6) => {
            "each query makes an entry all the same, or its answer is INVALID"
        }
        _ => "each answer makes an entry of its own",
    }
}

/// Whether packets are answered at all, as far as it is known.
fn has_answers(scene: &Scene<'_>, met: &Met<'_>, one: &Matches) -> bool {
    let is_proxied = || scene.met.iter().any(|met| met.rule.action == Action::SynProxy);
    let to_group = [&one.source, &one.destination].map(|test| packets::is_of_kind(test, of_group));
    let of_protocol = match one.protocol {
        Test::Is(Protocol::TCP) => one.tcp_flags == Test::Any || !is_proxied(),
        Test::Is(Protocol::UDP) => {
            !all_unanswered(&one.destination_ports) && !all_unanswered(&one.source_ports)
        }
        Test::Is(Protocol(number)) => !UNANSWERED.contains(&number),
        _ => true,
    };
    let of_type = match one.icmp {
        Test::Is(types) => packets::answer_type(types.kind).is_some(),
        Test::Not(_) => false,
        Test::Any => true,
    };
    let to_one = !matches!(one.kind, Test::Is(PacketKind::Broadcast | PacketKind::Multicast));
    // What a mark, a set or a length stands for is not known of answers.
    let is_at_output = met.base.hook == Hook::Output;
    let has_known_sets = one.sets.is_empty() || (!is_at_output && is_of_receiver(scene, one));
    let is_known = one.mark == Test::Any && one.len == Test::Any && has_known_sets;
    // PREROUTING has no say of what was sent by loopback, and nothing with its addresses leaves else.
    let is_met = !loops(one) || (is_at_output && may_loop(&one.output));
    is_met && of_protocol && of_type && to_one && to_group == [false; 2] && is_known
}

/// Whether no sets are asked for but that of packets to this host.
fn is_of_receiver(scene: &Scene<'_>, one: &Matches) -> bool {
    let is_that =
        |test: &Test<SetId>| matches!(test, Test::Is(set) if scene.outline.is_of_receiver(*set));
    one.sets.iter().all(is_that)
}

fn may_loop(output: &Test<IfPattern>) -> bool {
    is_loopback(output) || *output == Test::Any
}

fn all_unanswered(ports: &Test<Ports>) -> bool {
    let Test::Is(ports) = ports else { return false };
    ports.iter().all(|(low, high)| low == high && UNANSWERED_PORTS.contains(low))
}

/// Whether a rule has the answers too, at the hook that they come to.
fn is_answered(scene: &Scene<'_>, met: &Met<'_>, one: &Matches) -> bool {
    let back = answers(one);
    if met.base.hook == Hook::Output {
        return if loops(one) {
            let back = by_loopback(back);
            covered(&back, scene.surely_untracked(Hook::Output))
        } else {
            let back = Matches { input: from_outside(back.input), ..back };
            covered(&back, scene.surely_untracked_here().iter())
        };
    }
    let sent =
        Matches { input: Test::Any, output: from_outside(back.output.clone()), ..back.clone() };
    if covered(&sent, scene.surely_untracked(Hook::Output)) {
        return true;
    }
    // What is forwarded is answered by way of another interface, whose name the rule does not tell.
    let forwarded = Matches { input: Test::Any, output: Test::Any, ..back };
    let anywhere: Vec<Matches> = scene
        .surely_untracked(Hook::Prerouting)
        .filter(|wide| !is_loopback(&wide.input))
        .map(|wide| Matches { input: Test::Any, ..wide.clone() })
        .collect();
    !met.is_local && covered(&forwarded, anywhere.iter())
}

/// Packets that never leave this host: who sends to an address of loopback has such a one, too.
fn by_loopback(packets: Matches) -> Matches {
    let Matches { source, destination, .. } = &packets;
    let of = |test: &Test<Network>, other: &Test<Network>| match test {
        Test::Any if packets::is_of_kind(other, of_loopback) => other.clone(),
        test => test.clone(),
    };
    let (source, destination) = (of(source, destination), of(destination, source));
    Matches { input: Test::Any, output: packets::loopback(), source, destination, ..packets }
}

/// Packets of loopback meet no rule of PREROUTING before they are tracked.
pub(super) fn from_outside(test: Test<IfPattern>) -> Test<IfPattern> {
    match (test, packets::loopback()) {
        (Test::Any, Test::Is(lo)) => Test::Not(lo),
        (test, _) => test,
    }
}

/// A service that is left untracked in one family only.
pub(super) fn one_family(scene: &Scene<'_>) -> Vec<Finding> {
    let knows_both = scene.outline.families.len() > 1;
    let found = scene.effective().filter(|met| knows_both && met.is_exact);
    let finding = |met: &Met<'_>| {
        let hook = met.base.hook;
        let missing: Vec<Matches> =
            met.any_of.iter().filter_map(|one| tracked_in_other(scene, hook, one)).collect();
        let other = missing.first()?.family?;
        let (mine, its) = match other {
            Family::V4 => ("IPv6", "IPv4"),
            Family::V6 => ("IPv4", "IPv6"),
        };
        let fault = at_action(met.rule, format!("only {mine} is left untracked"))
            .severity(Severity::Note)
            .label(format!("the same by {its} makes entries"));
        let fault = wording::other_family(met, &missing).into_iter().fold(fault, Fault::help);
        Finding::of_rule("one-family", scene.outline, met.rule, fault)
    };
    found.filter_map(finding).collect()
}

/// The same in the other family, if that may have it and has no rule for it.
fn tracked_in_other(scene: &Scene<'_>, hook: Hook, one: &Matches) -> Option<Matches> {
    let other = match one.family? {
        Family::V4 => Family::V6,
        Family::V6 => Family::V4,
    };
    let is_of_both = one.source == Test::Any
        && one.destination == Test::Any
        && is_of_receiver(scene, one)
        && one.icmp == Test::Any
        && !matches!(one.protocol, Test::Is(Protocol::ICMP | Protocol::ICMPV6 | Protocol(2)));
    let same = Matches { family: Some(other), ..one.clone() };
    let is_tracked = is_of_both && !covered(&same, scene.surely_untracked(hook));
    is_tracked.then_some(same)
}
