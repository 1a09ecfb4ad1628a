//! Parameters at their limits: each is refused by name, or works, however long nothing comes.

use super::{ACK, Bench, SYN};
use crate::options::MAX_ENTRIES;
use crate::peers::{Keys, PEERS, build};

const DAY_MS: u64 = 86_400_000;

#[test]
fn every_parameter_is_refused_by_name_or_works() {
    let huge = [usize::MAX, usize::MAX / 2, MAX_ENTRIES + 1].map(|number| number.to_string());
    let values = ["0", "1", "2", "0%", "1%", "1000%", "-1", "1e99", "NaN", ""].map(str::to_owned);
    for (peer, max) in PEERS.iter().flat_map(|peer| [1, 2, 100].map(|max| (peer, max))) {
        for (key, _) in peer.keys {
            for value in values.iter().chain(&huge) {
                let mut keys = Keys::default();
                keys.set(key, value);
                match build(peer.name, &keys, max).unwrap() {
                    Err(why) => {
                        assert!(why.contains(&format!("`{key}")), "{}:{keys}: {why}", peer.name);
                    }
                    Ok(built) => waits_for_days(&mut Bench::of(built)),
                }
            }
        }
    }
}

/// Days without a packet: before the first, after one, and after more than there is room for.
fn waits_for_days(bench: &mut Bench) {
    bench.lane.pass_time(3 * DAY_MS * 1_000_000, &mut bench.told).unwrap();
    bench.at(4 * DAY_MS).open(1);
    bench.at(7 * DAY_MS).tcp(1, ACK);
    bench.at(20 * DAY_MS).udp(2);
    for port in 3..120 {
        bench.tcp(port, SYN);
    }
    bench.at(30 * DAY_MS).udp(2);
    assert!(bench.told.entry_count <= 200);
}

#[test]
fn senseless_parameters_are_refused() {
    let cases = [
        ("pf", "interval=0", "`interval=0`: write 1 to 86400"),
        ("pf", "end=268435457", "`end=268435457`: more than 268435456 entries"),
        ("ovs", "sweep=0", "`sweep=0`: write 1 to 4294967"),
        ("cilium", "tcp=0", "`tcp=0`: that is no entry of 100; write at least one"),
        ("cilium", "cpus=0", "`cpus=0`: write 1 to 8192"),
        ("vpp", "threads=0", "`threads=0`: there is at least one"),
        (
            "vpp",
            "threads=100",
            "`threads=100`: as many entries stay free, which leaves none of 100",
        ),
        ("linux", "buckets=4294967295", "`buckets=4294967295`: write 1 to 268435456"),
        ("linux", "hz=0", "`hz=0`: write 1 to 10000"),
    ];
    for (name, typed, why) in cases {
        let keys = Keys::parse(typed).unwrap();
        assert_eq!(build(name, &keys, 100).unwrap().err().as_deref(), Some(why));
    }
}

/// The largest maps take no memory before they have nodes.
#[test]
fn maps_grow_as_they_fill() {
    let keys = Keys::parse(&format!("tcp={MAX_ENTRIES},any={MAX_ENTRIES}")).unwrap();
    let cilium = build("cilium", &keys, 100).unwrap().unwrap();
    assert_eq!(cilium.slots(), 4 * MAX_ENTRIES);
    waits_for_days(&mut Bench::of(cilium));
}

#[test]
fn the_purge_of_a_second_comes_to_an_end() {
    for (interval, count) in (1..=3).flat_map(|n| [0, 1, 2, 64, 65].map(|count| (n, count))) {
        for bounds in ["start=60%,end=120%", "start=0,end=1000%", "start=0,end=1"] {
            let mut pf = Bench::new("pf", &format!("{bounds},interval={interval}"), 66);
            for port in 1..=count {
                pf.at(0).open(port);
            }
            assert_eq!(pf.told.entry_count, usize::from(count));
            pf.at(DAY_MS / 2).udp(1000);
            pf.at(40 * DAY_MS).udp(1001);
            assert_eq!(pf.told.entry_count, 1, "{bounds}, {interval}, {count}");
        }
    }
}

#[test]
fn empty_buckets_do_not_stop_the_collector() {
    let mut linux = Bench::new("linux", "buckets=4194304", 100);
    linux.at(0).open(1);
    linux.at(DAY_MS * 4).udp(2);
    assert_eq!(linux.told.entry_count, 2);
    linux.at(DAY_MS * 400).udp(2);
    assert_eq!(linux.told.entry_count, 1);
}

#[test]
fn linux_counts_the_chain_that_is_too_long() {
    let mut linux = Bench::new("linux", "buckets=1", 200);
    let came: Vec<_> = (1..=100).map(|port| linux.at(0).udp(port)).collect();
    // Each entry has two nodes, and from 50 to 80 may be there before the last one.
    let entered = came.iter().filter(|came| **came == "new").count();
    assert!((26..=41).contains(&entered), "{entered}");
    assert_eq!(linux.rule(), "chain too long");
    let (stats, refused) = (linux.lane.ct.stats(), 100 - entered as u64);
    assert_eq!((stats.chaintoolong, stats.insert_failed, stats.drop), (refused, refused, 0));
}
