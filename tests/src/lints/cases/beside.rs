//! NOTRACK beside NAT and filters, and of ports that are none.

use super::{FROM_53, FROM_HOST, NONE, THROUGH, TO_HOST};
use crate::lints::Case;
use crate::lints::network::{HOST, HOST_OUTSIDE, Place};
use crate::lints::talk::Talk;

pub(super) const CASES: &[Case] = &[
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
    Case {
        name: "a service within what a chain drops",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -s 10.0.0.2 -p udp --dport 53 -j NOTRACK\n\
             -A OUTPUT -d 10.0.0.2 -p udp --sport 53 -j NOTRACK\nCOMMIT\n\
             *filter\n:X - [0:0]\n-A INPUT -s 10.0.0.0/8 -j X\n-A X -s 10.0.0.0/24 -j DROP\nCOMMIT\n",
        )],
        found: &["dropped-by-filter"],
        talk: TO_HOST,
        is_heard: false,
        entry_count: 0,
    },
    Case {
        name: "a service outside of what a chain drops",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -s 10.0.0.2 -p udp --dport 53 -j NOTRACK\n\
             -A OUTPUT -d 10.0.0.2 -p udp --sport 53 -j NOTRACK\nCOMMIT\n\
             *filter\n:X - [0:0]\n-A INPUT -s 10.0.0.0/8 -j X\n-A X ! -s 10.0.0.0/24 -j DROP\nCOMMIT\n",
        )],
        found: NONE,
        talk: TO_HOST,
        is_heard: true,
        entry_count: 0,
    },
    Case {
        name: "a service that returns from a chain before that drops",
        rules: &[(
            "r.v4",
            "*raw\n-A PREROUTING -p udp --dport 53 -j NOTRACK\n-A OUTPUT -p udp --sport 53 -j NOTRACK\n\
             COMMIT\n*filter\n:X - [0:0]\n-A INPUT -s 10.0.0.0/8 -j X\n\
             -A X -s 10.0.0.0/24 -p udp -j RETURN\n-A X -j DROP\nCOMMIT\n",
        )],
        found: NONE,
        talk: TO_HOST,
        is_heard: true,
        entry_count: 0,
    },
];
