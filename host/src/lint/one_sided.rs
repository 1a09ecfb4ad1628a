//! NOTRACK of one direction, whose answers are tracked; or of one family.

use keeptrack_core::Protocol;
use keeptrack_core::raw::{Family, IfPattern, Matches, Network, PacketKind, Ports, Test};

use crate::diagnostic::Severity;
use crate::rules::{Action, AnyHook as Hook};

use super::finding::{Finding, at_action};
use super::packets::{self, answers, covered, is_loopback, of_group, of_loopback};
use super::scene::{Met, Scene};
use super::wording;

/// Protocols of which nobody answers: IGMP, PIM, VRRP.
const UNANSWERED: [u8; 3] = [2, 103, 112];

/// Ports of UDP from which no answer comes: traps, syslog, statsd, collectd, flow records, and tunnels
/// whose other direction is sent to the same port.
const UNANSWERED_PORTS: [u16; 14] =
    [162, 514, 2055, 4729, 4739, 4789, 6081, 6343, 8125, 8472, 9995, 9996, 12201, 25826];

/// A rule whose answers are tracked.
pub(crate) struct OneSided<'s, 'o> {
    pub(super) met: &'s Met<'o>,
    /// The hook that the answers come to.
    pub(super) hook: Hook,
    /// The answers.
    pub(super) answers: Matches,
}

/// All rules of which something is known to be missing.
pub(super) fn one_sided<'s, 'o>(scene: &'s Scene<'o>) -> impl Iterator<Item = OneSided<'s, 'o>> {
    scene.effective().filter(|met| met.is_exact).filter_map(|met| {
        let is_half =
            |one: &&Matches| has_answers(scene, met, one) && !is_answered(scene, met, one);
        let half = met.any_of.iter().find(is_half)?;
        Some(OneSided {
            met,
            hook: if met.base.hook == Hook::Output { Hook::Prerouting } else { Hook::Output },
            answers: answers(half),
        })
    })
}

/// The finding of each.
pub(super) fn findings(scene: &Scene<'_>) -> Vec<Finding> {
    let finding = |one: OneSided<'_, '_>| {
        let OneSided { met, hook, answers } = one;
        let by_loopback = is_loopback(&answers.output) || is_loopback(&answers.input);
        let hook = if by_loopback { Hook::Output } else { hook };
        let title = "only one direction is left untracked";
        let fault = at_action(met.rule, title).label(effect(&answers.protocol));
        let fault = fault.help(if met.any_of.iter().any(|one| one.tcp_flags != Test::Any) {
            "leave out what the flags ask, or have SYNPROXY answer in the filter".to_owned()
        } else {
            wording::completed(met, hook, &answers)
        });
        Finding::of_rule("one-sided", scene.outline, met.rule, fault)
    };
    one_sided(scene).filter_map(finding).collect()
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
        _ => true,
    };
    let to_one = !matches!(one.kind, Test::Is(PacketKind::Broadcast | PacketKind::Multicast));
    // What a mark, a set or a length stands for is not known of answers.
    let is_known =
        one.mark == Test::Any && one.len == Test::Any && (one.sets.is_empty() || met.is_local);
    of_protocol && of_type && to_one && to_group == [false; 2] && is_known
}

fn all_unanswered(ports: &Test<Ports>) -> bool {
    let Test::Is(ports) = ports else { return false };
    ports.iter().all(|(low, high)| low == high && UNANSWERED_PORTS.contains(low))
}

/// Whether a rule has the answers too, at the hook that they come to.
fn is_answered(scene: &Scene<'_>, met: &Met<'_>, one: &Matches) -> bool {
    let back = answers(one);
    if met.base.hook == Hook::Output {
        let loops = is_loopback(&one.output)
            || packets::is_of_kind(&one.source, of_loopback)
            || packets::is_of_kind(&one.destination, of_loopback);
        return if loops {
            let back = by_loopback(back);
            covered(&back, scene.surely_untracked(Hook::Output))
        } else {
            let back = Matches { input: from_outside(back.input), ..back };
            covered(&back, scene.surely_untracked(Hook::Prerouting))
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
        let other =
            met.any_of.iter().find_map(|one| tracked_in_other(scene, met.base.hook, one))?;
        let (mine, its) = match other {
            Family::V4 => ("IPv6", "IPv4"),
            Family::V6 => ("IPv4", "IPv6"),
        };
        let fault = at_action(met.rule, format!("only {mine} is left untracked"))
            .severity(Severity::Note)
            .label(format!("the same by {its} makes entries"))
            .help(wording::other_family(met, other));
        Finding::of_rule("one-family", scene.outline, met.rule, fault)
    };
    found.filter_map(finding).collect()
}

/// The other family, if it has the same service and no rule for it.
fn tracked_in_other(scene: &Scene<'_>, hook: Hook, one: &Matches) -> Option<Family> {
    let other = match one.family? {
        Family::V4 => Family::V6,
        Family::V6 => Family::V4,
    };
    let is_of_both = one.source == Test::Any
        && one.destination == Test::Any
        && one.sets.is_empty()
        && one.icmp == Test::Any
        && !matches!(one.protocol, Test::Is(Protocol::ICMP | Protocol::ICMPV6 | Protocol(2)));
    let same = Matches { family: Some(other), ..one.clone() };
    let is_tracked = is_of_both && !covered(&same, scene.surely_untracked(hook));
    is_tracked.then_some(other)
}
