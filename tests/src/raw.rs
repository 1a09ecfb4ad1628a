//! Does the raw table decide as iptables does, and count what each rule matched and changed?

mod early;
mod full;

use std::net::IpAddr;

use keeptrack_core::raw::{
    ChainId, Family, Hook, IfPattern, MAX_WALK, Matches, Network, Policy, PolicyId, Ports, Raw,
    RawError, RawTable, RawVerdict, RuleCount, Target, Template, Test,
};
use keeptrack_core::{
    Config, Conntrack, IfName, Instant, MAX_SECONDS, Packet, Path, Protocol, Seed, Seen, State,
    TcpFlags, TcpState, Timeout, TimeoutPolicy, Zone,
};

use crate::answer::{Answer, Filter, Verdict};
use crate::frames::{CLIENT, CLIENT6, SERVER, SERVER6, ip, query, read, tcp, udp};
use crate::memory::Owned;

type Table = RawTable<64, 8>;

const PREROUTING: ChainId = ChainId::of(Hook::Prerouting);
const OUTPUT: ChainId = ChainId::of(Hook::Output);
const TRACK: RawVerdict = RawVerdict::Track(Template::NONE);
const NO_TRACK: RawVerdict = RawVerdict::NoTrack;
const DROP: RawVerdict = RawVerdict::Drop;

fn packet() -> Packet<'static> {
    read(&ip(Protocol::UDP, CLIENT, SERVER, &udp(2222, 53)))
}

fn along(path: Path) -> Packet<'static> {
    packet().seen(Seen { path, input: None, output: None })
}

/// A table of rules for every packet at PREROUTING.
fn prerouting(targets: &[Target]) -> Table {
    let mut table = Table::new();
    targets.iter().for_each(|&target| rule(&mut table, PREROUTING, target));
    table
}

fn rule<const RULES: usize, const CHAINS: usize, const POLICIES: usize>(
    table: &mut RawTable<RULES, CHAINS, POLICIES>,
    chain: ChainId,
    target: Target,
) {
    table.append(chain, Matches::default(), target).unwrap();
}

/// Matched, effective and too late, of each rule.
fn counts(table: &Table, hook: Hook) -> Vec<(u64, u64, u64)> {
    let plain = |count: RuleCount| (count.matched, count.effective, count.too_late);
    table.rules().iter().map(|rule| plain(rule.count(hook))).collect()
}

#[test]
fn each_path_meets_its_own_hooks() {
    let mut table = prerouting(&[Target::NoTrack]);
    assert_eq!(table.classify(&along(Path::Arrives)), NO_TRACK);
    assert_eq!(table.classify(&along(Path::Local)), TRACK);
    assert_eq!(counts(&table, Hook::Prerouting), [(1, 1, 0)]);
    assert_eq!(counts(&table, Hook::Output), [(0, 0, 0)]);

    let mut table = Table::new();
    rule(&mut table, OUTPUT, Target::NoTrack);
    assert_eq!(table.classify(&along(Path::Arrives)), TRACK);
    assert_eq!(table.classify(&along(Path::Local)), NO_TRACK);
    assert_eq!(counts(&table, Hook::Output), [(1, 1, 0)]);
}

#[test]
fn a_looping_packet_is_untracked_at_output_or_never() {
    let mut table = prerouting(&[Target::NoTrack]);
    assert_eq!(table.classify(&along(Path::Loops)), TRACK);
    assert_eq!(counts(&table, Hook::Prerouting), [(1, 0, 1)]);

    rule(&mut table, OUTPUT, Target::NoTrack);
    assert_eq!(table.classify(&along(Path::Loops)), NO_TRACK);
    assert_eq!(counts(&table, Hook::Output), [(0, 0, 0), (1, 1, 0)]);
    assert_eq!(counts(&table, Hook::Prerouting)[0], (2, 0, 1), "untracked before, not too late");
}

#[test]
fn a_drop_at_output_keeps_a_looping_packet_from_prerouting() {
    let mut table = prerouting(&[Target::Continue]);
    rule(&mut table, OUTPUT, Target::Drop);
    assert_eq!(table.classify(&along(Path::Loops)), DROP);
    assert_eq!(counts(&table, Hook::Prerouting)[0], (0, 0, 0));
}

#[test]
fn the_first_notrack_wins_and_ends_no_chain() {
    let mut table = prerouting(&[Target::NoTrack, Target::NoTrack, Target::Continue]);
    assert_eq!(table.classify(&packet()), NO_TRACK);
    assert_eq!(counts(&table, Hook::Prerouting), [(1, 1, 0), (1, 0, 0), (1, 0, 0)]);
    let mut table = prerouting(&[Target::NoTrack, Target::Drop]);
    assert_eq!(table.classify(&packet()), DROP);
}

fn zone(zone: u16) -> Template {
    Template { zone: Zone(zone), ..Template::NONE }
}

#[test]
fn of_all_that_say_how_to_track_the_first_wins_and_ends_no_chain() {
    // Each asked of Linux 6.18.
    let (plain, one, two) = (Target::Ct(Template::NONE), Target::Ct(zone(1)), Target::Ct(zone(2)));
    for (targets, verdict) in [
        ([one, two], RawVerdict::Track(zone(1))),
        ([plain, two], TRACK),
        ([Target::NoTrack, two], NO_TRACK),
        ([two, Target::NoTrack], RawVerdict::Track(zone(2))),
        ([plain, Target::NoTrack], TRACK),
        ([two, Target::Accept], RawVerdict::Track(zone(2))),
        ([Target::Accept, two], TRACK),
    ] {
        let mut table = prerouting(&targets);
        assert_eq!(table.classify(&packet()), verdict, "{targets:?}");
        assert_eq!(counts(&table, Hook::Prerouting)[1].1, 0, "{targets:?}");
    }
    let mut table = prerouting(&[one, Target::Drop]);
    assert_eq!(table.classify(&packet()), DROP);
    assert_eq!(counts(&table, Hook::Prerouting), [(1, 1, 0), (1, 1, 0)]);
}

#[test]
fn a_looping_packet_is_tracked_as_output_says() {
    let mut table = prerouting(&[Target::Ct(zone(1))]);
    assert_eq!(table.classify(&along(Path::Loops)), TRACK);
    assert_eq!(counts(&table, Hook::Prerouting), [(1, 0, 1)]);
    rule(&mut table, OUTPUT, Target::Ct(zone(2)));
    assert_eq!(table.classify(&along(Path::Loops)), RawVerdict::Track(zone(2)));
    assert_eq!(counts(&table, Hook::Output)[1], (1, 1, 0));
    assert_eq!(counts(&table, Hook::Prerouting)[0], (2, 0, 2), "tracked before, by whatever rule");
}

#[test]
fn what_ends_the_walk_shadows_what_follows() {
    for (target, verdict) in
        [(Target::Accept, TRACK), (Target::Drop, DROP), (Target::Return, TRACK)]
    {
        let mut table = prerouting(&[target, Target::NoTrack]);
        assert_eq!(table.classify(&packet()), verdict, "{target:?}");
        assert_eq!(counts(&table, Hook::Prerouting)[1], (0, 0, 0), "{target:?}");
    }
}

#[test]
fn the_policy_decides_at_the_end_of_a_built_in_chain() {
    for (targets, verdict) in [
        (&[][..], DROP),
        (&[Target::NoTrack], DROP),
        (&[Target::Return], DROP),
        (&[Target::Accept], TRACK),
        (&[Target::NoTrack, Target::Accept], NO_TRACK),
    ] {
        let mut table = prerouting(targets);
        table.set_policy(Hook::Prerouting, Policy::Drop);
        assert_eq!(table.classify(&packet()), verdict, "{targets:?}");
        assert_eq!(table.classify(&along(Path::Local)), TRACK, "the other hook has its own");
    }
}

/// PREROUTING enters a chain that enters another, whose only rule is `last`; behind each entry a
/// rule counts who comes back. Answers who came back: to PREROUTING, to the chain.
fn comes_back(enter: [fn(ChainId) -> Target; 2], last: Target) -> (u64, u64) {
    let mut table = Table::new();
    let [outer, inner] = [(); 2].map(|()| table.add_chain().unwrap());
    rule(&mut table, PREROUTING, enter[0](outer));
    rule(&mut table, PREROUTING, Target::Continue);
    rule(&mut table, outer, enter[1](inner));
    rule(&mut table, outer, Target::Continue);
    rule(&mut table, inner, last);
    table.check().unwrap();
    table.classify(&packet());
    let counts = counts(&table, Hook::Prerouting);
    assert_eq!(counts[4].0, 1, "the inner chain was reached");
    (counts[1].0, counts[3].0)
}

#[test]
fn a_chain_ends_where_its_last_jump_came_from() {
    for last in [Target::Continue, Target::Return, Target::NoTrack] {
        assert_eq!(comes_back([Target::Jump, Target::Jump], last), (1, 1), "{last:?}");
        assert_eq!(comes_back([Target::Jump, Target::Goto], last), (1, 0), "{last:?}");
        assert_eq!(comes_back([Target::Goto, Target::Jump], last), (0, 1), "{last:?}");
        assert_eq!(comes_back([Target::Goto, Target::Goto], last), (0, 0), "{last:?}");
    }
    for last in [Target::Accept, Target::Drop] {
        assert_eq!(comes_back([Target::Jump, Target::Jump], last), (0, 0), "{last:?}");
    }
}

#[test]
fn an_accept_in_a_base_chain_ends_that_chain_alone() {
    for last in [Target::Continue, Target::Return, Target::Accept] {
        let comes_behind_the_hook = 1;
        let comes_to_the_end = u64::from(last != Target::Accept);
        let expected = (comes_behind_the_hook, comes_to_the_end);
        assert_eq!(comes_back([Target::Base, Target::Jump], last), expected, "{last:?}");
    }
    assert_eq!(comes_back([Target::Base, Target::Goto], Target::Accept), (1, 0));
    assert_eq!(comes_back([Target::Base, Target::Jump], Target::Drop), (0, 0));

    let mut table = Table::new();
    let base = table.add_chain().unwrap();
    rule(&mut table, PREROUTING, Target::Base(base));
    rule(&mut table, PREROUTING, Target::Accept);
    rule(&mut table, PREROUTING, Target::Drop);
    rule(&mut table, base, Target::NoTrack);
    assert_eq!(table.classify(&packet()), NO_TRACK, "behind the base chain ACCEPT ends the walk");
}

#[test]
fn both_hooks_may_share_a_chain_and_count_apart() {
    let mut table = Table::new();
    let shared = table.add_chain().unwrap();
    rule(&mut table, PREROUTING, Target::Jump(shared));
    rule(&mut table, OUTPUT, Target::Jump(shared));
    rule(&mut table, shared, Target::NoTrack);
    assert_eq!(table.classify(&along(Path::Loops)), NO_TRACK);
    assert_eq!(counts(&table, Hook::Output)[2], (1, 1, 0));
    assert_eq!(counts(&table, Hook::Prerouting)[2], (1, 0, 0));
}

fn applies(matches: Matches, packet: &Packet<'_>) -> bool {
    let mut table = Table::new();
    let both = table.add_chain().unwrap();
    table.append(both, matches, Target::NoTrack).unwrap();
    for hook in Hook::ALL {
        table.append(ChainId::of(hook), Matches::default(), Target::Jump(both)).unwrap();
    }
    table.classify(packet) == NO_TRACK
}

#[test]
fn in_a_shared_chain_an_interface_is_there_at_one_hook_only() {
    let lo = IfName::new(b"lo").unwrap();
    let pattern = IfPattern { name: lo, prefix: false };
    let looping = packet().seen(Seen { path: Path::Loops, input: Some(&lo), output: Some(&lo) });
    let input = |test| Matches { input: test, ..Matches::default() };
    let output = |test| Matches { output: test, ..Matches::default() };
    for (matches, at_output, at_prerouting) in [
        (input(Test::Is(pattern.clone())), false, true),
        (input(Test::Not(pattern.clone())), true, false),
        (output(Test::Is(pattern.clone())), true, false),
        (output(Test::Not(pattern.clone())), false, true),
    ] {
        let mut table = Table::new();
        let shared = table.add_chain().unwrap();
        table.append(shared, matches.clone(), Target::NoTrack).unwrap();
        for hook in Hook::ALL {
            table.append(ChainId::of(hook), Matches::default(), Target::Jump(shared)).unwrap();
        }
        assert_eq!(table.classify(&looping) == NO_TRACK, at_output, "{matches:?}");
        let matched = |hook| table.rules()[0].count(hook).matched == 1;
        assert_eq!((matched(Hook::Output), matched(Hook::Prerouting)), (at_output, at_prerouting));
    }
}

#[test]
fn interfaces_match_by_name_or_by_its_beginning() {
    let name = |name: &str| IfName::new(name.as_bytes()).unwrap();
    let pattern = |text: &str| match text.strip_suffix('+') {
        Some(beginning) => IfPattern { name: name(beginning), prefix: true },
        None => IfPattern { name: name(text), prefix: false },
    };
    for (wanted, there, is) in [
        ("eth0", Some("eth0"), true),
        ("eth0", Some("eth01"), false),
        ("eth0", Some("eth"), false),
        ("eth+", Some("eth01"), true),
        ("eth+", Some("eth"), true),
        ("eth+", Some("lo"), false),
        ("eth0", None, false),
        ("eth+", None, false),
    ] {
        let there = there.map(name);
        let there = there.as_ref();
        let comes = packet().seen(Seen { path: Path::Arrives, input: there, output: None });
        let goes = packet().seen(Seen { path: Path::Local, input: None, output: there });
        let input = |test| Matches { input: test, ..Matches::default() };
        let output = |test| Matches { output: test, ..Matches::default() };
        assert_eq!(applies(input(Test::Is(pattern(wanted))), &comes), is, "-i {wanted} {there:?}");
        assert_eq!(applies(input(Test::Not(pattern(wanted))), &comes), !is, "! -i {wanted}");
        assert_eq!(applies(output(Test::Is(pattern(wanted))), &goes), is, "-o {wanted} {there:?}");
        assert_eq!(applies(output(Test::Not(pattern(wanted))), &goes), !is, "! -o {wanted}");
        assert!(!applies(output(Test::Is(pattern(wanted))), &comes), "the other interface");
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn masks_need_not_be_contiguous() {
    for (wanted, mask, there, is) in [
        ("192.0.2.0", "255.255.255.0", "192.0.2.77", true),
        ("192.0.2.0", "255.255.255.0", "192.0.3.77", false),
        ("192.0.2.9", "255.255.255.0", "192.0.2.77", true),
        ("10.0.0.1", "255.0.0.255", "10.200.3.1", true),
        ("10.0.0.1", "255.0.0.255", "10.200.3.2", false),
        ("0.0.0.0", "0.0.0.0", "203.0.113.1", true),
        ("2001:db8::1", "ffff:ffff::ffff", "2001:db8:7:7::1", true),
        ("2001:db8::1", "ffff:ffff::ffff", "2001:db8:7:7::2", false),
    ] {
        let network = Network { address: address(wanted), mask: address(mask) };
        let there = address(there);
        let other = if there.is_ipv4() { SERVER } else { SERVER6 };
        let from = read(&ip(Protocol(50), there, other, &[0; 8]));
        let to = read(&ip(Protocol(50), other, there, &[0; 8]));
        let source = |test| Matches { source: test, ..Matches::default() };
        let destination = |test| Matches { destination: test, ..Matches::default() };
        assert_eq!(applies(source(Test::Is(network)), &from), is, "-s {wanted}/{mask} {there}");
        assert_eq!(applies(source(Test::Not(network)), &from), !is, "! -s {wanted}/{mask}");
        assert_eq!(applies(destination(Test::Is(network)), &to), is, "-d {wanted}/{mask} {there}");
        assert_eq!(applies(destination(Test::Not(network)), &to), !is, "! -d {wanted}/{mask}");
    }
}

#[test]
fn a_rule_is_for_its_family_and_protocol() {
    let v6 = read(&ip(Protocol::UDP, CLIENT6, SERVER6, &udp(2222, 53)));
    for (family, four, six) in
        [(None, true, true), (Some(Family::V4), true, false), (Some(Family::V6), false, true)]
    {
        let matches = Matches { family, ..Matches::default() };
        assert_eq!(applies(matches.clone(), &packet()), four, "{family:?}");
        assert_eq!(applies(matches, &v6), six, "{family:?}");
    }
    let protocol = |test| Matches { protocol: test, ..Matches::default() };
    assert!(applies(protocol(Test::Is(Protocol::UDP)), &packet()));
    assert!(!applies(protocol(Test::Not(Protocol::UDP)), &packet()));
    assert!(!applies(protocol(Test::Is(Protocol::TCP)), &packet()));
    assert!(applies(protocol(Test::Not(Protocol::TCP)), &packet()));
}

#[test]
fn port_ranges_include_both_ends() {
    let ports: Ports = [(53, 53), (1000, 2000)].into_iter().collect();
    for (port, is) in [
        (0, false),
        (52, false),
        (53, true),
        (54, false),
        (1000, true),
        (2000, true),
        (2001, false),
    ] {
        let from = read(&ip(Protocol::UDP, CLIENT, SERVER, &udp(port, 9)));
        let to = read(&ip(Protocol::UDP, CLIENT, SERVER, &udp(9, port)));
        let source = |test| Matches { source_ports: test, ..Matches::default() };
        let destination = |test| Matches { destination_ports: test, ..Matches::default() };
        let either = |test| Matches { either_ports: test, ..Matches::default() };
        assert_eq!(applies(source(Test::Is(ports.clone())), &from), is, "--sport, {port}");
        assert!(!applies(source(Test::Is(ports.clone())), &to), "--sport is not --dport");
        assert_eq!(applies(source(Test::Not(ports.clone())), &from), !is, "! --sport, {port}");
        assert_eq!(applies(destination(Test::Is(ports.clone())), &to), is, "--dport, {port}");
        assert_eq!(applies(either(Test::Is(ports.clone())), &to), is, "--ports, {port}");
        assert_eq!(applies(either(Test::Is(ports.clone())), &from), is, "--ports, {port}");
        assert_eq!(applies(either(Test::Not(ports.clone())), &from), !is, "! --ports, {port}");
    }
    let ping = read(&ip(Protocol::ICMP, CLIENT, SERVER, &query(8, 0, 53)));
    let not = Matches { destination_ports: Test::Not(ports), ..Matches::default() };
    assert!(!applies(not, &ping), "without ports even the negation fails");
}

#[test]
fn chains_that_jump_in_a_circle_are_refused() {
    // Each jumps to the next, the last one twice to itself: lengths double from round to round.
    let mut table = RawTable::<64, 40>::new();
    let chains: Vec<ChainId> = (2..40).map(|_| table.add_chain().unwrap()).collect();
    for pair in chains.windows(2) {
        table.append(pair[1], Matches::default(), Target::Jump(pair[0])).unwrap();
    }
    assert_eq!(table.check(), Ok(()));
    for _ in 0..2 {
        table.append(chains[0], Matches::default(), Target::Jump(chains[0])).unwrap();
    }
    assert_eq!(table.check(), Err(RawError::Loop));

    let mut table = Table::new();
    let chain = table.add_chain().unwrap();
    rule(&mut table, chain, Target::Goto(PREROUTING));
    rule(&mut table, PREROUTING, Target::Jump(chain));
    assert_eq!(table.check(), Err(RawError::Loop));
}

#[test]
fn a_walk_of_more_rules_than_max_walk_is_refused() {
    // Each chain jumps twice to the next: 2 + 2 * (what is behind) rules from each.
    let mut table = RawTable::<64, 32>::new();
    let mut longest = 0;
    let mut into = table.add_chain().unwrap();
    while longest <= MAX_WALK {
        assert_eq!(table.check(), Ok(()), "{longest}");
        let chain = table.add_chain().unwrap();
        table.append(chain, Matches::default(), Target::Jump(into)).unwrap();
        table.append(chain, Matches::default(), Target::Jump(into)).unwrap();
        (longest, into) = (2 + 2 * longest, chain);
    }
    assert_eq!(table.check(), Err(RawError::TooLong));
}

#[test]
fn a_full_table_says_what_is_full() {
    let mut table = RawTable::<1, 3>::new();
    let chain = table.add_chain().unwrap();
    assert_eq!(table.add_chain(), Err(RawError::TooManyChains));
    table.append(chain, Matches::default(), Target::Continue).unwrap();
    let more = table.append(chain, Matches::default(), Target::Continue);
    assert_eq!(more, Err(RawError::TooManyRules));
    assert_eq!(table.add_timeouts(TimeoutPolicy::LINUX), Err(RawError::TooManyTimeouts));
}

#[test]
fn a_template_names_a_policy_of_its_own_table() {
    let mut table = RawTable::<2, 2, 1>::new();
    let by = |timeouts| Target::Ct(Template { timeouts, ..Template::NONE });
    let refused = table.append(PREROUTING, Matches::default(), by(PolicyId::at(0)));
    assert_eq!(refused, Err(RawError::UnknownTimeouts));
    let long = TimeoutPolicy::LINUX.with(Timeout::Udp, MAX_SECONDS + 1);
    assert_eq!(table.add_timeouts(long), Err(RawError::TimeoutTooLong(Timeout::Udp)));
    let id = table.add_timeouts(TimeoutPolicy::LINUX).unwrap();
    assert_eq!(Some(id), PolicyId::at(0));
    rule(&mut table, PREROUTING, by(Some(id)));
    assert_eq!(table.add_timeouts(TimeoutPolicy::LINUX), Err(RawError::TooManyTimeouts));
}

/// A tracker that leaves untracked what the client sends, and tracks what the server does.
fn one_sided() -> impl FnMut(&Packet<'static>) -> Answer {
    let mut table = Table::new();
    let mask = address("255.255.255.255");
    let source = Test::Is(Network { address: CLIENT, mask });
    table.append(PREROUTING, Matches { source, ..Matches::default() }, Target::NoTrack).unwrap();
    let ct = Conntrack::new(Owned::<u16>::new(4), Config::DEFAULT, Seed([3; 16])).unwrap();
    let mut ct = ct.with_rules(table);
    move |packet| Answer::of(ct.track(Instant::from_millis(1), packet), Filter::Accepts)
}

#[test]
fn notrack_of_one_side_makes_udp_answers_new_for_ever() {
    let mut hear = one_sided();
    let answer = read(&ip(Protocol::UDP, SERVER, CLIENT, &udp(53, 2222)));
    for _ in 0..3 {
        assert_eq!(hear(&packet()), Verdict::Untracked.into());
        let heard = hear(&answer);
        assert_eq!((heard.verdict, heard.timeout), (Verdict::New, Some(30)));
        assert_eq!(heard.conn.unwrap().original, answer.tuple);
    }
}

#[test]
fn notrack_of_one_side_makes_a_syn_ack_invalid_and_picks_data_up() {
    let mut hear = one_sided();
    let client =
        |flags, numbers| read(&ip(Protocol::TCP, CLIENT, SERVER, &tcp((9, 80), flags, numbers)));
    let server =
        |flags, numbers| read(&ip(Protocol::TCP, SERVER, CLIENT, &tcp((80, 9), flags, numbers)));
    assert_eq!(hear(&client(TcpFlags::SYN, (1, 0))).verdict, Verdict::Untracked);
    let syn_ack = hear(&server(TcpFlags::SYN | TcpFlags::ACK, (5, 2)));
    assert!(matches!(syn_ack.verdict, Verdict::Invalid(_)));
    assert_eq!(hear(&client(TcpFlags::ACK, (2, 6))).verdict, Verdict::Untracked);
    for _ in 0..3 {
        let picked_up = hear(&server(TcpFlags::ACK, (6, 2)));
        assert_eq!((picked_up.verdict, picked_up.timeout), (Verdict::New, Some(300)));
        assert_eq!(picked_up.conn.unwrap().state, Some(State::Tcp(TcpState::Established)));
    }
}
