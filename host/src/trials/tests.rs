//! A trial is a replay: whatever is tried beside it, wherever batches end, and if it is forked.

use std::path::{Path, PathBuf};

use clap::Parser;
use keeptrack_core::{Conn, Direction, Instant, Packet, Why};

use super::batch::Limits;
use super::{Outcome, Setting, TrialId, Trials, Watch};
use crate::capture::Stop;
use crate::error::Error;
use crate::options::{self, Command, Options};
use crate::path::Sighting;
use crate::progress::Progress;
use crate::report::Tally;
use crate::session::Session;
use crate::source::Source;
use crate::verdict::{Left, Report, Verdict};

/// What is tried, in the words of `replay`.
const TRIED: [&[&str]; 14] = [
    &[],
    &["-c", "nf_conntrack_udp_timeout=2"],
    &["-c", "nf_conntrack_tcp_timeout_time_wait=5", "-c", "nf_conntrack_icmp_timeout=1"],
    &["-m", "300", "--on-full", "ranked"],
    &["-m", "300", "--on-full", "refuse"],
    &["-m", "300", "--on-full", "ranked:source=none,seed=3"],
    &["-m", "300", "--on-full", "early-drop"],
    &["-m", "300", "--on-full", "adaptive:with=ranked"],
    &["-m", "300", "--on-full", "linux:buckets=128"],
    &["-m", "900", "--on-full", "linux:buckets=4096,seed=1"],
    &["-m", "300", "--on-full", "linux", "-c", "nf_conntrack_udp_timeout=5"],
    &["-m", "300", "--on-full", "pf"],
    &["-m", "300", "--on-full", "ovs"],
    &["-m", "300", "--on-full", "cilium"],
];

/// What a replay comes to, as far as a trial tells it.
#[derive(Debug, PartialEq)]
struct Figures([u64; 9]);

/// Nobody watches.
struct Nobody;

impl Watch for Nobody {
    fn packet(&mut self, _: Option<&Packet<'_>>, _: Option<&Sighting>, _: &Verdict) {}

    fn ended(&mut self, _: &Left<'_>) {}
}

/// Forks trials in the batch that has the first packet of loopback.
struct ForksAtLoopback {
    of: Vec<TrialId>,
    has_seen: bool,
    forks: Vec<TrialId>,
}

impl Watch for ForksAtLoopback {
    fn packet(&mut self, packet: Option<&Packet<'_>>, _: Option<&Sighting>, _: &Verdict) {
        self.has_seen |= packet.is_some_and(|packet| packet.tuple.source.is_loopback());
    }

    fn ended(&mut self, _: &Left<'_>) {}

    fn batch(&mut self, trials: &mut Trials) -> Result<(), Error> {
        if self.has_seen && self.forks.is_empty() {
            let rules = trials.compile(loopback())?;
            let fork = |&of: &TrialId| trials.fork(of, rules.clone(), &is_loopback);
            self.forks = self.of.iter().map(fork).collect::<Result<_, _>>()?;
        }
        Ok(())
    }
}

#[test]
fn each_trial_comes_to_what_a_replay_of_its_own_does() {
    for name in ["mail-relay.pcapng", "scans.pcap", "fragments-v4.pcap", "tcp-reopen.pcap"] {
        let inputs = [captured(name)];
        let mut trials = opened(&inputs, &[]);
        let ids = TRIED.map(|words| trials.add(setting(&inputs, words)).unwrap());
        trials.run(&mut Nobody, &Progress::new(None)).unwrap();
        for (id, words) in ids.into_iter().zip(TRIED) {
            let of_trial = Figures::of_trial(trials.outcome(id));
            assert_eq!(of_trial, Figures::of_replay(&inputs, words), "{name} {words:?}");
        }
    }
}

#[test]
fn where_batches_end_decides_nothing() {
    let inputs = [captured("mail-relay.pcapng")];
    let told = |packets: usize, bytes: usize| {
        let mut trials = opened(&inputs, &["-m", "600"]);
        trials.limits = Limits { packets, bytes };
        let ids = TRIED.map(|words| trials.add(setting(&inputs, words)).unwrap());
        trials.run(&mut Nobody, &Progress::new(None)).unwrap();
        let outcomes = ids.map(|id| trials.outcome(id).clone());
        (outcomes, trials.scout().clone())
    };
    let usual = told(32_768, 16 << 20);
    assert!(usual.0.iter().any(|outcome| outcome.harmed > 0));
    for (packets, bytes) in [(7, usize::MAX), (usize::MAX, 10_000)] {
        assert_eq!(told(packets, bytes), usual, "{packets} packets, {bytes} bytes");
    }
}

#[test]
fn a_fork_is_a_trial_with_those_rules_from_the_start() {
    let inputs = [captured("mail-relay.pcapng")];
    for words in [&["-m", "300", "--on-full", "linux"][..], &["-m", "300"], &[]] {
        for packets in [1, 50, 5000] {
            let mut trials = opened(&inputs, words);
            trials.limits = Limits { packets, bytes: usize::MAX };
            let now = trials.setting().clone();
            let rules = trials.compile(loopback()).unwrap();
            let without = trials.add(Setting { rules, ..now.clone() }).unwrap();
            let of = trials.add(now).unwrap();
            let mut watch = ForksAtLoopback { of: vec![of], has_seen: false, forks: Vec::new() };
            trials.run(&mut watch, &Progress::new(None)).unwrap();
            let fork = trials.outcome(watch.forks[0]);
            assert!(fork.untracked > 0);
            assert_eq!(fork, trials.outcome(without), "{words:?} {packets}");
        }
    }
}

#[test]
fn trials_that_share_a_table_come_to_what_they_do_alone() {
    let inputs = [captured("mail-relay.pcapng")];
    let policies =
        ["linux:buckets=128", "ranked", "ranked:source=20%,v4=24", "ranked:source=90", "refuse"];
    for policy in policies {
        let of_size = |max: &'static str| setting(&inputs, &["-m", max, "--on-full", policy]);
        let growing = Setting { max: None, ..of_size("300") };
        let limited = ["200", "300", "1100", "1200", "9000"].map(of_size);
        let settings: Vec<Setting> = limited.into_iter().chain([growing]).collect();
        for packets in [50, 5000] {
            let together = with_forks(&inputs, packets, &settings);
            for (at, setting) in settings.iter().enumerate() {
                let alone = with_forks(&inputs, packets, std::slice::from_ref(setting));
                let shared = [&together[at], &together[settings.len() + at]];
                assert_eq!(shared, [&alone[0], &alone[1]], "{policy} {:?} {packets}", setting.max);
            }
            assert!(together[0].dropped + together[0].early_drops > 0, "{policy}");
            assert!(together[4].first_full.is_none(), "{policy}");
        }
    }
}

/// What trials come to that pass so many packets at a time, and then their forks at the first
/// packet of loopback.
fn with_forks(inputs: &[PathBuf], packets: usize, settings: &[Setting]) -> Vec<Outcome> {
    let mut trials = opened(inputs, &[]);
    trials.limits = Limits { packets, bytes: usize::MAX };
    let ids: Vec<TrialId> =
        settings.iter().map(|setting| trials.add(setting.clone()).unwrap()).collect();
    let mut watch = ForksAtLoopback { of: ids.clone(), has_seen: false, forks: Vec::new() };
    trials.run(&mut watch, &Progress::new(None)).unwrap();
    ids.into_iter().chain(watch.forks).map(|id| trials.outcome(id).clone()).collect()
}

#[test]
fn who_is_silent_for_longer_than_a_timeout_is_harmed_once() {
    let inputs = [captured("mail-relay.pcapng")];
    let mut trials = opened(&inputs, &[]);
    let same = trials.add(trials.setting().clone()).unwrap();
    let short = &["-c", "nf_conntrack_tcp_timeout_established=1"];
    let short = trials.add(setting(&inputs, short)).unwrap();
    trials.run(&mut Nobody, &Progress::new(None)).unwrap();
    let (same, short) = (trials.outcome(same), trials.outcome(short));
    assert_eq!((same.harmed, same.related_lost, same.peak), (0, 0, trials.scout().peak));
    assert!((1..trials.scout().made).contains(&short.harmed), "{short:?}");
    assert!(short.harmed_first.iter().all(|harmed| harmed.silent_ms >= 1000), "{short:?}");
}

impl Figures {
    fn of_trial(outcome: &Outcome) -> Self {
        Self([
            outcome.peak as u64,
            millis(outcome.peak_time),
            outcome.dropped,
            outcome.bypassed,
            outcome.early_drops,
            outcome.made,
            outcome.entries_end as u64,
            millis(outcome.first_full),
            outcome.full_ms,
        ])
    }

    fn of_replay(inputs: &[PathBuf], words: &[&str]) -> Self {
        let replay = typed(inputs, words);
        let (world, stop) = (&replay.world, Stop::default());
        let mut session = Session::open(world, world.on_full.as_slice(), inputs, &stop).unwrap();
        let mut tally = Tally::new(session.max);
        session.run(&mut [&mut tally as &mut dyn Report], &Progress::new(None)).unwrap();
        Self([
            tally.peak_entries as u64,
            millis(tally.peak_time),
            tally.drop_count,
            tally.bypass_count,
            [Why::DroppedEarly, Why::Shrunk]
                .iter()
                .filter_map(|why| tally.ended.get(why.name()))
                .sum(),
            tally.made_count,
            tally.entries_end as u64,
            millis(tally.first_full),
            tally.full_ms,
        ])
    }
}

fn millis(time: Option<Instant>) -> u64 {
    time.map_or(0, Instant::as_millis)
}

fn captured(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/captures").join(name)
}

fn typed(inputs: &[PathBuf], words: &[&str]) -> options::Replay {
    let files = inputs.iter().map(|file| file.to_str().unwrap());
    let all = ["keeptrack", "replay"].into_iter().chain(files).chain(words.iter().copied());
    match Options::parse_from(all).command {
        Command::Replay(replay) => *replay,
        _ => unreachable!("it is `replay`"),
    }
}

fn opened(inputs: &[PathBuf], words: &[&str]) -> Trials {
    Trials::open(&typed(inputs, words).world, inputs, &Stop::default()).unwrap()
}

fn setting(inputs: &[PathBuf], words: &[&str]) -> Setting {
    opened(inputs, words).setting().clone()
}

fn loopback() -> Source {
    let line = "-t raw -A OUTPUT -o lo -j NOTRACK";
    Source::new("advice".to_owned(), format!("iptables {line}\nip6tables {line}\n"))
}

fn is_loopback(conn: &Conn) -> bool {
    let tuple = conn.tuple(Direction::Original);
    tuple.source.is_loopback() && tuple.destination.is_loopback()
}
