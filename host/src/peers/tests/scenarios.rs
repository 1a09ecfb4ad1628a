//! What each peer does when full; the figures are worked out by hand from its rule.

use keeptrack_core::Instant;

use super::{ACK, Bench, FIN_ACK, SYN};
use crate::peers::{Keys, build};

#[test]
fn pf_drops_newcomers_and_shrinks_what_is_left() {
    let mut pf = Bench::new("pf", "", 10);
    for port in 1000..1010 {
        assert_eq!(pf.at(0).udp(port), "new");
    }
    // With 10 states, start at 6 and end at 12, a third is left of 30 s.
    assert_eq!((pf.at(9_900).udp(2000), pf.rule()), ("refused", "memory"));
    assert_eq!(pf.victims(), []);
    assert_eq!(pf.at(10_100).udp(2000), "new");
    let purged: Vec<_> = (1000..1010).map(|port| (port, "adaptive")).collect();
    assert_eq!((pf.victims(), pf.told.entry_count), (purged, 1));
}

#[test]
fn pf_leaves_timeouts_alone_up_to_start() {
    let mut pf = Bench::new("pf", "start=6,end=7", 10);
    for port in 1000..1006 {
        pf.at(500).udp(port);
    }
    pf.at(30_400).udp(1000);
    assert_eq!((pf.victims(), pf.told.entry_count), (vec![], 6));
    // Five have run out at 30.5 s; the purge has come by in second 30, 30.5 s after the first
    // packet.
    pf.at(30_600).tcp(2000, SYN);
    assert_eq!((pf.victims(), pf.told.entry_count), (vec![], 2));
}

#[test]
fn pf_purges_about_a_tenth_of_the_table_each_second() {
    let mut pf = Bench::new("pf", "start=100%,end=101%", 1000);
    for port in 1000..2000 {
        pf.at(0).udp(port);
    }
    // All run out at 30 s. From 64 at once the purge goes on until it has seen a tenth, and so
    // comes by 128, or by 64 when a tenth is not more; once it comes to the end of the list, and
    // begins anew with 64.
    let mut left = 1000;
    for (second, purged) in [164, 128, 128, 64, 64, 64].into_iter().enumerate() {
        pf.at(30_500 + second as u64 * 1000).tcp(3000, SYN);
        left -= purged;
        assert_eq!(pf.told.entry_count, left + 1, "in second {}", 30 + second);
    }
    assert_eq!((pf.at(60_000).udp(3000), pf.told.entry_count), ("new", 2));
    assert_eq!(pf.victims(), []);
}

#[test]
fn ovs_counts_what_has_run_out_until_its_sweep() {
    let mut ovs = Bench::new("ovs", "", 10);
    for port in 1000..1010 {
        assert_eq!(ovs.at(0).udp(port), "new");
    }
    assert_eq!((ovs.at(1_000).udp(2000), ovs.rule()), ("bypassed", "full"));
    // All have run out at 30 s. The sweep went over ten lists of one entry from 20 s on, with a
    // pause of 0.2 s after each, ended at 22 s, and comes again at 42 s.
    assert_eq!((ovs.at(41_900).udp(2000), ovs.told.entry_count), ("bypassed", 10));
    assert_eq!((ovs.at(42_100).udp(2000), ovs.told.entry_count), ("new", 10));
    assert_eq!(ovs.at(42_150).udp(2001), "bypassed");
    assert_eq!(ovs.at(42_210).udp(2001), "new");
    assert_eq!((ovs.at(44_100).udp(2002), ovs.told.entry_count), ("new", 3));
    assert_eq!(ovs.victims(), []);
}

#[test]
fn ovs_limits_each_zone() {
    let mut ovs = Bench::new("ovs", "zone=3", 10);
    for port in 1000..1003 {
        ovs.at(0).udp(port);
    }
    assert_eq!((ovs.udp(1003), ovs.rule()), ("bypassed", "zone full"));
}

#[test]
fn cilium_takes_out_several_that_were_not_looked_up() {
    // Maps of four: two nodes are fetched at once.
    let mut cilium = Bench::new("cilium", "tcp=4", 4);
    for port in 1001..1005 {
        cilium.at(0).tcp(port, SYN);
    }
    cilium.answer(1001, SYN | ACK);
    assert_eq!(cilium.tcp(1005, SYN), "new");
    let rule = "not looked up";
    assert_eq!(cilium.victims(), [(1002, rule), (1003, rule)]);
    assert_eq!((cilium.tcp(1006, SYN), cilium.victims()), ("new", vec![]));
    // The first one is in the active list now, and need not be looked up again.
    cilium.tcp(1007, SYN);
    assert_eq!(cilium.victims(), [(1004, rule), (1005, rule)]);
    // UDP has a map of its own.
    assert_eq!((cilium.udp(1), cilium.victims()), ("new", vec![]));
}

#[test]
fn cilium_takes_out_open_connections() {
    let mut cilium = Bench::new("cilium", "tcp=4", 4);
    for port in 1001..1005 {
        cilium.at(0).open(port);
    }
    // All were looked up, which put them into the active list and took their marks away; nobody is
    // in the inactive one, so that those without a mark are, the oldest first.
    cilium.tcp(1005, SYN);
    assert_eq!(cilium.victims(), [1001, 1002].map(|port| (port, "not looked up")));
}

#[test]
fn cilium_keeps_what_has_run_out_until_the_agent_comes() {
    let mut cilium = Bench::new("cilium", "tcp=4", 4);
    for port in 1001..1005 {
        cilium.at(0).tcp(port, SYN);
    }
    // They ran out after 120 s. Two of the four make room, and nobody is hurt.
    assert_eq!((cilium.at(200_000).tcp(1005, SYN), cilium.told.entry_count), ("new", 3));
    assert_eq!(cilium.victims(), []);
    // The agent comes after 300 s, and next after half of that, for it deleted half of the map.
    cilium.at(301_000).tcp(1005, ACK);
    assert_eq!(cilium.told.entry_count, 1);
    cilium.at(449_000).tcp(1006, SYN);
    assert_eq!(cilium.told.entry_count, 2);
    cilium.at(451_000).tcp(1006, SYN);
    assert_eq!(cilium.told.entry_count, 1);
}

#[test]
fn opte_takes_who_is_furthest_over() {
    let mut opte = Bench::new("opte", "", 2);
    opte.at(0).open(1001);
    opte.tcp(1002, SYN);
    assert_eq!((opte.at(2_500).tcp(1003, SYN), opte.rule()), ("refused", "flow table full"));
    assert_eq!(opte.at(2_501).tcp(1003, SYN), "new");
    assert_eq!(opte.victims(), [(1002, "incipient")]);
    // Both may go after a minute; a handshake does before an open connection.
    assert_eq!(opte.at(60_000).tcp(1004, SYN), "new");
    assert_eq!(opte.tcp(1005, SYN), "new");
    assert_eq!(opte.victims(), [(1003, "incipient"), (1001, "idle")]);
    assert_eq!(opte.tcp(1006, SYN), "refused");
}

#[test]
fn opte_never_takes_what_is_no_tcp() {
    let mut opte = Bench::new("opte", "", 1);
    opte.at(0).udp(1000);
    assert_eq!(opte.at(29_900).tcp(1001, SYN), "refused");
    assert_eq!(opte.at(30_100).tcp(1001, SYN), "new");
    assert_eq!(opte.victims(), []);
}

#[test]
fn vpp_recycles_transient_tcp_and_refuses_the_first() {
    // Of five one stays free.
    let mut vpp = Bench::new("vpp", "", 5);
    vpp.at(0).open(1001);
    for port in 1002..1005 {
        assert_eq!(vpp.at(u64::from(port)).tcp(port, SYN), "new");
    }
    assert_eq!((vpp.at(1_010).tcp(1005, SYN), vpp.rule()), ("refused", "too many sessions"));
    assert_eq!(vpp.victims(), [(1002, "oldest transient")]);
    assert_eq!((vpp.at(1_011).tcp(1005, SYN), vpp.told.entry_count), ("new", 4));
    assert_eq!(vpp.victims(), [(1003, "oldest transient")]);
    // The cleaner has come at 1.5 s: there is room.
    assert_eq!((vpp.at(1_600).tcp(1006, SYN), vpp.victims()), ("new", vec![]));
    // A FIN makes the open one transient, behind all others.
    vpp.tcp(1001, FIN_ACK);
    for port in 1007..1011 {
        vpp.now_ms += 1;
        vpp.tcp(port, SYN);
    }
    let order = [1004, 1005, 1006, 1001].map(|port| (port, "oldest transient"));
    assert_eq!(vpp.victims(), order);
}

#[test]
fn vpp_takes_neither_open_tcp_nor_udp() {
    let mut vpp = Bench::new("vpp", "threads=1", 3);
    vpp.at(0).open(1001);
    vpp.udp(1000);
    assert_eq!((vpp.at(29_000).tcp(1002, SYN), vpp.victims()), ("refused", vec![]));
}

#[test]
fn esp_nat_takes_who_is_silent_for_too_long_or_longest() {
    let mut esp = Bench::new("esp-nat", "", 3);
    esp.at(0).open(1001);
    esp.at(100).udp(1002);
    esp.at(200).udp(1003);
    // Nobody for too long: the longest silent is the open one.
    assert_eq!(esp.at(1_000).udp(1004), "new");
    assert_eq!(esp.victims(), [(1001, "longest silent")]);
    // After 2 s two datagrams' senders may go, of which the newer does.
    assert_eq!(esp.at(2_201).udp(1005), "new");
    assert_eq!(esp.victims(), [(1003, "silent for too long")]);
    assert_eq!(esp.udp_to(3, 1005), "new");
    assert_eq!(esp.victims(), [(1005, "port taken over")]);
    // One of ESP passes without an entry.
    assert_eq!((esp.pass([1, 2], 50, &[0; 8]), esp.rule()), ("bypassed", "not translated"));
}

#[test]
fn parameters_are_checked() {
    let refused = |name, typed| {
        let keys = Keys::parse(typed).unwrap();
        build(name, &keys, 100).unwrap().map(drop).unwrap_err()
    };
    assert_eq!(refused("pf", "start=60,end=50"), "`start` (60) must lie below `end` (50)");
    assert_eq!(refused("pf", "stop=1"), "`stop` is no parameter: it has start, end, interval");
    assert_eq!(refused("opte", "zone=1"), "`zone` is no parameter: it has none");
    assert_eq!(refused("ovs", "sweep=x"), "`sweep=x`: `x` is no number");
    assert!(build("npf", &Keys::default(), 100).is_none());
    assert!(Keys::parse("zone").is_err() && Keys::parse("zone=1,zone=2").is_err());
}

#[test]
fn without_entries_no_collector_stops_the_loop() {
    for (name, max) in [("pf", 10), ("ovs", 10), ("cilium", 10), ("vpp", 10)] {
        let peer = build(name, &Keys::default(), max).unwrap().unwrap();
        assert_eq!(peer.next_event(), None::<Instant>, "{name}");
    }
}

#[test]
fn a_gap_of_a_century_is_passed_over() {
    for name in ["pf", "ovs", "cilium", "opte", "vpp", "esp-nat"] {
        let mut bench = Bench::new(name, "", 100);
        for port in 1000..1070 {
            bench.at(u64::from(port)).open(port);
        }
        bench.at(2_000).tcp(2000, SYN);
        bench.at(100 * 365 * 86_400_000).udp(1);
        assert_eq!(bench.told.entry_count, 1, "{name}");
    }
}
