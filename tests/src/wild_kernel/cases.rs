//! The rules, in the words of the scripts, logs and issues that have them, and as nft has them.

/// A rule as people have written it, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Its number among the rules that were found.
    pub number: &'static str,
    /// As it was found, or as a shell makes it of its variables; empty for a rule of nft alone.
    pub iptables: &'static str,
    /// As nft has it: a ruleset, or rules behind the names of their chains at the priority of raw;
    /// empty where nft has no such rule.
    pub nft: &'static str,
    /// The packets that it leaves untracked or puts into a zone.
    pub untracked: &'static str,
}

impl Case {
    /// The ruleset of nft.
    #[must_use]
    pub fn ruleset(&self) -> String {
        if self.nft.is_empty() || self.nft.starts_with("table") {
            return self.nft.to_owned();
        }
        let mut text = "table ip raw {\n".to_owned();
        for chain in ["prerouting", "output"] {
            text += &format!(
                "\tchain {chain} {{\n\t\ttype filter hook {chain} priority raw; policy accept;\n"
            );
            let rules = self.nft.lines().filter_map(|line| line.strip_prefix(chain));
            rules.for_each(|rule| text += &format!("\t\t{}\n", rule.trim()));
            text += "\t}\n";
        }
        text + "}\n"
    }
}

const fn case(
    number: &'static str,
    iptables: &'static str,
    nft: &'static str,
    untracked: &'static str,
) -> Case {
    Case { number, iptables, nft, untracked }
}

/// What a rule for every packet that arrives leaves untracked.
const ALL_THAT_ARRIVE: &str = "dns own-dns-reply node-dns node-tcp ntp syn ack through-syn inside \
    media vxlan geneve statsd wireguard listed vrrp gre ping group discover zero-net zero sctp";

/// The rules.
pub const CASES: &[Case] = &[
    case(
        "1",
        "iptables -t raw -A PREROUTING -i lo -j NOTRACK",
        "prerouting iifname \"lo\" notrack",
        "",
    ),
    case("2", "iptables -t raw -A OUTPUT -o lo -j NOTRACK", "output oif lo notrack", "loop"),
    case("2, IPv6", "ip6tables -w -t raw -A OUTPUT -o lo -j NOTRACK", "", ""),
    case(
        "3",
        "-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack",
        "prerouting udp dport 53 notrack",
        "dns node-dns",
    ),
    case(
        "4",
        "-A OUTPUT     -p udp -m udp --sport 53 -j CT --notrack",
        "output udp sport domain counter notrack",
        "dns-reply",
    ),
    case(
        "5",
        "-A PREROUTING -p udp -m udp --sport 53 -j CT --notrack\n\
         -A OUTPUT -p udp -m udp --dport 53 -j CT --notrack",
        "prerouting udp sport 53 notrack\noutput udp dport 53 notrack",
        "own-dns own-dns-reply",
    ),
    case(
        "6",
        "firewall-cmd --permanent --direct --add-rule ipv4 raw PREROUTING 0 -p udp --dport 53 -j \
         NOTRACK",
        "",
        "dns node-dns",
    ),
    case(
        "6, with priorities",
        "firewall-cmd --direct --add-rule ipv4 raw PREROUTING 1 -p udp -j NOTRACK\n\
         firewall-cmd --direct --add-rule ipv4 raw PREROUTING 0 -j ACCEPT",
        "",
        "",
    ),
    case(
        "7",
        "-A PREROUTING -p udp -d 169.254.20.10 --dport 53 -j NOTRACK",
        "prerouting ip daddr 169.254.20.10 udp dport 53 notrack",
        "node-dns",
    ),
    case(
        "7, all of it",
        "-A PREROUTING -p udp -d 169.254.20.10 --dport 53 -j NOTRACK\n\
         -A PREROUTING -p tcp -d 169.254.20.10 --dport 53 -j NOTRACK\n\
         -A OUTPUT -p udp -s 192.0.2.1 --sport 53 -j NOTRACK",
        "prerouting ip daddr 169.254.20.10 meta l4proto { tcp, udp } th dport 53 notrack\n\
         output ip saddr . udp sport { 192.0.2.1 . 53 } notrack",
        "dns-reply node-dns node-tcp",
    ),
    case(
        "8",
        "-A PREROUTING -p tcp -d 169.254.20.10 --dport 53 -j NOTRACK -m comment --comment \
         \"NodeLocal DNS Cache: skip conntrack\"",
        "prerouting ip daddr 169.254.20.10 tcp dport 53 notrack comment \"NodeLocal DNS Cache\"",
        "node-tcp",
    ),
    case(
        "9",
        "iptables -t raw -A PREROUTING -p tcp -m multiport --dports 80,443 -j NOTRACK\n\
         iptables -t raw -A OUTPUT -p tcp -m multiport --sports 80,443 -j NOTRACK",
        "prerouting tcp dport { 80, 443 } notrack\noutput tcp sport { http, https } notrack",
        "syn ack https-reply",
    ),
    case(
        "10",
        "[Service]\nType=oneshot\n\
         ExecStartPost=/sbin/iptables -t raw -A PREROUTING -p udp -m udp --dport 123 -j NOTRACK\n\
         ExecStartPost=/sbin/iptables -t raw -A OUTPUT -p udp --sport 123 -j NOTRACK\n\
         ExecStop=/sbin/iptables -t raw -F",
        "prerouting udp dport 123 notrack\noutput udp sport 123 notrack",
        "ntp ntp-reply",
    ),
    case(
        "11",
        "iptables -t raw -A PREROUTING -p tcp -m tcp --syn -j CT --notrack",
        "prerouting tcp flags syn / fin,syn,rst,ack notrack",
        "syn through-syn",
    ),
    case(
        "11, at a port",
        "iptables -t raw -I PREROUTING -i eth0 -p tcp --syn -j CT --notrack",
        "prerouting iifname \"eth0\" tcp flags & (fin | syn | rst | ack) == syn notrack",
        "syn through-syn",
    ),
    case(
        "12",
        "/sbin/iptables -t raw -A PREROUTING -p tcp -m tcp --syn -m addrtype ! --dst-type LOCAL \
         -j NOTRACK",
        "prerouting tcp flags syn / fin,syn,rst,ack fib daddr type != local notrack",
        "through-syn",
    ),
    case(
        "13",
        "-N CILIUM_PRE_raw\n-A PREROUTING -j CILIUM_PRE_raw\n\
         -A CILIUM_PRE_raw -m mark --mark 0x200/0xf00 -m comment --comment \"cilium: NOTRACK for \
         proxy traffic\" -j CT --notrack",
        "prerouting meta mark & 0x00000f00 == 0x00000200 notrack",
        "",
    ),
    case(
        "13, with a mark",
        "-A PREROUTING -p vrrp -j MARK --set-xmark 0x200/0xf00\n\
         -A PREROUTING -m mark --mark 0x200/0xf00 -j CT --notrack",
        "prerouting meta l4proto vrrp meta mark set meta mark & 0xfffff0ff ^ 0x200\n\
         prerouting meta mark & 0xf00 == 0x200 notrack",
        "vrrp",
    ),
    case(
        "14",
        "-N CILIUM_OUTPUT_raw\n-A OUTPUT -j CILIUM_OUTPUT_raw\n\
         -A CILIUM_OUTPUT_raw -o eth+ -m mark --mark 0xa00/0xfffffeff -m comment --comment \
         \"cilium: NOTRACK for proxy return traffic\" -j CT --notrack",
        "output oifname \"eth*\" meta mark & 0xfffffeff == 0xa00 notrack",
        "",
    ),
    case(
        "15",
        "-N CILIUM_PRE_raw\n-A PREROUTING -j CILIUM_PRE_raw\n\
         iptables -t raw -I CILIUM_PRE_raw    -s 10.1.0.0/16 -j NOTRACK",
        "prerouting ip saddr 10.1.0.0/16 notrack",
        "inside",
    ),
    case(
        "16",
        "-N CILIUM_PRE_raw\n-A PREROUTING -j CILIUM_PRE_raw\n\
         -A CILIUM_PRE_raw -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j CT --notrack",
        "prerouting ip daddr 192.0.2.1 tcp dport 80 notrack",
        "ack",
    ),
    case(
        "17",
        "-N OPENSHIFT-NOTRACK\n-A PREROUTING -m comment --comment \"disable conntrack for vxlan\" \
         -j OPENSHIFT-NOTRACK\n-A OPENSHIFT-NOTRACK -p udp -m udp --dport 4789 -j NOTRACK",
        "table ip raw {\n\tchain OPENSHIFT-NOTRACK {\n\t\tudp dport 4789 notrack\n\t}\n\
         \tchain prerouting {\n\t\ttype filter hook prerouting priority raw; policy accept;\n\
         \t\tjump OPENSHIFT-NOTRACK\n\t}\n}\n",
        "vxlan",
    ),
    case(
        "18",
        "-N ANTREA-PREROUTING\n-A PREROUTING -j ANTREA-PREROUTING\n\
         -A ANTREA-PREROUTING -m comment --comment \"Antrea: do not track incoming encapsulation \
         packets\" -m udp -p udp --dport 6081 -m addrtype --dst-type LOCAL -j NOTRACK",
        "prerouting udp dport 6081 fib daddr type local notrack",
        "geneve",
    ),
    case(
        "19",
        "sudo iptables -t raw -A PREROUTING -p vrrp -j NOTRACK",
        "prerouting ip protocol 112 notrack",
        "vrrp",
    ),
    case(
        "20",
        "iptables -t raw -A PREROUTING -p gre -j NOTRACK",
        "prerouting meta l4proto gre notrack",
        "gre",
    ),
    case(
        "21",
        "sudo iptables -t raw -A PREROUTING -p icmp -j NOTRACK",
        "prerouting ip protocol icmp notrack",
        "ping",
    ),
    case(
        "21, by kind",
        "-A PREROUTING -p icmp -m icmp --icmp-type 8 -j NOTRACK",
        "prerouting icmp type echo-request notrack",
        "ping",
    ),
    case(
        "21, of another kind",
        "-A PREROUTING -p icmp -m icmp --icmp-type 0 -j NOTRACK",
        "prerouting icmp type 0 notrack",
        "",
    ),
    case(
        "21, not to the host",
        "-A PREROUTING -i 'eth+' -p icmp -m addrtype ! --dst-type LOCAL -j NOTRACK",
        "prerouting iifname \"eth*\" ip protocol icmp fib daddr type != local notrack",
        "",
    ),
    case(
        "groups",
        "-A PREROUTING -m addrtype --dst-type MULTICAST,BROADCAST -j NOTRACK",
        "prerouting fib daddr type { multicast, broadcast } notrack",
        "group discover",
    ),
    case(
        "senders without an address",
        "-A PREROUTING -m addrtype --src-type BROADCAST -j NOTRACK",
        "prerouting fib saddr type broadcast notrack",
        "discover",
    ),
    case(
        "groups of the link",
        "-A PREROUTING -m pkttype --pkt-type multicast -j NOTRACK",
        "prerouting meta pkttype multicast notrack",
        "group",
    ),
    case(
        "22",
        "iptables -t raw -A PREROUTING -s 10.0.0.0/8 -d 10.0.0.0/8 -j NOTRACK",
        "prerouting ip saddr 10.0.0.0/8 ip daddr 10.0.0.0/8 notrack",
        "inside",
    ),
    case(
        "23",
        "iptables -w -t raw -A PREROUTING ! -s 10.28.0.0/15 -p udp --dport 53 -j NOTRACK",
        "prerouting ip saddr != 10.28.0.0/15 udp dport 53 notrack",
        "dns node-dns",
    ),
    case(
        "24",
        "iptables -t raw -A PREROUTING -p udp --dport 30000:40000 -j CT --notrack",
        "prerouting udp dport 30000-40000 notrack",
        "media",
    ),
    case(
        "25",
        "iptables -t raw -I PREROUTING 1 -i eth1 -p udp -s 10.90.0.20 --dport 51820 -j NOTRACK",
        "prerouting iifname \"eth1\" ip saddr 10.90.0.20 udp dport 51820 notrack",
        "wireguard",
    ),
    case(
        "26",
        "sudo iptables -t raw -A PREROUTING -s 10.10.10.10/32 -i eth0 -p udp -m set --match-set MOH \
         dst,dst -j NOTRACK",
        "table ip raw {\n\tset MOH {\n\t\ttype ipv4_addr . inet_proto . inet_service\n\
         \t\telements = { 192.0.2.1 . udp . 5004 }\n\t}\n\tchain prerouting {\n\
         \t\ttype filter hook prerouting priority raw; policy accept;\n\
         \t\tip saddr 10.10.10.10 ip daddr . meta l4proto . th dport @MOH notrack\n\t}\n}\n",
        "listed",
    ),
    case(
        "26, as it was",
        "-A PREROUTING -p udp -m set --set listeners dst,dst -j NOTRACK",
        "prerouting ip daddr . udp dport { 192.0.2.1 . 5004, 192.0.2.1 . 1, 192.0.2.1 . 2, \
         192.0.2.1 . 3, 192.0.2.1 . 40-44 } notrack",
        "listed",
    ),
    case(
        "26, a set of sets",
        "-A PREROUTING -p udp -m set --match-set both dst,dst -j NOTRACK",
        "",
        "listed",
    ),
    case(
        "a set of networks by their first addresses",
        "-A PREROUTING -p gre -m set --match-set nets src -j NOTRACK\n\
         -A PREROUTING -p vrrp -m set --match-set mapped src -j NOTRACK",
        "",
        "vrrp gre",
    ),
    case("a set of ports", "-A PREROUTING -m set --match-set ports src -j NOTRACK", "", "dns"),
    case(
        "protocol 0",
        "-A PREROUTING -i eth1 -p 0 -j NOTRACK",
        "prerouting iifname eth1 notrack\nprerouting iifname eth1 ip protocol 0 accept",
        "wireguard",
    ),
    case("protocol 0 of nft", "", "prerouting ip protocol 0 notrack", "zero"),
    case(
        "protocol 0 of nft, in a set",
        "",
        "prerouting meta l4proto { 0, 0x70 } notrack",
        "vrrp zero",
    ),
    case(
        "numbers as C writes them",
        "-A PREROUTING -p 0160 -j MARK --set-mark 010\n\
         -A PREROUTING -m mark --mark 0X8/017 -m length --length 034 -j NOTRACK",
        "prerouting ip protocol 0160 meta mark set 010\n\
         prerouting meta mark 0x8 meta length 034 notrack",
        "vrrp",
    ),
    case(
        "a comment behind a command",
        "iptables -t raw -A PREROUTING -p gre -j NOTRACK;# and -p vrrp\n\
         true &&# iptables -t raw -F\niptables -t raw -A PREROUTING -p vrrp -j NOTRACK # and more",
        "",
        "vrrp gre",
    ),
    case(
        "a range of senders",
        "-A PREROUTING -m iprange --src-range 10.10.10.1-10.10.10.20 -j NOTRACK",
        "prerouting ip saddr 10.10.10.1-10.10.10.20 notrack",
        "listed",
    ),
    case(
        "a length",
        "-A PREROUTING -p udp -m length --length 29: -j NOTRACK",
        "prerouting ip protocol udp meta length >= 29 notrack",
        "",
    ),
    case(
        "27",
        "iptables -t raw -A PREROUTING -p udp --dport 8125 -j NOTRACK",
        "prerouting udp dport 8125 notrack",
        "statsd",
    ),
    case(
        "28",
        "iptables -t raw -A OUTPUT -j CT --notrack",
        "output notrack",
        "dns-reply own-dns ntp-reply https-reply loop",
    ),
    case(
        "a port that wraps",
        "iptables -t raw -A PREROUTING -p udp --dport 65589 -j NOTRACK",
        "",
        "dns node-dns",
    ),
    case(
        "behind a NOTRACK",
        "-A PREROUTING -p gre -j NOTRACK\n\
         -A PREROUTING -m conntrack --ctstate UNTRACKED -j ACCEPT\n\
         -A PREROUTING -p icmp -m conntrack --ctstate INVALID -j NOTRACK\n\
         -A PREROUTING -m state --state UNTRACKED -j RETURN\n-A PREROUTING -p vrrp -j NOTRACK",
        "prerouting ip protocol gre notrack\nprerouting ct state untracked accept\n\
         prerouting ip protocol icmp ct state invalid notrack\n\
         prerouting ct state untracked return\nprerouting ip protocol vrrp notrack",
        "vrrp gre ping",
    ),
    case(
        "a script that cleans up",
        "iptables -t raw -C PREROUTING -p gre -j NOTRACK\niptables -t raw -D PREROUTING -p gre -j \
         NOTRACK\niptables -t raw -F\niptables -t raw -A PREROUTING -p gre -j NOTRACK",
        "",
        "gre",
    ),
    case(
        "a script that asks first",
        "set -e\niptables -t raw -N X 2>/dev/null || true\niptables -t raw -N X 2>/dev/null || true\n\
         iptables -t raw -C PREROUTING -j X 2>/dev/null || iptables -t raw -A PREROUTING -j X\n\
         iptables -t raw -C PREROUTING -j X 2>/dev/null && iptables -t raw -A X -p gre -j NOTRACK\n\
         iptables -t raw -C X -p gre -j NOTRACK || iptables -t raw -A X -p icmp -j NOTRACK",
        "",
        "gre",
    ),
    case(
        "a script that takes back",
        "iptables -t raw -A PREROUTING -p gre -j NOTRACK\n\
         iptables -t raw -A PREROUTING -p vrrp -m comment --comment a -j NOTRACK\n\
         iptables -t raw -A PREROUTING -p icmp -j NOTRACK\n\
         iptables -t raw -D PREROUTING -p vrrp -j NOTRACK >/dev/null 2>&1\n\
         iptables -t raw -D PREROUTING 1; iptables -t raw -D PREROUTING -p icmp -j NOTRACK\n\
         iptables -t raw -N X; iptables -t raw -A X -j NOTRACK\n\
         iptables -t raw -A PREROUTING -p udp -j X; iptables -t raw -F X; iptables -t raw -X X || :\n\
         iptables -t raw -E X Y; iptables -t raw -R PREROUTING 2 -p tcp --dport 22 -j NOTRACK\n\
         iptables -t raw -X; exit 0\niptables -t raw -F",
        "",
        "through-syn vrrp",
    ),
    case("n1", "", "prerouting iifname \"lo\" notrack\noutput oifname \"lo\" notrack", "loop"),
    case("n1, by address", "", "output ip saddr 127.0.0.0/8 notrack", "loop"),
    case("n1, by index", "", "prerouting iif lo notrack", ""),
    case(
        "n2",
        "",
        "table ip raw {\n\tchain prerouting {\n\
         \t\ttype filter hook prerouting priority raw; policy accept;\n\t}\n}\n\
         add rule ip raw prerouting tcp dport { 80, 443 } notrack\n",
        "syn ack",
    ),
    case("n3", "", "output ip daddr 10.0.0.9 tcp sport 443 notrack", "https-reply"),
    case(
        "n4",
        "",
        "table inet media_notrack {\n\tchain prerouting {\n\
         \t\ttype filter hook prerouting priority raw; policy accept;\n\
         \t\tudp dport 30000-40000 notrack\n\t}\n}\n",
        "media",
    ),
    case(
        "n5",
        "",
        "prerouting tcp dport 443 counter packets 1 bytes 60 notrack comment \
         \"vpnstack-xray-in-notrack\"",
        "syn",
    ),
    case(
        "n6",
        "",
        "table inet raw {\n\tchain prerouting {\n\
         \t\ttype filter hook prerouting priority -300; policy accept;\n\
         \t\tiifname \"eth1\" notrack comment \"Tailscale NOTRACK\"\n\t}\n}\n",
        "wireguard",
    ),
    case("n7", "", "prerouting notrack comment \"disable conntrack\"", ALL_THAT_ARRIVE),
    case(
        "n8",
        "",
        "table inet filter {\n\tchain input {\n\
         \t\ttype filter hook input priority -5; policy drop;\n\t\tiifname \"lo\" notrack accept\n\
         \t}\n}\n",
        "",
    ),
    case("a map of zones", "", "prerouting ct zone set iifname map { \"eth1\" : 3 }", "wireguard"),
    case(
        "verdicts by port",
        "",
        "prerouting udp dport vmap { 53 : accept, 123 : continue, 6000-6100 : return }\n\
         prerouting udp dport { 53, 123, 6081 } notrack",
        "ntp",
    ),
    case(
        "a large set",
        "",
        "prerouting udp dport != { 1-52, 54-4788, 4790-6080, 6082, 6083-65535 } notrack\n\
         prerouting udp dport < 54 accept\nprerouting udp dport > 6080 notrack",
        "dns node-dns media vxlan geneve statsd wireguard",
    ),
];

/// The sets of the rules that ask for one, as `ipset save` prints them.
pub const IPSETS: &str = "create MOH hash:ip,port family inet hashsize 1024 maxelem 65536\n\
    add MOH 192.0.2.1,udp:5004\ncreate listeners hash:ip,port family inet\n\
    add listeners 192.0.2.1,udp:5004\ncreate none hash:ip,port family inet\n\
    create both list:set size 8\nadd both none\nadd both listeners\n\
    create nets hash:ip family inet netmask 24\nadd nets 10.0.0.0\n\
    create mapped bitmap:ip range 10.0.0.0/16 netmask 24\nadd mapped 10.0.0.0\n\
    create ports bitmap:port range 0-65535\nadd ports 4000\n";
