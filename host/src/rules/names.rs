//! The words of iptables: protocols, services, options, matches and targets.

/// What an option asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opt {
    Source,
    Destination,
    Input,
    Output,
    Protocol,
    Module,
    Jump,
    Goto,
    Counters,
    SourcePort,
    DestinationPort,
    SourcePorts,
    DestinationPorts,
    EitherPorts,
    Comment,
    NoTrack,
    Zone,
    /// A zone of packets of one direction alone.
    OneWayZone,
    Timeout,
    Helper,
    CtEvents,
    ExpectationEvents,
    /// Of [`FULL`].
    Class,
    /// Of [`FULL`].
    Bypass,
    /// An option of a target that only records, without a value.
    RecordFlag,
    /// The same, with a value.
    RecordValue,
    /// Of `-m conntrack`.
    CtState,
    /// Of `-m state`.
    State,
    PhysdevIn,
    PhysdevOut,
    /// That a packet crosses a bridge.
    PhysdevIs,
    /// Of IPv4.
    IcmpType,
    /// Of IPv6.
    Icmpv6Type,
    /// Of `-p tcp`.
    Syn,
    /// Of `-p tcp`.
    TcpFlags,
    /// Of `-m addrtype`.
    SourceType,
    /// Of `-m addrtype`.
    DestinationType,
    /// Of `-m iprange`.
    SourceRange,
    /// Of `-m iprange`.
    DestinationRange,
    /// Of `-m set`.
    MatchSet,
    /// Of `-m length`.
    Length,
    /// Of `-m pkttype`.
    PacketKind,
    /// Of `-m mark`.
    Mark,
    /// Of [`MARK`], as those below.
    SetMark,
    SetXmark,
    AndMark,
    OrMark,
    XorMark,
}

/// The options that this version decides, by all their names.
pub(super) const OPTIONS: &[(&str, Opt)] = &[
    ("-s", Opt::Source),
    ("--source", Opt::Source),
    ("--src", Opt::Source),
    ("-d", Opt::Destination),
    ("--destination", Opt::Destination),
    ("--dst", Opt::Destination),
    ("-i", Opt::Input),
    ("--in-interface", Opt::Input),
    ("-o", Opt::Output),
    ("--out-interface", Opt::Output),
    ("-p", Opt::Protocol),
    ("--protocol", Opt::Protocol),
    ("--proto", Opt::Protocol),
    ("-m", Opt::Module),
    ("--match", Opt::Module),
    ("-j", Opt::Jump),
    ("--jump", Opt::Jump),
    ("-g", Opt::Goto),
    ("--goto", Opt::Goto),
    ("-c", Opt::Counters),
    ("--set-counters", Opt::Counters),
    ("--sport", Opt::SourcePort),
    ("--source-port", Opt::SourcePort),
    ("--dport", Opt::DestinationPort),
    ("--destination-port", Opt::DestinationPort),
    ("--sports", Opt::SourcePorts),
    ("--source-ports", Opt::SourcePorts),
    ("--dports", Opt::DestinationPorts),
    ("--destination-ports", Opt::DestinationPorts),
    ("--ports", Opt::EitherPorts),
    ("--comment", Opt::Comment),
    ("--notrack", Opt::NoTrack),
    ("--zone", Opt::Zone),
    ("--zone-orig", Opt::OneWayZone),
    ("--zone-reply", Opt::OneWayZone),
    ("--timeout", Opt::Timeout),
    ("--helper", Opt::Helper),
    ("--ctevents", Opt::CtEvents),
    ("--expevents", Opt::ExpectationEvents),
    ("--class", Opt::Class),
    ("--bypass", Opt::Bypass),
    ("--log-tcp-sequence", Opt::RecordFlag),
    ("--log-tcp-options", Opt::RecordFlag),
    ("--log-ip-options", Opt::RecordFlag),
    ("--log-uid", Opt::RecordFlag),
    ("--log-macdecode", Opt::RecordFlag),
    ("--log-prefix", Opt::RecordValue),
    ("--log-level", Opt::RecordValue),
    ("--nflog-prefix", Opt::RecordValue),
    ("--nflog-group", Opt::RecordValue),
    ("--nflog-range", Opt::RecordValue),
    ("--nflog-size", Opt::RecordValue),
    ("--nflog-threshold", Opt::RecordValue),
    ("--ctstate", Opt::CtState),
    ("--state", Opt::State),
    ("--physdev-in", Opt::PhysdevIn),
    ("--physdev-out", Opt::PhysdevOut),
    ("--physdev-is-in", Opt::PhysdevIs),
    ("--physdev-is-out", Opt::PhysdevIs),
    ("--physdev-is-bridged", Opt::PhysdevIs),
    ("--icmp-type", Opt::IcmpType),
    ("--icmpv6-type", Opt::Icmpv6Type),
    ("--syn", Opt::Syn),
    ("--tcp-flags", Opt::TcpFlags),
    ("--src-type", Opt::SourceType),
    ("--dst-type", Opt::DestinationType),
    ("--src-range", Opt::SourceRange),
    ("--dst-range", Opt::DestinationRange),
    ("--match-set", Opt::MatchSet),
    ("--set", Opt::MatchSet),
    ("--length", Opt::Length),
    ("--pkt-type", Opt::PacketKind),
    ("--mark", Opt::Mark),
    ("--set-mark", Opt::SetMark),
    ("--set-xmark", Opt::SetXmark),
    ("--and-mark", Opt::AndMark),
    ("--or-mark", Opt::OrMark),
    ("--xor-mark", Opt::XorMark),
];

/// Options that iptables knows without `-m` and that this version does not decide.
pub(super) const OTHER_OPTIONS: &str = "-f --fragment --tcp-option --chunk-types \
    --dccp-types --dccp-option --ahspi --ahlen --ahres --espspi --mh-type --ctproto --ctorigsrc \
    --ctorigdst --ctreplsrc --ctrepldst --ctorigsrcport --ctorigdstport --ctreplsrcport \
    --ctrepldstport --ctstatus --ctexpire --ctdir --limit-iface-in --limit-iface-out \
    --return-nomatch";

/// Helpers of Linux that this version does not have.
pub(super) const OTHER_HELPERS: &str = "amanda H.245 irc netbios-ns pptp Q.931 RAS sane sip snmp \
    snmp_trap tftp";

/// The events of `--ctevents`.
pub(super) const EVENTS: &[&str] = &[
    "new",
    "related",
    "destroy",
    "reply",
    "assured",
    "protoinfo",
    "helper",
    "mark",
    "natseqinfo",
    "secmark",
];

/// Those of `--expevents`.
pub(super) const EXPECTATION_EVENTS: &[&str] = &["new"];

/// The matches that this version decides.
pub(super) const MATCHES: &[&str] = &["tcp", "udp", "sctp", "udplite", "multiport", "comment"];

/// Those that it decides besides for a bridge: of its ports.
pub(super) const BRIDGE_MATCHES: &[&str] = &["physdev"];

/// Those that it decides besides for a host's raw table.
pub(super) const HOST_MATCHES: &[&str] = &[
    "addrtype",
    "conntrack",
    "icmp",
    "icmp6",
    "icmpv6",
    "iprange",
    "length",
    "mark",
    "pkttype",
    "set",
    "state",
];

/// Those that it decides besides in the filter table.
pub(super) const FILTER_MATCHES: &[&str] = &["conntrack", "state", "icmp", "icmp6", "icmpv6"];

/// Matches of iptables that this version does not decide.
pub(super) const OTHER_MATCHES: &str = "addrtype ah bpf cgroup cluster connbytes connlabel \
    connlimit connmark conntrack cpu dccp devgroup dscp dst ecn esp eui64 frag geoip hashlimit hbh \
    helper hl icmp icmp6 icmpv6 iprange ipv6header ipvs length limit mac mark mh nfacct osf owner \
    physdev pkttype policy quota rateest realm recent rpfilter rt set socket state statistic \
    string tcpmss time tos ttl u32";

/// The targets that this version decides; chains come beside them.
pub(super) const TARGETS: &[&str] =
    &["NOTRACK", "CT", "ACCEPT", "DROP", "RETURN", "LOG", "NFLOG", "TRACE"];

/// A target that iptables does not have. So it may be the name of a chain, and is one where none of
/// the target's options follows.
pub(super) const FULL: &str = "FULL";

/// A target that only a host's raw table decides.
pub(super) const MARK: &str = "MARK";

/// Targets of iptables that this version does not decide, [`MARK`] where it does not.
pub(super) const OTHER_TARGETS: &str = "AUDIT CHECKSUM CLASSIFY CLUSTERIP CONNMARK CONNSECMARK \
    DNAT DNPT DSCP ECN HL HMARK IDLETIMER LED MARK MASQUERADE NETMAP NFQUEUE QUEUE RATEEST RAWDNAT \
    RAWSNAT REDIRECT REJECT SECMARK SET SNAT SNPT SYNPROXY TCPMSS TCPOPTSTRIP TEE TOS TPROXY TTL \
    ULOG";

/// Targets that a bridge has no use for, and why: it carries packets as they are.
pub(super) const REFUSED_TARGETS: &[(&str, &str, &str)] = &[
    ("REJECT", "a bridge sends nothing of its own", "write `-j DROP`: the sender gets no answer"),
    ("DNAT", NO_NAT, NO_NAT_HELP),
    ("DNPT", NO_NAT, NO_NAT_HELP),
    ("MASQUERADE", NO_NAT, NO_NAT_HELP),
    ("NETMAP", NO_NAT, NO_NAT_HELP),
    ("RAWDNAT", NO_NAT, NO_NAT_HELP),
    ("RAWSNAT", NO_NAT, NO_NAT_HELP),
    ("REDIRECT", NO_NAT, NO_NAT_HELP),
    ("SNAT", NO_NAT, NO_NAT_HELP),
    ("SNPT", NO_NAT, NO_NAT_HELP),
];

const NO_NAT: &str = "a bridge changes no address";
const NO_NAT_HELP: &str = "leave it out, and let the router beside the gateway translate";

/// The tables of iptables.
pub(super) const TABLES: &[&str] = &["raw", "filter", "nat", "mangle", "security"];

/// Names of protocols (IANA's protocol numbers, in the spelling of `/etc/protocols`).
pub(super) const PROTOCOLS: &[(&str, u8)] = &[
    ("all", 0),
    ("ip", 0),
    ("hopopt", 0),
    ("icmp", 1),
    ("igmp", 2),
    ("ggp", 3),
    ("ipencap", 4),
    ("ipip", 4),
    ("ipv4", 4),
    ("st", 5),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("pup", 12),
    ("udp", 17),
    ("hmp", 20),
    ("xns-idp", 22),
    ("rdp", 27),
    ("iso-tp4", 29),
    ("dccp", 33),
    ("xtp", 36),
    ("ddp", 37),
    ("idpr-cmtp", 38),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("idrp", 45),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ipsec-esp", 50),
    ("ah", 51),
    ("ipsec-ah", 51),
    ("skip", 57),
    ("ipv6-icmp", 58),
    ("icmpv6", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("rspf", 73),
    ("vmtp", 81),
    ("eigrp", 88),
    ("ospf", 89),
    ("ospfigp", 89),
    ("ax.25", 93),
    ("etherip", 97),
    ("encap", 98),
    ("pim", 103),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("isis", 124),
    ("sctp", 132),
    ("fc", 133),
    ("mobility-header", 135),
    ("ipv6-mh", 135),
    ("mh", 135),
    ("udplite", 136),
    ("mpls-in-ip", 137),
    ("manet", 138),
    ("hip", 139),
    ("shim6", 140),
    ("wesp", 141),
    ("rohc", 142),
    ("ethernet", 143),
];

/// Names of services that rules are written for (IANA's port numbers).
pub(super) const SERVICES: &[(&str, u16)] = &[
    ("echo", 7),
    ("discard", 9),
    ("daytime", 13),
    ("chargen", 19),
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("mail", 25),
    ("time", 37),
    ("whois", 43),
    ("tacacs", 49),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("finger", 79),
    ("http", 80),
    ("www", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("auth", 113),
    ("nntp", 119),
    ("ntp", 123),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("netbios-ssn", 139),
    ("imap2", 143),
    ("imap", 143),
    ("snmp", 161),
    ("snmp-trap", 162),
    ("snmptrap", 162),
    ("bgp", 179),
    ("irc", 194),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("submissions", 465),
    ("isakmp", 500),
    ("syslog", 514),
    ("router", 520),
    ("route", 520),
    ("dhcpv6-client", 546),
    ("dhcpv6-server", 547),
    ("rtsp", 554),
    ("submission", 587),
    ("ldaps", 636),
    ("domain-s", 853),
    ("rsync", 873),
    ("imaps", 993),
    ("pop3s", 995),
    ("openvpn", 1194),
    ("ms-sql-s", 1433),
    ("radius", 1812),
    ("radius-acct", 1813),
    ("nfs", 2049),
    ("mysql", 3306),
    ("ms-wbt-server", 3389),
    ("ipsec-nat-t", 4500),
    ("sip", 5060),
    ("sip-tls", 5061),
    ("mdns", 5353),
    ("postgresql", 5432),
    ("amqp", 5672),
    ("redis", 6379),
    ("http-alt", 8080),
];

/// Whether `name` is one of the words of `list`.
pub(super) fn lists(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|word| word == name)
}
