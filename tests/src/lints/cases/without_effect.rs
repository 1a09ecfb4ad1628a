//! NOTRACK that does nothing, and some like it that does.

use super::{NONE, THROUGH_V6, TO_ITSELF};
use crate::lints::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "no rules",
        rules: &[("r.v4", "*raw\nCOMMIT\n")],
        found: NONE,
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "lo at PREROUTING alone",
        rules: &[("r.sh", "iptables -t raw -A PREROUTING -i lo -j NOTRACK\n")],
        found: &["loopback-at-prerouting"],
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "lo at OUTPUT alone",
        rules: &[("r.sh", "iptables -t raw -A OUTPUT -o lo -j NOTRACK\n")],
        found: NONE,
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "lo at both",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -i lo -j NOTRACK\n-A OUTPUT -o lo -j CT --notrack\nCOMMIT\n",
        )],
        found: NONE,
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "notrack in a filter",
        rules: &[(
            "r.nft",
            "table inet t {\n chain input {\n  type filter hook input priority -5; policy drop;\n  \
             iifname \"lo\" notrack accept\n }\n}\n",
        )],
        found: &["behind-tracking"],
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "notrack at the priority of mangle",
        rules: &[(
            "r.nft",
            "table inet t {\n chain out {\n  type filter hook output priority -150;\n  \
             oif \"lo\" notrack\n }\n}\n",
        )],
        found: &["behind-tracking"],
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "notrack at the priority of conntrack, loaded behind it",
        rules: &[(
            "r.nft",
            "table inet t {\n chain out {\n  type filter hook output priority -200;\n  \
             oif \"lo\" notrack\n }\n}\n",
        )],
        found: &["behind-tracking"],
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "notrack at the priority of raw",
        rules: &[(
            "r.nft",
            "table inet t {\n chain out {\n  type filter hook output priority raw;\n  \
             oif \"lo\" notrack\n }\n}\n",
        )],
        found: NONE,
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "behind an ACCEPT",
        rules: &[(
            "r.v4",
            "*raw\n-A OUTPUT -d 127.0.0.0/8 -j ACCEPT\n-A OUTPUT -o lo -d 127.0.0.1 -j NOTRACK\nCOMMIT\n",
        )],
        found: &["shadowed"],
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "behind a zone",
        rules: &[(
            "r.v4",
            "*raw\n-A OUTPUT -p udp -j CT --zone 5\n-A OUTPUT -o lo -p udp -j NOTRACK\nCOMMIT\n",
        )],
        found: &["shadowed"],
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "behind an ACCEPT of others",
        rules: &[(
            "r.v4",
            "*raw\n-A OUTPUT -d 127.0.0.2 -j ACCEPT\n-A OUTPUT -o lo -d 127.0.0.0/8 -j NOTRACK\nCOMMIT\n",
        )],
        found: NONE,
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "a chain that nothing leads into",
        rules: &[("r.v4", "*raw\n:X - [0:0]\n-A X -o lo -j NOTRACK\nCOMMIT\n")],
        found: &["unreached"],
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "a chain with a way into it",
        rules: &[("r.v4", "*raw\n:X - [0:0]\n-A OUTPUT -j X\n-A X -o lo -j NOTRACK\nCOMMIT\n")],
        found: NONE,
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "behind an ACCEPT of all, where it is too late anyway",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -j ACCEPT\n-A PREROUTING -i lo -j NOTRACK\nCOMMIT\n",
        )],
        found: &["loopback-at-prerouting"],
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "behind an ACCEPT of whatever has neither port",
        rules: &[(
            "r.v4",
            "*raw\n-A OUTPUT -p udp -m multiport ! --ports 53 -j ACCEPT\n\
             -A OUTPUT -o lo -p udp --sport 4000 --dport 5300 -j NOTRACK\nCOMMIT\n",
        )],
        found: &["shadowed"],
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "behind an ACCEPT of whatever has neither port, for one of them",
        rules: &[(
            "r.v4",
            "*raw\n-A OUTPUT -p udp -m multiport ! --ports 5300 -j ACCEPT\n\
             -A OUTPUT -o lo -p udp --sport 4000 -j NOTRACK\n\
             -A OUTPUT -o lo -p udp --dport 4000 -j NOTRACK\nCOMMIT\n",
        )],
        found: NONE,
        talk: TO_ITSELF,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "behind an accept of what is for the host itself",
        rules: &[(
            "r.nft",
            "table inet t {\n chain in {\n  type filter hook prerouting priority raw;\n  \
             fib daddr type local accept\n  iifname \"lan0\" udp dport 53 notrack\n  \
             iifname \"wan0\" udp sport 53 notrack\n }\n}\n",
        )],
        found: NONE,
        talk: THROUGH_V6,
        is_heard: true,
        entry_count: 0,
    },
];
