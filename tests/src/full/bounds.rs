//! How much work is a call at a full table, when whoever sends the packets knows the hash key?

mod attacker;
mod counted;
mod lab;
mod story;

use keeptrack_core::{
    Adaptive, Class, EarlyDrop, Instant, MAX_CHAIN, OnFull, Ranked, Restored, State, Status, Step,
    TcpFlags, TcpState, Why,
};

use crate::tidy::{sources, without_tests};
use attacker::{TRIED, chains, tuple};
use lab::{Lab, Most, Sender};

/// How many a confirmation ends: one of its bucket, four that the wheel finds, and the policy's
/// choice.
const LEAVERS: usize = 6;

/// As many more have run out, for whom the wheel makes no step, where the table has room for them.
const BYSTANDERS: usize = 12;

/// How often a call reaches into the memory of its table at the most, as its documentation says.
const STATED: Most =
    Most { track: 140, confirm: 520, expire: 70, restore: 580, flush: 120, drop_early: 120 };

/// A full table whose chains are as long as they can be, and whose next newcomer costs as much as
/// one can.
struct Besieged<P> {
    lab: Lab<P>,
    /// When those came that have run out.
    start: Instant,
    newcomer: u32,
    /// Those that leave, each at the end of a chain: one of the newcomer's own bucket and four
    /// others, in slots that are not for the newcomer, which have run out; and the only one that a
    /// policy may take.
    leavers: Vec<u32>,
}

impl<P: OnFull> Besieged<P> {
    /// In these chains, and as many other slots as there are besides.
    fn new(slot_count: usize, chains: &[Vec<u32>], policy: P) -> Self {
        let chained = chains.len() * MAX_CHAIN;
        let bystanders = BYSTANDERS.min(slot_count - chained);
        let mut lab = Lab::new((slot_count, LEAVERS - 1 + bystanders), policy);
        let (start, newcomer) = (lab.now, chains[0][MAX_CHAIN]);
        let mut leavers = vec![0; LEAVERS];
        for (at, chain) in chains.iter().enumerate() {
            let mut chain = chain[..MAX_CHAIN].iter().copied();
            restore(&mut lab, chain.next().unwrap(), Status::ASSURED);
            // Whoever comes first into a chain that has begun is its last.
            for leaver in (at..LEAVERS).step_by(chains.len()) {
                leavers[leaver] = chain.next().unwrap();
                if leaver < LEAVERS - 1 {
                    lab.classify(Class::at(0));
                    lab.send(leavers[leaver], Sender::Client, TcpFlags::SYN);
                } else {
                    restore(&mut lab, leavers[leaver], Status::NONE);
                    restore(&mut lab, chain.next().unwrap(), Status::NONE);
                }
            }
            chain.for_each(|number| restore(&mut lab, number, Status::ASSURED));
        }
        // Later, so that the wheel has come to the others when it comes to them.
        lab.wait(1);
        let mut others = TRIED..;
        while lab.ct.len() < chained + bystanders {
            lab.send(others.next().unwrap(), Sender::Client, TcpFlags::SYN);
        }
        while lab.ct.len() < slot_count {
            _ = lab.restore(&open(others.next().unwrap(), Status::ASSURED));
        }
        lab.classify(Class::at(1));
        // All are filed as near as they can be, and then some run out.
        lab.now = start.after(119);
        while !matches!(lab.expire(), Step::Idle) {}
        lab.now = start.after(121);
        lab.most = Most::default();
        Self { lab, start, newcomer, leavers }
    }
}

/// A connection, answered, that somebody else has tracked and that lives for long.
fn open(number: u32, status: Status) -> Restored {
    let mut open = Restored::new(tuple(number), 10_000);
    open.state = Some(State::Tcp(TcpState::Established));
    open.status = Status::SEEN_REPLY | status;
    open
}

fn restore<P: OnFull>(lab: &mut Lab<P>, number: u32, status: Status) {
    assert!(matches!(lab.restore(&open(number, status)), Ok(None)), "{number} goes in");
}

/// An attack on such a table.
type Attack<P> = fn(&mut Besieged<P>);

/// What the calls of some attacks cost at the most, each made on a table of its own.
fn siege<P: OnFull + Copy>(slot_count: usize, policy: P, attacks: &[Attack<P>]) -> Most {
    let mut chains = chains(slot_count);
    chains.truncate((slot_count / MAX_CHAIN).min(LEAVERS));
    let most = attacks.iter().map(|attack| {
        let mut besieged = Besieged::new(slot_count, &chains, policy);
        attack(&mut besieged);
        besieged.lab.most
    });
    most.fold(Most::default(), Most::or)
}

/// A newcomer for whom as many have to leave as can.
fn newcomer<P: OnFull>(it: &mut Besieged<P>) {
    let before = it.lab.ct.len();
    let evicted = it.lab.send(it.newcomer, Sender::Client, TcpFlags::SYN);
    assert_eq!(evicted.map(|ended| ended.why), Some(Why::DroppedEarly));
    assert_eq!(it.lab.ct.len() + LEAVERS, before + 1);
}

/// A reset before anybody has answered: it is looked for, changes its rank, and is over.
fn reset<P: OnFull>(it: &mut Besieged<P>) {
    it.lab.now = it.start.after(119);
    it.lab.send(it.leavers[1], Sender::Client, TcpFlags::RST);
}

fn all<P: OnFull>() -> [Attack<P>; 6] {
    [
        newcomer,
        reset,
        |it| _ = it.lab.restore(&open(it.newcomer, Status::ASSURED)),
        |it| _ = it.lab.expire(),
        |it| assert!(it.lab.flush(it.leavers[LEAVERS - 1])),
        |it| assert!(it.lab.drop_early(it.leavers[LEAVERS - 1])),
    ]
}

/// All that core has: where two seek in vain before the third finds somebody, it costs the most.
const POLICY: (Adaptive, EarlyDrop, Ranked) =
    (Adaptive::new(0, 100_000_000), EarlyDrop::new(1), Ranked::new(1));

#[test]
fn the_worst_that_we_know_costs_what_is_stated_and_hardly_less() {
    let most = siege(300, POLICY, &all());
    println!("REPORT reaches into the table's memory, at the most: {most:?}");
    assert_eq!(most.or(STATED), STATED);
    let (measured, stated) = (most.numbers(), STATED.numbers());
    for (measured, stated) in measured.into_iter().zip(stated) {
        assert!(10 * measured >= 9 * stated, "{stated} is stated, {measured} is the most");
    }
    assert_eq!(siege(300, Ranked::new(1), &all()).or(most), most);
}

#[test]
fn a_call_costs_the_same_in_a_large_table() {
    let attacks = [newcomer, reset];
    let small = siege(300, POLICY, &attacks);
    assert_eq!(siege(60_000, POLICY, &attacks), small);
    assert_eq!(siege(64, POLICY, &attacks).or(small), small);
}

/// What is counted here are calls that give access to all slots, nodes, links or heads.
#[test]
fn core_reads_or_writes_one_element_a_call_but_where_it_says_that_it_touches_every_slot() {
    let mut of_all = Vec::new();
    for (path, text) in sources("core/src") {
        let text = without_tests(&text);
        for kind in ["chains", "slots", "nodes", "lists"] {
            for call in [format!("memory.{kind}()"), format!("memory.{kind}_mut()")] {
                let then = text.split(&call).skip(1).map(str::trim_start);
                let of_one = [".get(", ".get_mut(", ".len()"];
                let then = then.filter(|then| !of_one.iter().any(|one| then.starts_with(one)));
                let name = path.file_name().unwrap().to_str().unwrap();
                of_all.extend(then.map(|then| format!("{name}: {call}{}", &then[..5])));
            }
        }
    }
    of_all.sort_unstable();
    let known = [
        // A new table, its connections one after another, and a table that moves.
        "table.rs: memory.chains_mut().fill",
        "table.rs: memory.lists_mut().fill",
        "table.rs: memory.nodes().iter",
        "table.rs: memory.slots().iter",
        // Two slots, of which one gets what the other holds.
        "table.rs: memory.slots_mut().spli",
    ];
    assert_eq!(of_all, known);
}
