//! NOTRACK of one direction or of one family, and of both.

use super::{NONE, OPENS, PING, THROUGH_V6, TO_HOST, TO_HOST_V6, TO_ITSELF};
use crate::lints::Case;
use crate::lints::network::{HOST, Place};
use crate::lints::talk::{Kind, Talk};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "questions alone",
        rules: &[("r.sh", "iptables -t raw -A PREROUTING -p udp --dport 53 -j NOTRACK\n")],
        found: &["one-sided"],
        talk: TO_HOST,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "answers alone",
        rules: &[("r.sh", "iptables -t raw -A OUTPUT -p udp --sport 53 -j NOTRACK\n")],
        found: &["one-sided"],
        talk: TO_HOST,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "questions and answers",
        rules: &[(
            "r.sh",
            "iptables -t raw -A PREROUTING -p udp --dport 53 -j NOTRACK\n\
             iptables -t raw -A OUTPUT ! -o lo -p udp --sport 53 -j NOTRACK\n",
        )],
        found: NONE,
        talk: TO_HOST,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "questions and answers of others, forwarded",
        rules: &[(
            "r.v6",
            "*raw\n-A PREROUTING -i lan0 -p udp --dport 53 -j NOTRACK\n\
             -A PREROUTING -i wan0 -p udp --sport 53 -j NOTRACK\nCOMMIT\n",
        )],
        found: NONE,
        talk: THROUGH_V6,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "questions of others alone",
        rules: &[("r.v6", "*raw\n-A PREROUTING -i lan0 -p udp --dport 53 -j NOTRACK\nCOMMIT\n")],
        found: &["one-sided"],
        talk: THROUGH_V6,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "what nobody answers",
        rules: &[("r.sh", "iptables -t raw -A PREROUTING -p udp --dport 8125 -j NOTRACK\n")],
        found: NONE,
        talk: Talk { kind: Kind::Notice, to: (HOST, 8125), heard: (Place::Host, 8125), ..TO_HOST },
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "one half of TCP, where INVALID is dropped",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p tcp --dport 80 -j NOTRACK\nCOMMIT\n\
             *filter\n-A OUTPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n",
        )],
        found: &["one-sided"],
        talk: OPENS,
        is_heard: false,
        entry_count: 0,
    },
    Case {
        name: "both halves of TCP, where INVALID is dropped",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p tcp --dport 80 -j NOTRACK\n\
             -A OUTPUT -p tcp --sport 80 -j NOTRACK\nCOMMIT\n\
             *filter\n-A OUTPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n",
        )],
        found: NONE,
        talk: OPENS,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "echo requests alone, where INVALID is dropped",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p icmp --icmp-type 8 -j NOTRACK\nCOMMIT\n\
             *filter\n-A OUTPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n",
        )],
        found: &["one-sided"],
        talk: PING,
        is_heard: false,
        entry_count: 0,
    },
    Case {
        name: "echo requests and replies, where INVALID is dropped",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p icmp --icmp-type 8 -j NOTRACK\n\
             -A OUTPUT -p icmp --icmp-type 0 -j NOTRACK\nCOMMIT\n\
             *filter\n-A OUTPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n",
        )],
        found: NONE,
        talk: PING,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "IPv4 alone, to a host that speaks both",
        rules: &[(
            "r.nft",
            "table ip t {\n chain in {\n  type filter hook prerouting priority raw;\n  \
             udp dport 53 notrack\n }\n chain out {\n  type filter hook output priority raw;\n  \
             udp sport 53 notrack\n }\n}\n",
        )],
        found: &["one-family", "one-family"],
        talk: TO_HOST_V6,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "both families",
        rules: &[(
            "r.nft",
            "table inet t {\n chain in {\n  type filter hook prerouting priority raw;\n  \
             udp dport 53 notrack\n }\n chain out {\n  type filter hook output priority raw;\n  \
             udp sport 53 notrack\n }\n}\n",
        )],
        found: NONE,
        talk: TO_HOST_V6,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "questions of loopback alone, by its address",
        rules: &[(
            "r.sh",
            "iptables -t raw -A OUTPUT -s 127.0.0.1 -p udp --dport 5300 -j NOTRACK\n",
        )],
        found: &["one-sided"],
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "questions and answers of loopback, by its address",
        rules: &[(
            "r.sh",
            "iptables -t raw -A OUTPUT -s 127.0.0.1 -p udp --dport 5300 -j NOTRACK\n\
             iptables -t raw -A OUTPUT -d 127.0.0.1 -p udp --sport 5300 -j NOTRACK\n",
        )],
        found: NONE,
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "questions of several, answers to all but one",
        rules: &[(
            "r.sh",
            "iptables -t raw -A PREROUTING -s 10.0.0.2,10.0.0.3 -p udp --dport 53 -j NOTRACK\n\
             iptables -t raw -A OUTPUT -d 10.0.0.3 -p udp --sport 53 -j NOTRACK\n",
        )],
        found: &["one-sided"],
        talk: TO_HOST,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "questions to this host alone",
        rules: &[(
            "r.sh",
            "iptables -t raw -A PREROUTING -p udp --dport 53 -m addrtype --dst-type LOCAL -j NOTRACK\n",
        )],
        found: &["one-sided"],
        talk: TO_HOST,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "questions to this host, and its answers",
        rules: &[(
            "r.sh",
            "iptables -t raw -A PREROUTING -p udp --dport 53 -m addrtype --dst-type LOCAL -j NOTRACK\n\
             iptables -t raw -A OUTPUT -p udp --sport 53 -j NOTRACK\n",
        )],
        found: NONE,
        talk: TO_HOST,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "questions to this host, and answers that are said to be its own",
        rules: &[(
            "r.sh",
            "iptables -t raw -A PREROUTING -p udp --dport 53 -m addrtype --dst-type LOCAL -j NOTRACK\n\
             iptables -t raw -A OUTPUT -p udp --sport 53 -m addrtype --src-type LOCAL -j NOTRACK\n",
        )],
        found: NONE,
        talk: TO_HOST,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "questions to this host, and its answers, in both families",
        rules: &[(
            "r.nft",
            "table inet t {\n chain in {\n  type filter hook prerouting priority raw;\n  \
             fib daddr type local udp dport 53 notrack\n }\n chain out {\n  \
             type filter hook output priority raw;\n  udp sport 53 notrack\n }\n}\n",
        )],
        found: NONE,
        talk: TO_HOST_V6,
        is_heard: true,
        entry_count: 0,
    },
];
