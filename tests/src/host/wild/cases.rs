//! The rules, in the words of the scripts, logs and issues that have them.

/// Rules, and the packets that they leave untracked or put into a zone.
pub(super) const CASES: &[(&str, &str)] = &[
    ("iptables -t raw -A PREROUTING -i lo -j NOTRACK", ""),
    ("iptables -t raw -A OUTPUT -o lo -j NOTRACK", ""),
    ("ip6tables -w -t raw -A OUTPUT -o lo -j NOTRACK", ""),
    ("-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack", "dns node-dns"),
    ("-A OUTPUT     -p udp -m udp --sport 53 -j CT --notrack", "dns-reply"),
    (
        "-A PREROUTING -p udp -m udp --sport 53 -j CT --notrack\n\
         -A OUTPUT -p udp -m udp --dport 53 -j CT --notrack",
        "own-dns own-dns-reply",
    ),
    (
        "firewall-cmd --permanent --direct --add-rule ipv4 raw PREROUTING 0 -p udp --dport 53 -j \
         NOTRACK",
        "dns node-dns",
    ),
    (
        "firewall-cmd --direct --add-rule ipv4 raw PREROUTING 1 -p udp -j NOTRACK\n\
         firewall-cmd --direct --add-rule ipv4 raw PREROUTING 0 -j ACCEPT",
        "",
    ),
    ("-A PREROUTING -p udp -d 169.254.20.10 --dport 53 -j NOTRACK", "node-dns"),
    (
        "iptables -t raw -A PREROUTING -p tcp -m multiport --dports 80,443 -j NOTRACK\n\
         iptables -t raw -A OUTPUT -p tcp -m multiport --sports 80,443 -j NOTRACK",
        "syn ack https-reply",
    ),
    (
        "[Service]\nType=oneshot\n\
         ExecStartPost=/sbin/iptables -t raw -A PREROUTING -p udp -m udp --dport 123 -j NOTRACK\n\
         ExecStartPost=/sbin/iptables -t raw -A OUTPUT -p udp --sport 123 -j NOTRACK\n\
         ExecStop=/sbin/iptables -t raw -F",
        "ntp ntp-reply",
    ),
    ("iptables -t raw -A PREROUTING -p tcp -m tcp --syn -j CT --notrack", "syn through-syn"),
    ("iptables -t raw -I PREROUTING -i eth0 -p tcp --syn -j CT --notrack", "syn through-syn"),
    (
        "/sbin/iptables -t raw -A PREROUTING -p tcp -m tcp --syn -m addrtype ! --dst-type LOCAL \
         -j NOTRACK",
        "through-syn",
    ),
    (
        "-N CILIUM_PRE_raw\n-A PREROUTING -j CILIUM_PRE_raw\n\
         -A CILIUM_PRE_raw -m mark --mark 0x200/0xf00 -m comment --comment \"cilium: NOTRACK for \
         proxy traffic\" -j CT --notrack",
        "",
    ),
    (
        "-A PREROUTING -p vrrp -j MARK --set-xmark 0x200/0xf00\n\
         -A PREROUTING -m mark --mark 0x200/0xf00 -j CT --notrack",
        "vrrp",
    ),
    (
        "-N CILIUM_OUTPUT_raw\n-A OUTPUT -j CILIUM_OUTPUT_raw\n\
         -A CILIUM_OUTPUT_raw -o eth+ -m mark --mark 0xa00/0xfffffeff -j CT --notrack",
        "",
    ),
    (
        "-N CILIUM_PRE_raw\n-A PREROUTING -j CILIUM_PRE_raw\n\
         -A CILIUM_PRE_raw -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j CT --notrack",
        "ack",
    ),
    (
        "-N OPENSHIFT-NOTRACK\n-A PREROUTING -m comment --comment \"disable conntrack for vxlan\" \
         -j OPENSHIFT-NOTRACK\n-A OPENSHIFT-NOTRACK -p udp -m udp --dport 4789 -j NOTRACK",
        "vxlan",
    ),
    (
        "-N ANTREA-PREROUTING\n-A PREROUTING -j ANTREA-PREROUTING\n\
         -A ANTREA-PREROUTING -m comment --comment \"Antrea: do not track incoming encapsulation \
         packets\" -m udp -p udp --dport 6081 -m addrtype --dst-type LOCAL -j NOTRACK",
        "geneve",
    ),
    ("sudo iptables -t raw -A PREROUTING -p vrrp -j NOTRACK", "vrrp"),
    ("iptables -t raw -A PREROUTING -p gre -j NOTRACK", "gre"),
    ("sudo iptables -t raw -A PREROUTING -p icmp -j NOTRACK", "ping"),
    ("-A PREROUTING -p icmp -m icmp --icmp-type 8 -j NOTRACK", "ping"),
    ("-A PREROUTING -p icmp -m icmp --icmp-type 0 -j NOTRACK", ""),
    ("-A PREROUTING -i 'eth+' -p icmp -m addrtype ! --dst-type LOCAL -j NOTRACK", ""),
    ("-A PREROUTING -m addrtype --dst-type MULTICAST,BROADCAST -j NOTRACK", "group"),
    ("-A PREROUTING -m pkttype --pkt-type multicast -j NOTRACK", "group"),
    ("iptables -t raw -A PREROUTING -s 10.0.0.0/8 -d 10.0.0.0/8 -j NOTRACK", "inside"),
    (
        "iptables -w -t raw -A PREROUTING ! -s 10.28.0.0/15 -p udp --dport 53 -j NOTRACK",
        "dns node-dns",
    ),
    ("iptables -t raw -A PREROUTING -p udp --dport 30000:40000 -j CT --notrack", "media"),
    (
        "iptables -t raw -I PREROUTING 1 -i eth1 -p udp -s 10.90.0.20 --dport 51820 -j NOTRACK",
        "wireguard",
    ),
    (
        "sudo iptables -t raw -A PREROUTING -s 10.10.10.10/32 -i eth0 -p udp -m set --match-set MOH \
         dst,dst -j NOTRACK",
        "listed",
    ),
    ("-A PREROUTING -p udp -m set --set listeners dst,dst -j NOTRACK", "listed"),
    ("-A PREROUTING -m iprange --src-range 10.10.10.1-10.10.10.20 -j NOTRACK", "listed"),
    ("-A PREROUTING -p udp -m length --length 29: -j NOTRACK", ""),
    ("iptables -t raw -A PREROUTING -p udp --dport 8125 -j NOTRACK", "statsd"),
    ("iptables -t raw -A OUTPUT -j CT --notrack", "dns-reply own-dns ntp-reply https-reply"),
    (
        "iptables -t raw -C PREROUTING -p gre -j NOTRACK\niptables -t raw -D PREROUTING -p gre -j \
         NOTRACK\niptables -t raw -F\niptables -t raw -A PREROUTING -p gre -j NOTRACK",
        "gre",
    ),
];

/// Rules that are not read, and the first line of the reason.
pub(super) const REFUSED: &[(&str, &str)] = &[
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
        "iptables -t raw -A PREROUTING -p udp --dport 70000 -j NOTRACK",
        "error: port 70000 is out of range",
    ),
    (
        "iptables -t raw -A PREROUTING -m limit --limit 5/s -j NOTRACK",
        "error: the match `limit` is not supported by this version",
    ),
    ("proto udp dport 53 NOTRACK;", "error: rules of ferm are not supported"),
    (
        "add action=notrack chain=prerouting dst-port=53 protocol=udp",
        "error: rules of RouterOS are not supported",
    ),
];
