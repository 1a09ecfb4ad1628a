//! Rules as people have written them that keeptrack does not read.

/// Rules that are not read, and the first line of the reason.
pub const REFUSED: &[(&str, &str)] = &[
    ("-p udp -d 169.254.20.10 --dport 53 -j NOTRACK", "error: no command"),
    (
        "-A PREROUTING -p tcp -d 169.254.20.25 --dport 53 -j NOTRACK -m comment --comment NodeLocal \
         DNS Cache: skip conntrack",
        "error: unexpected word `DNS`",
    ),
    (
        "iptables -t raw -I CILIUM_PRE_raw    -s $POD_CIDR -j NOTRACK",
        "error: shell variables and commands are not expanded",
    ),
    (
        "iptables -w -t raw -A PREROUTING ! -s ${IP}.28.0.0/15 -p udp --dport 53 -j NOTRACK",
        "error: shell variables and commands are not expanded",
    ),
    (
        "-N neutron-openvswi-PREROUTING\n-A neutron-openvswi-PREROUTING -m physdev --physdev-in \
         qvb0695f2ca-bf -j CT --zone 1",
        "error: the match `physdev` is not supported by this version",
    ),
    (
        "-A PREROUTING -m set --match-set gone src -j NOTRACK",
        "error: what the set `gone` has is not known",
    ),
    (
        "iptables -t raw -A PREROUTING -p udp -m multiport --dports 70000 -j NOTRACK",
        "error: port 70000 is out of range",
    ),
    (
        "iptables -t raw -A PREROUTING -m limit --limit 5/s -j NOTRACK",
        "error: the match `limit` is not supported by this version",
    ),
    (
        "if ! iptables -t raw -C OUTPUT -o lo -j NOTRACK; then",
        "error: `if` is for a shell, and none runs here",
    ),
    ("proto udp dport 53 NOTRACK;", "error: rules of ferm are not supported"),
    (
        "add action=notrack chain=prerouting dst-port=53 protocol=udp",
        "error: rules of RouterOS are not supported",
    ),
];
