//! What has to hold under attack; at a smaller scale than the report, and with the same rates
//! relative to it.

use super::choices::{CHOICES, Choice, HOARDED, RANKED};
use super::{Attack, Outcome, Plan, SERVED_TIMES, Served, Share, Times, rates};

const TIMES: Times =
    Times { fill_s: 15, attack_s: 27, count_from_s: 30, count_to_s: 50, end_s: 70 };

/// A table of that many slots, clients that need no more than half of it, and no attack.
fn plan(slot_count: usize, times: Times) -> Plan {
    let client_count = u8::try_from(slot_count * 200 / 1024).unwrap();
    Plan { slot_count, client_count, think_s: 30, attack: None, times, seed: 1 }
}

fn under(choice: &Choice, plan: &Plan, attack: Attack, pps: u64) -> Outcome {
    (choice.run)(&Plan { attack: Some((attack, pps)), ..*plan })
}

fn choice(name: &str) -> Choice {
    CHOICES.into_iter().find(|choice| choice.name == name).unwrap()
}

#[test]
fn on_a_quiet_day_everybody_is_served() {
    let plan = plan(256, TIMES);
    for choice in CHOICES {
        let told = (choice.run)(&plan);
        assert!(told.connections.whole > 15 && told.admin.whole > 5, "{}: {told:?}", choice.name);
        assert!(told.requests.is_at_least(100) && told.admin.is_at_least(100), "{}", choice.name);
        assert_eq!(told.full.part, 0, "{}", choice.name);
    }
}

/// Nine tenths of the table closing or unreplied, and a stream of real clients.
#[test]
fn ranked_refuses_no_client_where_most_are_closing_or_unreplied() {
    let plan = plan(1024, SERVED_TIMES);
    for (attack, pps) in [(Attack::SynRandom, 200), (Attack::Teardown, 1024)] {
        let told = under(&RANKED, &plan, attack, pps);
        assert!(told.dispensable.is_at_least(90), "{attack}: {told:?}");
        assert!(told.full.is_at_least(100), "{attack}: {told:?}");
        assert_eq!((told.refused_count, told.open_evicted_count), (0, 0), "{attack}: {told:?}");
        assert!(told.requests.is_at_least(100) && told.connections.whole > 100, "{told:?}");
    }
}

#[test]
fn ranked_serves_as_many_as_refuse_and_early_drop_under_each_attack() {
    let choices = [choice("refuse"), choice("early"), RANKED];
    let plan = plan(128, TIMES);
    for ((attack, pps), told) in Served::measure(&plan, &choices).rows() {
        let [refuse, early, ranked] = told else { panic!("{told:?}") };
        for other in [refuse, early] {
            let is_as_many = |of: fn(&Outcome) -> Share| {
                let (ours, theirs) = (of(ranked), of(other));
                ours.part * theirs.whole >= theirs.part * ours.whole
            };
            // A hoard takes even the last slots of clients, and only the reserve is left: with
            // refuse a few clients are still served, until theirs have run out.
            let each: &[fn(&Outcome) -> Share] = match attack {
                Attack::HoardMany => &[all, |told| told.admin],
                _ => &[all, |told| told.connections, |told| told.requests, |told| told.admin],
            };
            let holds = each.iter().all(|&of| is_as_many(of));
            assert!(holds, "{attack} {pps}: {ranked:?}, not {other:?}");
        }
        assert_eq!(ranked.open_evicted_count, 0, "{attack} {pps}");
        assert!(ranked.admin.is_at_least(100), "{attack} {pps}: {ranked:?}");
    }
}

/// The connections of all who are real.
fn all(told: &Outcome) -> Share {
    let Outcome { connections, admin, .. } = told;
    Share { part: connections.part + admin.part, whole: connections.whole + admin.whole }
}

/// Hosts that each open a connection and keep it are what Ranked cannot tell from clients.
#[test]
fn hoarding_is_answered_by_short_and_adaptive_timeouts() {
    let plan = plan(256, TIMES);
    let [slow, middle, _] = rates(plan.slot_count);
    for pps in [slow, middle] {
        let [ranked, answer, lru] = [RANKED, HOARDED, choice("LRU")]
            .map(|choice| under(&choice, &plan, Attack::HoardMany, pps).connections);
        assert!(!ranked.is_at_least(50) && lru.is_at_least(90), "{ranked:?} {lru:?}");
        assert!(answer.is_at_least(90), "{answer:?}");
    }
}

#[test]
fn a_simulation_follows_from_its_seed() {
    let plan = plan(128, TIMES);
    let run = |seed| under(&RANKED, &Plan { seed, ..plan }, Attack::SynRandom, 1000);
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
