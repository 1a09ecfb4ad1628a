//! The cases: rules of each lint, and behind them some like those that are right.

use super::Case;
use super::network::{HOST, HOST_OUTSIDE, HOST_V6, LOOPBACK, OUTSIDE, OUTSIDE_V6, Place};
use super::talk::{Kind, Talk};

const NONE: &[&str] = &[];

/// The host asks itself.
const TO_ITSELF: Talk = Talk {
    kind: Kind::Question,
    from: (Place::Host, 4000),
    to: (LOOPBACK, 5300),
    heard: (Place::Host, 5300),
};
/// One inside asks the host.
const TO_HOST: Talk = Talk {
    kind: Kind::Question,
    from: (Place::Inside, 4000),
    to: (HOST, 53),
    heard: (Place::Host, 53),
};
const TO_HOST_V6: Talk = Talk { to: (HOST_V6, 53), ..TO_HOST };
/// One inside asks somebody outside.
const THROUGH: Talk = Talk { to: (OUTSIDE, 53), heard: (Place::Outside, 53), ..TO_HOST };
const THROUGH_V6: Talk = Talk { to: (OUTSIDE_V6, 53), ..THROUGH };
/// The host asks somebody outside.
const FROM_HOST: Talk = Talk { from: (Place::Host, 40_000), ..THROUGH };
/// One inside opens a connection to the host.
const OPENS: Talk =
    Talk { kind: Kind::Stream, from: (Place::Inside, 0), to: (HOST, 80), heard: (Place::Host, 80) };
/// Somebody outside, from port 53, to a port of the host that nobody there has told of.
const FROM_53: Talk = Talk {
    kind: Kind::Notice,
    from: (Place::Outside, 53),
    to: (HOST_OUTSIDE, 9999),
    heard: (Place::Host, 9999),
};
const PING: Talk =
    Talk { kind: Kind::Ping, from: (Place::Inside, 0), to: (HOST, 0), heard: (Place::Host, 0) };

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
        name: "forwarded, with MASQUERADE",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p udp --dport 53 -j NOTRACK\n-A PREROUTING -p udp --sport 53 -j \
             NOTRACK\nCOMMIT\n*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n",
        )],
        found: &["breaks-nat", "breaks-nat"],
        talk: THROUGH,
        is_heard: false,
        entry_count: 0,
    },
    Case {
        name: "the host's own service, with MASQUERADE",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -i lan0 -d 10.0.0.1 -p udp --dport 53 -j NOTRACK\n\
             -A OUTPUT -o lan0 -s 10.0.0.1 -p udp --sport 53 -j NOTRACK\nCOMMIT\n\
             *nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n",
        )],
        found: NONE,
        talk: THROUGH,
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "what DNAT is for",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -i wan0 -p udp --dport 53 -j NOTRACK\n\
             -A PREROUTING -i lan0 -p udp --sport 53 -j NOTRACK\nCOMMIT\n\
             *nat\n-A PREROUTING -i wan0 -p udp --dport 53 -j DNAT --to-destination 10.0.0.2\nCOMMIT\n",
        )],
        found: &["breaks-nat", "breaks-nat"],
        talk: Talk {
            from: (Place::Outside, 4000),
            to: (HOST_OUTSIDE, 53),
            heard: (Place::Inside, 53),
            ..TO_HOST
        },
        is_heard: false,
        entry_count: 0,
    },
    Case {
        name: "other than what DNAT is for",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -i wan0 -p udp --dport 123 -j NOTRACK\n\
             -A OUTPUT -o wan0 -p udp --sport 123 -j NOTRACK\nCOMMIT\n\
             *nat\n-A PREROUTING -i wan0 -p udp --dport 53 -j DNAT --to-destination 10.0.0.2\nCOMMIT\n",
        )],
        found: NONE,
        talk: Talk {
            from: (Place::Outside, 4000),
            to: (HOST_OUTSIDE, 53),
            heard: (Place::Inside, 53),
            ..TO_HOST
        },
        is_heard: true,
        entry_count: 1,
    },
    Case {
        name: "all that is UNTRACKED, where whoever sends from port 53 is",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p udp --sport 53 -j NOTRACK\n-A OUTPUT -p udp --dport 53 -j NOTRACK\n\
             COMMIT\n*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate \
             ESTABLISHED,RELATED,UNTRACKED -j ACCEPT\nCOMMIT\n",
        )],
        found: &["opens-host"],
        talk: FROM_53,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "UNTRACKED from the servers that are asked",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -s 198.51.100.53 -p udp --sport 53 -j NOTRACK\n\
             -A OUTPUT -d 198.51.100.53 -p udp --dport 53 -j NOTRACK\nCOMMIT\n\
             *filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED,UNTRACKED \
             -j ACCEPT\nCOMMIT\n",
        )],
        found: NONE,
        talk: FROM_53,
        is_heard: false,
        entry_count: 0,
    },
    Case {
        name: "UNTRACKED to the ports that ask",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p udp --sport 53 -j NOTRACK\n-A OUTPUT -p udp --dport 53 -j NOTRACK\n\
             COMMIT\n*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp --sport 53 --dport 32768:60999 -m \
             conntrack --ctstate UNTRACKED -j ACCEPT\nCOMMIT\n",
        )],
        found: NONE,
        talk: FROM_53,
        is_heard: false,
        entry_count: 0,
    },
    Case {
        name: "the same, for the one who asks",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p udp --sport 53 -j NOTRACK\n-A OUTPUT -p udp --dport 53 -j NOTRACK\n\
             COMMIT\n*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp --sport 53 --dport 32768:60999 -m \
             conntrack --ctstate UNTRACKED -j ACCEPT\nCOMMIT\n",
        )],
        found: NONE,
        talk: FROM_HOST,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "a service of which only NEW is accepted",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p udp --dport 53 -j NOTRACK\n-A OUTPUT -p udp --sport 53 -j NOTRACK\n\
             COMMIT\n*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack \
             --ctstate ESTABLISHED,RELATED -j ACCEPT\n-A INPUT -p udp --dport 53 -m conntrack --ctstate \
             NEW -j ACCEPT\nCOMMIT\n",
        )],
        found: &["dropped-by-filter"],
        talk: TO_HOST,
        is_heard: false,
        entry_count: 0,
    },
    Case {
        name: "a service that is accepted in whatever state",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p udp --dport 53 -j NOTRACK\n-A OUTPUT -p udp --sport 53 -j NOTRACK\n\
             COMMIT\n*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack \
             --ctstate ESTABLISHED,RELATED -j ACCEPT\n-A INPUT -p udp --dport 53 -j ACCEPT\nCOMMIT\n",
        )],
        found: NONE,
        talk: TO_HOST,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "port 70000",
        rules: &[(
            "r.sh",
            "iptables -t raw -A PREROUTING -p udp --dport 70000 -j NOTRACK\n\
             iptables -t raw -A OUTPUT -p udp --sport 4464 -j NOTRACK\n",
        )],
        found: &["port-out-of-range"],
        talk: Talk { to: (HOST, 4464), heard: (Place::Host, 4464), ..TO_HOST },
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "port 4464",
        rules: &[(
            "r.sh",
            "iptables -t raw -A PREROUTING -p udp --dport 4464 -j NOTRACK\n\
             iptables -t raw -A OUTPUT -p udp --sport 4464 -j NOTRACK\n",
        )],
        found: NONE,
        talk: Talk { to: (HOST, 4464), heard: (Place::Host, 4464), ..TO_HOST },
        is_heard: true,
        entry_count: 0,
    },
];
