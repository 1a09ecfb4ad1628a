//! Do rules of PREROUTING in an image decide as core's raw table does with the same rules?

use keeptrack_core::IfName;
use keeptrack_core::raw::{ChainId, Hook, Matches, Policy, Raw, RawTable, Target};
use keeptrack_gateway::image;
use keeptrack_gateway::rules::{Ask, Chain, Program, Rule, Start, Then};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::made::{self, MAX_CHAINS, matches, policy, sent, target};

type Table = RawTable<64, 8>;
type Chains = Vec<Vec<(Matches, Then)>>;

/// The chains in core's raw table.
fn table(chains: &Chains, policy: Policy) -> Table {
    let mut table = Table::new();
    let mut ids = vec![ChainId::of(Hook::Prerouting)];
    ids.extend((1..=MAX_CHAINS).map(|_| table.add_chain().unwrap()));
    for (rules, &chain) in chains.iter().zip(&ids) {
        for (matches, then) in rules {
            let target = match *then {
                Then::Return => Target::Return,
                Then::Accept => Target::Accept,
                Then::Drop => Target::Drop,
                Then::Jump(into) => Target::Jump(ids[usize::from(into)]),
                Then::Goto(into) => Target::Goto(ids[usize::from(into)]),
                Then::Continue => Target::Continue,
                Then::NoTrack => Target::NoTrack,
                Then::Ct(template) => Target::Ct(template),
                Then::Full(full) => Target::Full(full),
            };
            table.append(chain, matches.clone(), target).unwrap();
        }
    }
    table.set_policy(Hook::Prerouting, policy);
    table
}

/// The same in an image.
fn written(chains: &Chains, policy: Policy) -> Vec<u8> {
    let rule =
        |(matches, target): &(Matches, Then)| Rule { tests: Ask::of(matches), target: *target };
    let chain = |rules: &Vec<_>| Chain { rules: rules.iter().map(rule).collect() };
    let starts = [Start { chain: Some(0), policy }; 2];
    let raw = Program { chains: chains.iter().map(chain).collect(), starts };
    let filter = Program::empty(Policy::Accept);
    let plan = image::plan(image::BUILT_IN).unwrap();
    image::write(&image::Plan { raw, filter, ..plan }).unwrap()
}

fn chains() -> impl Strategy<Value = Chains> {
    let chain = |number| vec((matches(), target(number, made::Table::Raw)), 0..6);
    let chains = (0..MAX_CHAINS).map(chain).collect::<Vec<_>>();
    chains.prop_map(|mut chains| {
        chains.push(Vec::new());
        chains
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_image_decides_as_the_raw_table(
        chains in chains(),
        policy in policy(),
        packets in vec((sent(), option::of(select(vec!["eth0", "eth1", "lo"]))), 24),
    ) {
        let mut table = table(&chains, policy);
        prop_assert_eq!(table.check(), Ok(()));
        let image = written(&chains, policy);
        let mut rules = image::read(&image).unwrap().raw;
        for (sent, input) in packets {
            let bytes = sent.bytes();
            let input = input.map(|name| IfName::new(name.as_bytes()).unwrap());
            let packet = sent.parsed(&bytes, input.as_ref());
            prop_assert_eq!(rules.classify(&packet), table.classify(&packet), "{:?}", sent);
        }
    }
}
