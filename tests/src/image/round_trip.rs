//! Does an image hold all that was written, and are programs refused that it cannot hold?

use keeptrack_core::raw::{Helper, Policy, PolicyId, Template};
use keeptrack_core::{MAX_SECONDS, Protocol, Timeout};
use keeptrack_gateway::image::{self, ImageError, Plan, WriteError};
use keeptrack_gateway::rules::{
    Ask, Chain, FilterVerdict, MAX_DEPTH, MAX_WALK, Program, ProgramFault, Rule, Sides, Start,
    Then, Which,
};
use keeptrack_gateway::settings::Amount;
use keeptrack_gateway::{Side, Standing};
use proptest::prelude::*;

use super::made;
use crate::frames::{CLIENT, SERVER, ip, read, udp};

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_written_is_read(plan in made::plan()) {
        let written = image::write(&plan).unwrap();
        let read = image::plan(&written).unwrap();
        let settings = |plan: &Plan| {
            (plan.fail, plan.log, plan.max, plan.config, plan.full, plan.reserves)
        };
        prop_assert_eq!(settings(&read), settings(&plan));
        // Of the rules one form is made; what they decide is asked elsewhere.
        prop_assert_eq!(image::write(&read).unwrap(), written);
    }
}

fn plan() -> Plan {
    image::plan(image::BUILT_IN).unwrap()
}

/// A program of these chains, each rule of which takes every packet.
fn program(chains: &[&[Then]]) -> Program {
    let rule = |target: &Then| Rule { tests: Vec::new(), target: *target };
    let chain = |targets: &&[Then]| Chain { rules: targets.iter().map(rule).collect() };
    let starts = [Start { chain: Some(0), policy: Policy::Accept }; 2];
    Program { chains: chains.iter().map(chain).collect(), starts }
}

/// Why these chains cannot be written, and the chain and the rule.
fn fault(chains: &[&[Then]]) -> (ProgramFault, usize, Option<usize>) {
    match image::write(&Plan { filter: program(chains), ..plan() }) {
        Err(WriteError::Filter(error)) => (error.why, error.chain, error.rule),
        other => panic!("{other:?}"),
    }
}

#[test]
fn chains_that_lead_nowhere_back_or_too_deep_are_refused() {
    use Then::{Continue, Goto, Jump};
    assert_eq!(fault(&[]), (ProgramFault::NoChain, 0, None));
    assert_eq!(fault(&[&[Continue, Jump(7)]]), (ProgramFault::NoChain, 0, Some(1)));
    assert_eq!(fault(&[&[Jump(1)], &[Goto(2)], &[Jump(1)]]), (ProgramFault::Loop, 1, None));
    assert_eq!(fault(&[&[Jump(0)]]), (ProgramFault::Loop, 0, None));
    assert_eq!(fault(&[&[Then::NoTrack]]), (ProgramFault::RawOnly, 0, Some(0)));
}

#[test]
fn as_many_chains_lie_upon_each_other_as_is_said() {
    let deep = |count: usize, lead: fn(u16) -> Then| {
        let chains = (1..=count).map(|next| match next == count {
            true => vec![],
            false => vec![lead(u16::try_from(next).unwrap())],
        });
        let chains: Vec<Vec<Then>> = chains.collect();
        let chains: Vec<&[Then]> = chains.iter().map(Vec::as_slice).collect();
        image::write(&Plan { filter: program(&chains), ..plan() })
    };
    assert!(deep(MAX_DEPTH, Then::Jump).is_ok());
    assert!(deep(MAX_DEPTH + 1, Then::Goto).is_ok(), "nothing comes back");
    let Err(WriteError::Filter(error)) = deep(MAX_DEPTH + 1, Then::Jump) else { panic!("written") };
    assert_eq!((error.why, error.chain), (ProgramFault::Depth, 0));
}

#[test]
fn a_packet_meets_as_many_rules_as_is_said() {
    let count = usize::try_from(MAX_WALK).unwrap();
    let rules = |count| vec![Then::Continue; count];
    let write = |rules: &[Then]| image::write(&Plan { filter: program(&[rules]), ..plan() });
    let longest = [&rules(count - 2)[..], &[Then::Drop]].concat();
    let image = write(&longest).unwrap();
    let packet = read(&ip(Protocol::UDP, CLIENT, SERVER, &udp(1, 2)));
    let said = image::read(&image).unwrap().filter.filter(&packet, Standing::Invalid, Side::Left);
    assert_eq!(said, FilterVerdict::Drop, "the last one is met; behind it is the end of the chain");
    assert_eq!(fault(&[&rules(count)]), (ProgramFault::Walk, 0, None));
    // Each chain is met twice by those that lead into it.
    let twice: Vec<[Then; 2]> = (1..=12).map(|next| [Then::Jump(next); 2]).collect();
    let mut chains: Vec<&[Then]> = twice.iter().map(<[Then; 2]>::as_slice).collect();
    chains.push(&[]);
    assert_eq!(fault(&chains).0, ProgramFault::Walk);
}

#[test]
fn chains_may_come_in_any_order_and_those_that_nobody_enters_are_left_out() {
    use Then::{Accept, Drop, Goto, Jump};
    let filter = program(&[&[Jump(3), Drop], &[Accept], &[Goto(1)], &[Jump(1)]]);
    let image = image::write(&Plan { filter, ..plan() }).unwrap();
    assert_eq!(
        image::plan(&image).unwrap().filter,
        program(&[&[Jump(1), Drop], &[Jump(2)], &[Accept]])
    );
}

fn rule(tests: Vec<Ask>, target: Then) -> Program {
    let chains = vec![Chain { rules: vec![Rule { tests, target }] }];
    let starts = [Start { chain: Some(0), policy: Policy::Accept }; 2];
    Program { chains, starts }
}

#[test]
fn rules_that_no_record_holds_are_refused() {
    let why = |tests, target| match image::write(&Plan { raw: rule(tests, target), ..plan() }) {
        Err(WriteError::Raw(error)) => error.why,
        other => panic!("{other:?}"),
    };
    let ports = |count| {
        let ranges = vec![(1, 2); count];
        Ask::Ports { which: Which::Either, not: false, ranges }
    };
    assert_eq!(why(vec![ports(0)], Then::Accept), ProgramFault::Ranges);
    assert_eq!(why(vec![ports(16)], Then::Accept), ProgramFault::Ranges);
    assert_eq!(why(vec![ports(15); 16], Then::Accept), ProgramFault::TooMuch);
    let ftp = Template { helper: Some(Helper::Ftp), ..Template::NONE };
    assert_eq!(why(vec![], Then::Ct(ftp)), ProgramFault::Helper);
    let timeouts = Template { timeouts: PolicyId::at(0), ..Template::NONE };
    assert_eq!(why(vec![], Then::Ct(timeouts)), ProgramFault::Timeouts);
    let sides = vec![Ask::Input(Sides::LEFT), Ask::Output(Sides::LEFT)];
    assert!(image::write(&Plan { raw: rule(sides, Then::Drop), ..plan() }).is_ok(), "never met");
}

#[test]
fn amounts_and_timeouts_that_no_image_holds_are_refused() {
    let with = |amount| image::write(&Plan { reserves: [amount; 3], ..plan() });
    for amount in [Amount::Percent(1001), Amount::Part(0), Amount::Entries(Amount::MAX + 1)] {
        assert_eq!(with(amount), Err(WriteError::Amount(amount)));
    }
    let mut plan = plan();
    plan.config.timeouts.icmp = MAX_SECONDS + 1;
    assert_eq!(image::write(&plan), Err(WriteError::TimeoutTooLong(Timeout::Icmp)));
}

#[test]
fn settings_that_a_board_cannot_do_are_refused() {
    let fit = |plan: &Plan, slots| plan.clone().fit(slots).map(|_| ());
    let mut plan = plan();
    assert_eq!(fit(&plan, 1), Ok(()));
    plan.reserves = [Amount::Entries(10), Amount::Percent(10), Amount::NONE];
    assert_eq!(fit(&plan, 12), Err(ImageError::ReservesTooLarge));
    assert_eq!(fit(&plan, 13), Ok(()));
    plan.max = Some(12);
    assert_eq!(fit(&plan, 13), Err(ImageError::ReservesTooLarge));
    plan.max = Some(4000);
    assert_eq!(fit(&plan, 13), Ok(()), "all that there are");
    plan.full.adaptive = Some((Amount::Entries(60), Amount::Percent(100)));
    assert_eq!(fit(&plan, 60), Err(ImageError::AdaptiveOrder));
    assert_eq!(fit(&plan, 61), Ok(()));
}
