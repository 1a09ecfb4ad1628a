//! NOTRACK of what rules of the nat table are to translate.

use keeptrack_core::raw::{IfPattern, Matches, Network, Ports, Test};

use crate::rules::{Action, AnyHook as Hook, Nat};

use super::finding::{Finding, action_of, at_action, beside};
use super::packets::{self, answers, is_loopback, meet, of_group, of_loopback, of_site};
use super::scene::{Met, Scene};

/// The first port that Linux gives those who ask.
const FIRST_OWN_PORT: u16 = 1024;

pub(super) fn breaks_nat(scene: &Scene<'_>) -> Vec<Finding> {
    let translating: Vec<(&Met<'_>, Nat)> = scene
        .met
        .iter()
        .filter_map(|met| match met.rule.action {
            Action::Nat(nat) => Some((met, nat)),
            _ => None,
        })
        .collect();
    let finding = |met: &Met<'_>| {
        let (by, _) = translating.iter().find(|(by, nat)| {
            let pairs = met.any_of.iter().flat_map(|one| by.any_of.iter().map(move |of| (one, of)));
            pairs.into_iter().any(|(one, of)| breaks(met, one, (by, *nat, of)))
        })?;
        let fault = at_action(met.rule, "untracked packets are not translated")
            .label("these may be packets that NAT is for");
        let fault =
            beside(fault, scene.outline, met.rule, &action_of(by.rule), "has no effect on them");
        let fault = fault.help(
            "leave out what NAT is for: name the addresses or the interface of what is to be untracked",
        );
        Finding::of_rule("breaks-nat", scene.outline, met.rule, fault)
    };
    scene.effective().filter_map(finding).collect()
}

/// Whether packets of `one`, which are untracked, may be some of what a rule translates, or answers to
/// those.
fn breaks(met: &Met<'_>, one: &Matches, (by, nat, of): (&Met<'_>, Nat, &Matches)) -> bool {
    if packets::is_of_kind(&one.destination, of_group) {
        return false;
    }
    match (nat, by.base.hook, met.base.hook) {
        (Nat::Source, Hook::Postrouting, Hook::Prerouting) => {
            is_from_outside(one)
                && (is_to_translate(met, one, of) || is_answer_to_translated(one, of))
        }
        (Nat::Destination { .. }, Hook::Prerouting, Hook::Prerouting)
            if meet(one, of).is_some() =>
        {
            is_from_outside(one)
        }
        (Nat::Destination { .. }, Hook::Output, Hook::Output) => meet(one, of).is_some(),
        // The one redirected to answers itself, by OUTPUT, a host behind by PREROUTING.
        (Nat::Destination { to: None, port }, Hook::Prerouting, Hook::Output) => {
            let back = answers_from(of, port);
            !is_loopback(&one.output)
                && may_ask_from(&one.destination_ports)
                && meet(one, &back).is_some()
        }
        (Nat::Destination { to: Some(to), port }, Hook::Prerouting, Hook::Prerouting) => {
            let mask = if to.is_ipv4() { [255; 4].into() } else { [255; 16].into() };
            let source = Test::Is(Network { address: to, mask });
            let back = Matches { source, ..answers_from(of, port) };
            is_from_outside(one)
                && !goes_back(&one.input, &of.input)
                && may_ask_from(&one.destination_ports)
                && meet(one, &back).is_some()
        }
        _ => false,
    }
}

/// Whether packets may come to PREROUTING from elsewhere.
fn is_from_outside(one: &Matches) -> bool {
    !is_loopback(&one.input)
        && !packets::is_of_kind(&one.source, of_loopback)
        && !packets::is_of_kind(&one.destination, of_loopback)
}

/// Whether some of them may be forwarded to where their source is to be changed.
fn is_to_translate(met: &Met<'_>, one: &Matches, of: &Matches) -> bool {
    let stays = of.destination == Test::Any && packets::is_of_kind(&one.destination, of_site);
    let by = Matches { input: Test::Any, output: Test::Any, ..one.clone() };
    let to = Matches { input: Test::Any, output: Test::Any, ..of.clone() };
    !met.is_local
        && !goes_back(&one.input, &of.output)
        && !stays
        && may_ask_from(&one.source_ports)
        && meet(&by, &to).is_some()
}

/// Whether both name the same interface: what comes from there does not leave there.
fn goes_back(from: &Test<IfPattern>, to: &Test<IfPattern>) -> bool {
    matches!((from, to), (Test::Is(from), Test::Is(to)) if from == to)
}

/// Whether some of them may be answers to those whose source has been changed.
fn is_answer_to_translated(one: &Matches, of: &Matches) -> bool {
    let back = Matches {
        destination: Test::Any,
        destination_ports: Test::Any,
        output: Test::Any,
        ..answers(of)
    };
    let inside = of.destination == Test::Any && packets::is_of_kind(&one.source, of_site);
    !inside && may_ask_from(&one.destination_ports) && meet(one, &back).is_some()
}

/// Whether one who asks may do so from one of these ports.
fn may_ask_from(ports: &Test<Ports>) -> bool {
    match ports {
        Test::Is(ports) => ports.iter().any(|(_, high)| *high >= FIRST_OWN_PORT),
        _ => true,
    }
}

/// Answers to packets that are sent on to that port, by way of any interface, from any address.
fn answers_from(of: &Matches, port: Option<u16>) -> Matches {
    let back = answers(of);
    let source_ports = match port {
        Some(port) => Test::Is([(port, port)].into_iter().collect()),
        None => back.source_ports.clone(),
    };
    Matches { source_ports, source: Test::Any, input: Test::Any, output: Test::Any, ..back }
}
