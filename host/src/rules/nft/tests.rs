//! Rulesets against the rules that they become and the packets that those decide.

use std::net::Ipv4Addr;

use keeptrack_core::raw::{Raw, RawVerdict};
use keeptrack_core::{IfName, LinkType, Packet, Path, Seen};

use super::super::policies::Policies;
use super::super::{Error, Known, RuleSet, Texts};
use crate::source::Source;

fn loaded(text: &str) -> Result<RuleSet, Error> {
    let file = Source::new("r".to_owned(), text.to_owned());
    let read = Texts::of([Ok(file)].into_iter(), Policies::default(), Known::default());
    read.map(|(_, rules)| rules)
}

/// A ruleset of one chain at PREROUTING.
fn prerouting(rules: &str) -> String {
    format!(
        "table inet raw {{\nchain prerouting {{\n\
        type filter hook prerouting priority raw; policy accept;\n{rules}\n}}\n}}\n"
    )
}

/// A datagram between two ports, with the protocol's number in place of UDP's.
fn datagram(protocol: u8, ends: [(Ipv4Addr, u16); 2]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0];
    bytes.extend(ends.iter().flat_map(|(address, _)| address.octets()));
    bytes.extend(ends.iter().flat_map(|(_, port)| port.to_be_bytes()));
    bytes.extend([0, 20, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// What becomes of a packet `udp 10.0.0.1:7 192.0.2.9:53 eth0`.
fn verdict(set: &mut RuleSet, packet: &str) -> RawVerdict {
    let words: Vec<&str> = packet.split(' ').collect();
    let [protocol, from, to, input] = words.as_slice() else { panic!("{packet}") };
    let end = |end: &str| {
        let (address, port) = end.split_once(':').unwrap();
        (address.parse().unwrap(), port.parse().unwrap())
    };
    let protocol = if *protocol == "tcp" { 6 } else { 17 };
    let bytes = datagram(protocol, [end(from), end(to)]);
    let input = IfName::new(input.as_bytes()).unwrap();
    let seen = Seen { path: Path::Arrives, input: Some(&input), output: None };
    set.classify(&Packet::parse(LinkType::Raw, &bytes).unwrap().seen(seen))
}

/// What becomes of each packet: `-` untracked, `x` dropped, `+` tracked.
fn verdicts(text: &str, packets: &[&str]) -> String {
    let mut set = loaded(text).unwrap_or_else(|error| panic!("{error}"));
    let shown = packets.iter().map(|packet| match verdict(&mut set, packet) {
        RawVerdict::NoTrack => '-',
        RawVerdict::Drop => 'x',
        RawVerdict::Track(_) => '+',
    });
    shown.collect()
}

const DNS: &str = "udp 10.0.0.1:7 192.0.2.9:53 eth0";
const DNS_BRIDGED: &str = "udp 10.0.0.1:7 192.0.2.9:53 br-lan";
const NTP: &str = "udp 10.0.0.1:123 192.0.2.9:123 eth0";
const MEDIA: &str = "udp 10.28.0.1:5000 192.0.2.9:30005 eth1";
const WEB: &str = "tcp 10.0.0.1:7000 192.0.2.9:443 lo";
const LOCAL_DNS: &str = "tcp 10.0.0.1:7000 169.254.20.10:53 eth0";
const PACKETS: [&str; 6] = [DNS, DNS_BRIDGED, NTP, MEDIA, WEB, LOCAL_DNS];

#[test]
fn each_match_takes_its_packets() {
    let cases = [
        ("notrack comment \"disable conntrack\"", "------"),
        ("iifname \"lo\" notrack", "++++-+"),
        ("iif lo notrack", "++++-+"),
        ("iifname != \"lo\" counter packets 1 bytes 60 notrack", "----+-"),
        ("iifname { \"br-*\", \"eth1\" } notrack", "+-+-++"),
        ("ip saddr 127.0.0.0/8 notrack", "++++++"),
        ("ip saddr != 10.28.0.0/15 udp dport 53 notrack", "--++++"),
        ("ip saddr 10.0.0.0-10.27.255.255 notrack", "---+--"),
        ("tcp dport { 80, 443 } notrack", "++++-+"),
        ("tcp dport != { 80, 443 } notrack", "+++++-"),
        ("udp dport 30000-40000 notrack", "+++-++"),
        ("ip daddr 169.254.20.10 tcp dport 53 notrack", "+++++-"),
        ("meta l4proto { tcp, udp } th dport domain notrack", "--+++-"),
        ("ip protocol != udp notrack", "++++--"),
        ("ip6 saddr fd00::/8 notrack", "++++++"),
        ("meta nfproto ipv6 notrack", "++++++"),
        ("ip daddr . udp dport { 192.0.2.9 . 53, 192.0.2.9 . 123 } notrack", "---+++"),
        ("ip daddr . udp dport != { 192.0.2.9 . 53, 192.0.2.9 . 123 } notrack", "+++-++"),
        ("ip saddr 10.0.0.0/8 ip saddr != { 10.28.0.0/15, 10.30.0.1 } notrack", "---+--"),
        ("iifname vmap { \"eth0\" : drop, \"lo\" : continue }\nnotrack", "x-x--x"),
        ("udp dport 53 notrack drop", "xx++++"),
        ("udp dport 53 accept\nnotrack", "++----"),
        ("udp dport 53 return\nnotrack", "++----"),
        ("tcp flags syn / fin,syn,rst,ack notrack", "++++--"),
        ("tcp flags & (fin | syn | rst | ack) == syn tcp dport { 80, 443 } notrack", "++++-+"),
        ("tcp flags & (syn | ack) != syn notrack", "++++++"),
        ("tcp flags ack,syn notrack", "++++--"),
        ("tcp flags == ack notrack", "++++++"),
        ("icmp type echo-request notrack", "++++++"),
        ("icmpv6 type { nd-router-advert, nd-neighbor-solicit } notrack", "++++++"),
        ("meta mark & 0x00000f00 == 0x00000200 notrack", "++++++"),
        ("meta mark 0 notrack", "------"),
        ("meta pkttype multicast notrack", "++++++"),
        ("meta length 0-39 notrack", "++++++"),
        ("meta length 40 notrack", "------"),
        ("udp dport 53 ct zone set 5 notrack\n", "++++++"),
        (
            "ct state untracked drop\nct state invalid udp dport 53 notrack\nct state untracked drop",
            "xx++++",
        ),
        ("udp dport < 123 notrack", "--++++"),
        ("udp dport <= 123 notrack", "---+++"),
        ("udp sport > 123 notrack", "+++-++"),
        ("udp sport >= 123 notrack", "++--++"),
        ("ip saddr > 10.0.0.1 notrack", "+++-++"),
        ("meta length < 40 notrack", "++++++"),
        ("udp dport 53 meta mark set 0x300\nmeta mark & 0xf00 == 0x300 notrack", "--++++"),
        (
            "udp dport 53 meta mark set 0x5\nmeta mark set meta mark & 0x4 | 0x2\nmark 6 notrack",
            "--++++",
        ),
        ("meta mark set udp dport map { 53 : 7, 123 : 8 }\nmark 7 notrack", "--++++"),
        ("udp dport 53 meta mark set 9\nmark > 8 notrack", "--++++"),
        ("ip saddr { 10.0.0.0/30, 1.1.1.1, 1.1.1.2, 1.1.1.3, 2.0.0.0-3.0.0.0 } notrack", "---+--"),
        (
            "ip saddr != { 10.0.0.0/30, 1.1.1.1, 1.1.1.2, 1.1.1.3, 2.0.0.0-3.0.0.0 } notrack",
            "+++-++",
        ),
        (
            "ip daddr . udp dport != { 192.0.2.9 . 50-60, 1.1.1.1 . 1, 1.1.1.1 . 2, 1.1.1.1 . 3, \
            1.1.1.1 . 4 } notrack",
            "++--++",
        ),
    ];
    for (rules, expected) in cases {
        assert_eq!(verdicts(&prerouting(rules), &PACKETS), expected, "{rules}");
    }
}

#[test]
fn numbers_are_those_of_c_and_protocol_0_is_one() {
    let cases = [
        ("ip protocol 0 notrack", "++++++"),
        ("ip protocol != hopopt notrack", "------"),
        ("meta l4proto { ip, 0x11, 021 } notrack", "----++"),
        ("meta mark set 8\nmeta mark 010 meta length 0-077777 notrack", "------"),
    ];
    for (rules, expected) in cases {
        assert_eq!(verdicts(&prerouting(rules), &PACKETS), expected, "{rules}");
    }
}

#[test]
fn an_accept_ends_its_base_chain_alone() {
    let text = "table ip b {\n chain late { type filter hook prerouting priority -250; policy drop;
        udp dport 53 counter accept\n ip daddr 169.254.20.10 goto local\n iifname lo return\n }
        chain local { tcp dport 53 accept\n }\n}
        table inet a {\n chain first { type filter hook prerouting priority raw - 5;
        jump inner\n udp dport 123 drop\n }
        chain inner {\n udp dport 53 notrack accept\n udp dport { 123 } accept\n }\n}\n";
    let mut set = loaded(text).unwrap();
    let shown: Vec<RawVerdict> = PACKETS.iter().map(|packet| verdict(&mut set, packet)).collect();
    let expected = "--xxx+";
    assert_eq!(verdicts(text, &PACKETS), expected, "{shown:?}");
}

#[test]
fn a_chain_beside_iptables_ends_alone_too() {
    let saved = "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -j ACCEPT\nCOMMIT\n";
    let listed = prerouting("notrack");
    let files = [("r.v4", saved), ("r.nft", listed.as_str())];
    let files = files.map(|(name, text)| Ok(Source::new(name.to_owned(), text.to_owned())));
    let (_, mut set) = Texts::of(files.into_iter(), Policies::default(), Known::default()).unwrap();
    assert_eq!(verdict(&mut set, DNS), RawVerdict::NoTrack);
}

#[test]
fn what_comes_behind_tracking_is_only_noted() {
    let text = "table inet filter {\n chain mine { ct state new notrack\n }
        chain input { type filter hook input priority -5; policy drop;
        iifname \"lo\" notrack accept\n reject with icmp type host-prohibited\n jump mine\n }
        chain late { type filter hook prerouting priority conntrack;
        udp dport 53 notrack\n }\n}\n";
    let set = loaded(text).unwrap();
    assert!(set.sources.is_empty());
    let late: Vec<String> = set
        .late
        .iter()
        .map(|late| format!("{} {} {}", late.source.text, late.hook, late.priority))
        .collect();
    let expected = [
        "iifname \"lo\" notrack accept input -5",
        "ct state new notrack input -5",
        "udp dport 53 notrack prerouting -200",
    ];
    assert_eq!(late, expected);
}

#[test]
fn commands_make_the_same_rules() {
    let text = "nft add table ip raw\n\
        nft 'add chain ip raw prerouting { type filter hook prerouting priority -300; }'\n\
        sudo nft add rule ip raw prerouting tcp dport { 80, 443 } notrack\n\
        nft insert rule ip raw prerouting iifname lo accept\n\
        nft add set ip raw known \\{ type ipv4_addr\\; elements = \\{ 10.28.0.1 \\}\\; \\}\n\
        nft add rule ip raw prerouting ip saddr @known notrack\n";
    assert_eq!(verdicts(text, &PACKETS), "+++-++");
}

#[test]
fn faults_name_the_word_and_what_to_do() {
    let cases = [
        ("udp dprot 53 notrack", "unknown field `udp dprot`", "did you mean `dport`?"),
        ("iifname lo notrak", "unknown statement `notrak`", "did you mean `notrack`?"),
        ("udp dport 53 xt target CT", "a rule lost its parameters in this listing", "r:4:14"),
        (
            "notrack\nxt match physdev notrack\nxt match x xt target CT",
            "2 rules lost their parameters in this listing",
            "pass `iptables-save -t raw` instead",
        ),
        ("fib daddr oif notrack", "this question to the routing table", "`fib daddr type`"),
        ("fib daddr type local notrack", "addresses of the host are not known", "--local"),
        ("ct state new accept", "`ct state new before tracking` is not supported", "`untracked`"),
        ("limit rate 5/second notrack", "`limit` is not supported", "not decided here yet"),
        ("tcp flags sny / fin,syn notrack", "`sny` are not bits", "did you mean `syn`?"),
        ("ip saddr @trusted notrack", "the table has no set `trusted`", "r:4:10"),
        ("jump prerouting", "the chains jump in a circle", "this jump closes it"),
        ("jump lost", "the table has no chain `lost`", "r:4:6"),
        ("udp dport 70000 notrack", "port 70000 is out of range", "0-65535"),
        ("ip saddr ten notrack", "`ten` is not an address", "r:4:10"),
        ("udp dport { 53 notrack", "a bracket is not closed", "nft list ruleset"),
        ("udp dport $PORT notrack", "unknown service `$PORT`", "r:4:11"),
        ("queue num 0", "`queue` is not supported by this version", "r:4:1"),
    ];
    for (rules, title, other) in cases {
        let error = loaded(&prerouting(rules)).map(|_| rules).unwrap_err().to_string();
        assert!(error.contains(title) && error.contains(other), "{rules}: {error}");
    }
    let many = prerouting(&"bad\n".repeat(1000));
    assert_eq!(loaded(&many).unwrap_err().diagnostics().len(), 21);
}

#[test]
fn json_becomes_the_text_that_nft_lists() {
    let json = r#"{"nftables": [{"metainfo": {"json_schema_version": 1}},
        {"table": {"family": "inet", "name": "raw", "handle": 1}},
        {"set": {"family": "inet", "name": "s", "table": "raw", "type": ["ipv4_addr",
            "inet_service"], "elem": [{"concat": ["192.0.2.1", 53]}]}},
        {"chain": {"family": "inet", "table": "raw", "name": "c", "type": "filter",
            "hook": "prerouting", "prio": -300, "policy": "accept"}},
        {"rule": {"family": "inet", "table": "raw", "chain": "c", "comment": "a \"b\"", "expr": [
            {"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}},
                "right": {"prefix": {"addr": "10.28.0.0", "len": 15}}}},
            {"match": {"op": "==", "left": {"meta": {"key": "iifname"}},
                "right": {"set": ["br-*", "lan0"]}}},
            {"counter": {"packets": 0, "bytes": 0}}, {"notrack": null}]}},
        {"rule": {"family": "inet", "table": "raw", "chain": "c", "expr": [
            {"vmap": {"key": {"meta": {"key": "iif"}},
                "data": {"set": [["eth1", {"drop": null}], ["lo", {"jump": {"target": "d"}}]]}}},
            {"xt": {"type": "target", "name": "CT"}}]}}]}"#;
    let expected = "table inet raw {\n\tset s {\n\t\telements = { 192.0.2.1 . 53 }\n\t}\n\
        \tchain c {\n\t\ttype filter hook prerouting priority -300; policy accept;\n\
        \t\tip saddr != 10.28.0.0/15 iifname { \"br-*\", lan0 } counter notrack \
        comment \"a 'b'\"\n\t\tiif vmap { eth1 : drop, lo : jump d } xt target CT\n\t}\n}\n";
    let file = Source::new("r".to_owned(), json.to_owned());
    assert_eq!(super::json::listed(&file).unwrap().text(), expected);
    let error = loaded(json).unwrap_err().to_string();
    let lost = "error: a rule lost its parameters in this JSON\n --> r nftables[5].rule.expr[1]:1:1\n  |\n\
        1 | {\"xt\":{\"name\":\"CT\",\"type\":\"target\"}}\n";
    assert!(error.starts_with(lost), "{error}");
    assert!(error.ends_with("iptables-nft; pass `iptables-save -t raw` instead"), "{error}");
}

#[test]
fn translations_in_json_keep_where_they_lead() {
    let json = |statement: &str| {
        format!(
            r#"{{"nftables": [{{"table": {{"family": "ip", "name": "t"}}}},
            {{"chain": {{"family": "ip", "table": "t", "name": "c"}}}},
            {{"rule": {{"family": "ip", "table": "t", "chain": "c", "expr": [{statement}]}}}}]}}"#
        )
    };
    // What nft prints for the rule that it lists so.
    for (statement, expected) in [
        (r#"{"dnat": {"addr": "10.0.0.2", "port": 5353}}"#, "dnat to 10.0.0.2:5353"),
        (r#"{"dnat": {"family": "ip", "addr": "10.0.0.4"}}"#, "dnat ip to 10.0.0.4"),
        (
            r#"{"dnat": {"family": "ip6", "addr": "fd00::2", "port": 80}}"#,
            "dnat ip6 to [fd00::2]:80",
        ),
        (
            r#"{"dnat": {"addr": {"range": ["10.0.0.2", "10.0.0.9"]}, "port": {"range": [80, 90]}}}"#,
            "dnat to 10.0.0.2-10.0.0.9:80-90",
        ),
        (r#"{"redirect": {"port": 5353}}"#, "redirect to :5353"),
        (r#"{"redirect": null}"#, "redirect"),
        (r#"{"masquerade": null}"#, "masquerade"),
        (r#"{"snat": {"addr": "192.0.2.1"}}"#, "snat to 192.0.2.1"),
    ] {
        let file = Source::new("r".to_owned(), json(statement));
        let listed = super::json::listed(&file).unwrap();
        assert!(listed.text().contains(&format!("\t\t{expected}\n")), "{}", listed.text());
    }
}

#[test]
fn faults_of_json_have_their_place_in_it() {
    let rule = |expr: &str| {
        format!(
            r#"{{"nftables": [{{"table": {{"family": "ip", "name": "t"}}}},
            {{"chain": {{"family": "ip", "table": "t", "name": "c", "type": "filter",
            "hook": "output", "prio": -300}}}},
            {{"rule": {{"family": "ip", "table": "t", "chain": "c", "expr": [{expr}]}}}}]}}"#
        )
    };
    let sport = r#"{"match": {"op": "==", "left": {"payload": {"protocol": "udp",
        "field": "sprot"}}, "right": 53}}"#;
    let deep = format!("{}1{}", r#"{"|": ["#.repeat(100), "]}".repeat(100));
    for (json, place, what) in [
        ("{\"nftables\": ".to_owned(), "r:1:13", "bad JSON: EOF"),
        ("{\"nftables\": {}}".to_owned(), "r: no list", "`nftables`"),
        (
            "{\"nftables\": [{\"table\": {\"family\": 3}}]}".to_owned(),
            "r nftables[0].table:1:1",
            "`family` is missing",
        ),
        (rule("null"), "r nftables[2].rule.expr[0]:1:1", "unexpected `null`"),
        (
            rule(&format!("{{\"counter\": null}}, {sport}")),
            "r nftables[2].rule.expr[1]",
            "did you mean `sport`?",
        ),
        (rule("{\"synproxy\": null}"), "r nftables[2].rule.expr[0]:1:3", "`synproxy` is not"),
        ("[".repeat(100_000), "r:1:", "bad JSON: recursion limit exceeded"),
        (rule(&format!("{{\"accept\": {deep}}}")), "r:", "bad JSON: recursion limit exceeded"),
    ] {
        let json = if json.starts_with('[') { format!("{{\"nftables\":{json}") } else { json };
        let error = loaded(&json).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(what), "{error}");
    }
}

#[test]
fn a_dormant_table_decides_nothing() {
    let table =
        "table inet raw {\n flags owner, dormant\n set s { type ipv4_addr; flags interval; }\n";
    let dormant = prerouting("notrack").replace("table inet raw {\n", table);
    assert_eq!(verdicts(&dormant, &PACKETS), "++++++");
    assert!(loaded(&dormant).unwrap().late.is_empty());
    // Said again without the flag, it is awake.
    assert_eq!(verdicts(&format!("{dormant}add table inet raw\n"), &PACKETS), "------");
    let json = r#"{"nftables": [{"table": {"family": "ip", "name": "t", "flags": "dormant"}},
        {"chain": {"family": "ip", "table": "t", "name": "c", "type": "filter",
        "hook": "prerouting", "prio": -300}},
        {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"notrack": null}]}}]}"#;
    assert_eq!(verdicts(json, &PACKETS), "++++++");
    assert_eq!(verdicts(&json.replace("\"dormant\"", "[\"owner\"]"), &PACKETS), "------");
    let error = loaded(&json.replace("dormant", "ip")).unwrap_err().to_string();
    assert!(error.contains("unknown flag `ip` of the table `t`"), "{error}");
}

#[test]
fn chains_of_links_and_bridges_are_passed_over() {
    let text = "table bridge b {\n chain o {\n type filter hook output priority out; policy drop;
        notrack\n }\n}
        table netdev n {\n chain i {\n type filter hook ingress device \"lo\" priority filter;
        drop\n }\n}\n";
    let set = loaded(text).unwrap();
    assert!(set.sources.is_empty() && set.late.is_empty());
}

#[test]
fn elements_say_more_than_their_values() {
    let elements = "192.0.2.1 counter comment \"x\", 10.28.0.1 counter packets 1 bytes 9 \
        timeout 1h expires 9m comment \"counter\", 10.0.0.1 counter";
    let rule = format!("ip saddr {{ {elements} }} notrack");
    assert_eq!(verdicts(&prerouting(&rule), &PACKETS), "------");
    let map = "udp dport vmap { 53 counter comment \"x\" : drop, 123 timeout 1h : accept }";
    assert_eq!(verdicts(&prerouting(map), &PACKETS), "xx++++");
}

#[test]
fn a_mark_that_a_rule_sets_is_not_asked_for_again() {
    let cases = [
        ("meta mark 0 meta mark set 1 notrack", "------"),
        (
            "meta mark { 0, 1 } meta mark set meta mark ^ 1 udp dport 53 notrack\nmark 0 drop",
            "--++++",
        ),
        ("meta mark { 0, 1 } meta mark set meta mark ^ 1\nmark 1 notrack", "------"),
        ("tcp flags syn,ack meta mark set meta mark ^ 1\nmark 1 notrack", "++++--"),
        ("mark 0 meta mark set udp dport map { 53 : 7, 123 : 8 } mark 7 notrack", "--++++"),
        ("mark { 0, 1 } jump flip\nmark 1 notrack", "------"),
        ("mark vmap { 0 : jump flip, 1 : jump flip, 2 : drop }\nmark 1 notrack", "------"),
    ];
    for (rules, expected) in cases {
        let flip = "}\nchain flip {\nmeta mark set meta mark ^ 1\n}\n}\n";
        let text = prerouting(rules).replace("}\n}\n", flip);
        assert_eq!(verdicts(&text, &PACKETS), expected, "{rules}");
    }
    let error = loaded(&prerouting("meta mark set meta mark map { 1 : 2, 2 : 3 }")).unwrap_err();
    assert!(error.to_string().contains("a map by the mark that sets the mark"), "{error}");
}
