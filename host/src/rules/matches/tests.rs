//! Options of rules against what they ask.

use keeptrack_core::raw::{IfPattern, Ports};
use keeptrack_core::{IfName, Protocol};

use super::super::words::{Syntax, split};
use super::*;

fn parsed(line: &str, hook: Option<Hook>) -> Result<Rule, Fault> {
    let words = split(line, 0..line.len(), Syntax::Save).unwrap();
    let (policies, classes) = (&Policies::default(), &mut Classes::default());
    let (purpose, family, sets) = (Purpose::Raw, Family::V4, &mut HostSets::default());
    let known = &Known { local: vec![[192, 0, 2, 1].into()], ..Known::default() };
    parse(&words, Standing { purpose, family, hook, policies, classes, known, sets })
}

fn network(address: [u8; 4], mask: [u8; 4]) -> Network {
    Network { address: address.into(), mask: mask.into() }
}

fn ports(ranges: &[(u16, u16)]) -> Ports {
    ranges.iter().copied().collect()
}

#[test]
fn each_option_fills_its_own_test() {
    let any = Matches { family: Some(Family::V4), ..Matches::default() };
    let eth = IfPattern { name: IfName::new(b"eth").unwrap(), prefix: true };
    let udp = Test::Is(Protocol::UDP);
    let ten = network([10, 0, 0, 0], [255, 0, 0, 0]);
    let cases = [
        ("", any.clone()),
        ("-i eth+", Matches { input: Test::Is(eth.clone()), ..any.clone() }),
        ("! -o eth+", Matches { output: Test::Not(eth), ..any.clone() }),
        ("! -s 10.0.0.0/8", Matches { source: Test::Not(ten), ..any.clone() }),
        ("--dst 10.0.0.0/8", Matches { destination: Test::Is(ten), ..any.clone() }),
        ("! -p 17", Matches { protocol: Test::Not(Protocol::UDP), ..any.clone() }),
        ("-i + -p all -m comment --comment x", any.clone()),
        (
            "-m udp -p udp --sport 1: -c 4 232",
            Matches {
                protocol: udp.clone(),
                source_ports: Test::Is(ports(&[(1, 65535)])),
                ..any.clone()
            },
        ),
        (
            "-p udp -m multiport ! --dports 22,80:89 --ports 7",
            Matches {
                protocol: udp.clone(),
                destination_ports: Test::Not(ports(&[(22, 22), (80, 89)])),
                either_ports: Test::Is(ports(&[(7, 7)])),
                ..any.clone()
            },
        ),
        (
            "-p udp -m multiport --dport 80,443",
            Matches {
                protocol: udp,
                destination_ports: Test::Is(ports(&[(80, 80), (443, 443)])),
                ..any
            },
        ),
    ];
    for (line, expected) in cases {
        let rule = parsed(line, None).unwrap();
        assert_eq!(rule.expanded().collect::<Vec<_>>(), [expected], "{line}");
    }
}

#[test]
fn a_list_of_addresses_is_a_rule_for_each() {
    let rule = parsed("-s 10.0.0.1,10.0.0.2 -d 10.0.0.3,10.0.0.4", None).unwrap();
    assert_eq!((rule.count(), rule.expanded().count()), (4, 4));
    let host = |last| Test::Is(network([10, 0, 0, last], [255; 4]));
    for source in [host(1), host(2)] {
        for destination in [host(3), host(4)] {
            let pair = (&source, &destination);
            assert!(rule.expanded().any(|one| (&one.source, &one.destination) == pair));
        }
    }
}

#[test]
fn targets_with_their_options() {
    let cases = [
        ("-m comment --comment x", "BuiltIn(Continue)"),
        ("-j NOTRACK", "BuiltIn(NoTrack)"),
        ("-j CT --notrack --zone 5 --helper ftp", "BuiltIn(NoTrack)"),
        ("-j LOG --log-prefix \"-j DROP\" --log-uid", "BuiltIn(Continue)"),
        ("-j RETURN", "BuiltIn(Return)"),
        ("-j DROP -p 17", "BuiltIn(Drop)"),
        ("-g X", "Goto(Word { text: \"X\", span: 3..4 })"),
    ];
    for (line, expected) in cases {
        assert_eq!(format!("{:?}", parsed(line, None).unwrap().target), expected, "{line}");
    }
}

#[test]
fn what_iptables_refuses_is_marked_at_its_word() {
    let cases = [
        ("--dport 53 -p udp", "--dport"),
        ("-p icmp --dport 53", "--dport"),
        ("-p udp --dports 53", "--dports"),
        ("! -p udp -m udp --dport 53", "udp"),
        ("-m multiport --dports 53", "--dports"),
        ("-p tcp -m udp", "udp"),
        ("-p udp --dport ! 53", "!"),
        ("! -j NOTRACK", "!"),
        ("! -s 10.0.0.1,10.0.0.2", "10.0.0.1,10.0.0.2"),
        ("! -p all", "! -p all"),
        ("! -i +", "! -i +"),
        ("-s", "-s"),
        ("-p udp -p tcp", "-p"),
        ("-j DROP -j ACCEPT", "-j"),
        ("-j NOTRACK --log-prefix x", "--log-prefix"),
        ("-j NOTRACK --notrack", "--notrack"),
        ("--comment x", "--comment"),
        ("-j MARK", "MARK"),
        ("-j DROP --set-mark 1", "--set-mark"),
        ("-f", "-f"),
        ("-m rpfilter --loose", "rpfilter"),
        ("-m addrtype --dst-type LOCAL,PROHIBIT", "PROHIBIT"),
        ("-m set --match-set nt src", "nt"),
        ("-p tcp --tcp-flags SYN,ECE SYN", "ECE"),
        ("--syn", "--syn"),
        ("-p udp --syn", "--syn"),
        ("-m iprange --src-range 10.0.0.2-10.0.0.1", "10.0.0.2-10.0.0.1"),
        ("-m length --length 9:1", "9:1"),
        ("-m mark --mark 0x1/x", "0x1/x"),
        ("-m comment --comment two words", "words"),
        ("-c 1 x", "x"),
    ];
    for (line, marked) in cases {
        let fault = parsed(line, None).unwrap_err();
        assert_eq!(&line[fault.span], marked, "{line}");
    }
    assert_eq!(parsed("-o lo", Some(Hook::Prerouting)).unwrap_err().span, 0..2);
    assert_eq!(parsed("-i lo", Some(Hook::Output)).unwrap_err().span, 0..2);
    assert!(parsed("-o lo", Some(Hook::Output)).is_ok());
}
