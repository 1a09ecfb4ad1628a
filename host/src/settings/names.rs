//! The names of conntrack's settings, of all Linux versions: what each does here, or why nothing.

use keeptrack_core::Timeout;

use crate::diagnostic::nearest;

/// What a setting does here.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effect {
    /// How long entries live.
    Timeout(Timeout),
    /// How many entries there may be.
    Max,
    /// How many buckets Linux's hash has.
    Buckets,
    /// The module's option `hashsize`: buckets, and by it the limit.
    HashSize,
    /// Whether packets and bytes are counted.
    Acct,
    /// Whether it is known when a connection began.
    Timestamp,
    /// Whether TCP connections are picked up in their middle.
    Loose,
    /// Whether TCP segments outside of the windows are accepted.
    BeLiberal,
    /// Whether resets of TCP with a wrong number are passed over.
    IgnoreInvalidRst,
    /// From how many retransmissions on a TCP connection lives no longer than
    /// [`Timeout::TcpMaxRetrans`].
    MaxRetrans,
    /// Whether the check sums of what arrives are verified.
    Checksum,
    /// How many connections may be expected.
    ExpectMax,
    /// How parts of datagrams wait for the others.
    Frag(Frag),
    /// None: it is how many entries there were.
    Reading,
    /// None.
    Without(Without),
}

/// What a setting says of parts of datagrams.
#[derive(Debug, Clone, Copy)]
pub(super) enum Frag {
    /// How many seconds those of IPv4 wait.
    Time,
    /// How many bytes Linux may book for those of IPv4.
    HighThresh,
    /// How many others an IPv4 source may send between two of a datagram.
    MaxDist,
    /// How many seconds those of IPv6 wait.
    Time6,
    /// How many bytes Linux may book for those of IPv6.
    HighThresh6,
}

/// A setting without an effect here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Without {
    /// Why.
    pub(super) why: &'static str,
    /// The values that change nothing: what Linux versions have by themselves, or what is done
    /// here anyway. Empty: that is another value on each machine.
    pub(super) usual: &'static [u64],
}

/// A name as a file has it.
#[derive(Debug)]
pub(super) enum Name {
    /// It is not conntrack's.
    Other,
    /// As Linux calls it today.
    Known(String, Effect),
    /// Like one of conntrack's, but none of them; perhaps one that it was to be.
    Unknown(Option<String>),
}

/// The folders of the names, and of each how they begin there. `sysctl` and /proc/sys agree.
const FOLDERS: [(&str, &[&str]); 5] = [
    // As in the folder itself, or typed.
    ("", &[NOW, OLD, FLOWTABLE, IPFRAG]),
    ("net.netfilter.", &[NOW, FLOWTABLE]),
    ("net.", &["nf_conntrack_max", "ip_conntrack_max"]),
    ("net.ipv4.", &[OLD, IPFRAG]),
    ("net.ipv4.netfilter.", &[OLD]),
];

const NOW: &str = "nf_conntrack_";
const OLD: &str = "ip_conntrack_";
const FLOWTABLE: &str = "nf_flowtable_";
/// IPv4's own, of the queues that conntrack shares with it.
const IPFRAG: &str = "ipfrag_";
/// The option of the module that sets buckets and limit.
pub(super) const HASH_SIZE: &str = "hashsize";
/// What `/sys/module/nf_conntrack/parameters/hashsize` sets.
const HASHSIZE_FILES: [&str; 2] = [
    "/sys/module/nf_conntrack/parameters/hashsize",
    "/sys/module/ip_conntrack/parameters/hashsize",
];

const fn without(why: &'static str, usual: &'static [u64]) -> Effect {
    Effect::Without(Without { why, usual })
}

const NO_WINDOW_CHECK: &str =
    "only OpenWrt has it: windows are checked here, and tcp_be_liberal lets most pass";
const SYN_SENT2: &str = "only a timeout policy sets it in Linux 6.18";
const HELPER: &str = "Linux has it no longer since 6.0: a rule assigns helpers, `CT --helper`";
const LOW_THRESH: &str = "Linux does not look at it since 4.17";
const DCCP: &str = "DCCP is not tracked here, it has the generic timeout";
const UDPLITE: &str = "UDP-Lite has the timeouts of UDP";
const FLOWS: &str = "flows are not offloaded here";

/// All names but those of timeouts, behind `nf_conntrack_`. Values: Linux 2.6.18 to 6.18.
const NAMES: [(&str, Effect); 32] = [
    ("acct", Effect::Acct),
    ("buckets", Effect::Buckets),
    ("checksum", Effect::Checksum),
    ("count", Effect::Reading),
    ("dccp_loose", without(DCCP, &[1])),
    ("dccp_timeout_closereq", without(DCCP, &[64])),
    ("dccp_timeout_closing", without(DCCP, &[64])),
    ("dccp_timeout_open", without(DCCP, &[43_200])),
    ("dccp_timeout_partopen", without(DCCP, &[480])),
    ("dccp_timeout_request", without(DCCP, &[240])),
    ("dccp_timeout_respond", without(DCCP, &[480])),
    ("dccp_timeout_timewait", without(DCCP, &[240])),
    ("events", without("`-o events` is what tells events here", &[1, 2])),
    ("events_retry_timeout", without("no event is lost here", &[15])),
    ("expect_max", Effect::ExpectMax),
    ("frag6_high_thresh", Effect::Frag(Frag::HighThresh6)),
    ("frag6_low_thresh", without(LOW_THRESH, &[196_608, 3_145_728])),
    ("frag6_timeout", Effect::Frag(Frag::Time6)),
    ("helper", without(HELPER, &[0])),
    ("log_invalid", without("`-o packets` is what tells INVALID packets here", &[0])),
    ("max", Effect::Max),
    ("sctp_timeout_heartbeat_acked", without("Linux 6.18 has no such state", &[210])),
    // OpenWrt's.
    ("skip_filter", without("no filter is passed here", &[0, 1])),
    ("tcp_be_liberal", Effect::BeLiberal),
    ("tcp_ignore_invalid_rst", Effect::IgnoreInvalidRst),
    ("tcp_loose", Effect::Loose),
    ("tcp_max_retrans", Effect::MaxRetrans),
    // OpenWrt's.
    ("tcp_no_window_check", without(NO_WINDOW_CHECK, &[0])),
    ("tcp_timeout_syn_sent2", without(SYN_SENT2, &[120])),
    ("timestamp", Effect::Timestamp),
    ("udplite_timeout", without(UDPLITE, &[30])),
    ("udplite_timeout_stream", without(UDPLITE, &[180])),
];

/// Those of flow tables, behind `nf_flowtable_`.
const FLOWTABLE_NAMES: [(&str, &[u64]); 4] =
    [("tcp_pickup", &[120]), ("tcp_timeout", &[30]), ("udp_pickup", &[30]), ("udp_timeout", &[30])];

/// Those of the queues for parts of IPv4, behind `ipfrag_`.
const IPFRAG_NAMES: [(&str, Effect); 5] = [
    ("high_thresh", Effect::Frag(Frag::HighThresh)),
    ("low_thresh", without(LOW_THRESH, &[196_608, 3_145_728])),
    ("max_dist", Effect::Frag(Frag::MaxDist)),
    ("secret_interval", without("Linux does not look at it since 4.17", &[0, 600])),
    ("time", Effect::Frag(Frag::Time)),
];

impl Name {
    /// Which setting `key` names: with dots or slashes between folders, with or without /proc/sys.
    pub(super) fn of(key: &str) -> Self {
        if HASHSIZE_FILES.contains(&key) {
            return Self::Known(format!("{NOW}buckets"), Effect::Buckets);
        }
        let key = key.strip_prefix("/proc/sys/").unwrap_or(key).replace('/', ".");
        let start = key.rfind('.').map_or(0, |dot| dot + 1);
        let Some((folder, last)) = key.split_at_checked(start) else { return Self::Other };
        let begins = [NOW, OLD, FLOWTABLE, IPFRAG];
        let Some(begin) = begins.into_iter().find(|begin| last.starts_with(begin)) else {
            return Self::misspelt(folder, last);
        };
        let end = last.get(begin.len()..).unwrap_or_default();
        let (begin, effect) = match begin {
            FLOWTABLE => (FLOWTABLE, flowtable_effect(end)),
            IPFRAG => (IPFRAG, named(&IPFRAG_NAMES, end)),
            _ => (NOW, effect(end)),
        };
        let Some(effect) = effect else {
            let meant = nearest(end, all_names(begin));
            return Self::Unknown(meant.map(|end| format!("{begin}{end}")));
        };
        let name = format!("{begin}{end}");
        let is_there = FOLDERS.iter().any(|(known, begins)| {
            *known == folder && begins.iter().any(|begin| last.starts_with(begin))
        });
        if is_there {
            Self::Known(name, effect)
        } else {
            let folder = if begin == IPFRAG { "net.ipv4." } else { "net.netfilter." };
            Self::Unknown(Some(format!("{folder}{name}")))
        }
    }

    /// The option of the module that sets buckets and limit.
    pub(super) fn hash_size() -> Self {
        Self::Known(HASH_SIZE.to_owned(), Effect::HashSize)
    }

    /// Not conntrack's, unless it stands among its names and looks like one of them.
    fn misspelt(folder: &str, last: &str) -> Self {
        if !matches!(folder, "" | "net.netfilter.") || !last.starts_with("nf_") {
            return Self::Other;
        }
        let names: Vec<String> =
            all_names(NOW).into_iter().map(|end| format!("{NOW}{end}")).collect();
        match nearest(last, names.iter().map(String::as_str)) {
            Some(name) => Self::Unknown(Some(name.to_owned())),
            None => Self::Other,
        }
    }
}

/// Whether a name like conntrack's stands anywhere in a text.
pub(super) fn stand_in(text: &str) -> bool {
    [NOW, OLD, FLOWTABLE, HASH_SIZE].iter().any(|begin| text.contains(begin))
}

/// The setting that ends so, for those who leave out how all begin.
pub(super) fn ending(end: &str) -> Option<String> {
    effect(end).map(|_| format!("{NOW}{end}"))
}

fn effect(end: &str) -> Option<Effect> {
    let timeout = || Timeout::ALL.iter().find(|timeout| timeout.name() == end);
    named(&NAMES, end).or_else(|| timeout().map(|&timeout| Effect::Timeout(timeout)))
}

fn named(names: &[(&str, Effect)], end: &str) -> Option<Effect> {
    names.iter().find(|(name, _)| *name == end).map(|&(_, effect)| effect)
}

fn flowtable_effect(end: &str) -> Option<Effect> {
    let mut names = FLOWTABLE_NAMES.iter();
    names.find(|(name, _)| *name == end).map(|&(_, usual)| without(FLOWS, usual))
}

/// How all names end that begin so.
fn all_names(begin: &str) -> Vec<&'static str> {
    if begin == FLOWTABLE {
        return FLOWTABLE_NAMES.iter().map(|&(name, _)| name).collect();
    }
    if begin == IPFRAG {
        return IPFRAG_NAMES.iter().map(|&(name, _)| name).collect();
    }
    let timeouts = Timeout::ALL.iter().map(|timeout| timeout.name());
    NAMES.iter().map(|&(name, _)| name).chain(timeouts).collect()
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_of_all_versions_are_known_where_linux_has_them() {
        let cases = [
            ("net.netfilter.nf_conntrack_max", "=nf_conntrack_max"),
            ("net/netfilter/nf_conntrack_udp_timeout", "=nf_conntrack_udp_timeout"),
            ("/proc/sys/net/netfilter/nf_conntrack_acct", "=nf_conntrack_acct"),
            ("/sys/module/nf_conntrack/parameters/hashsize", "=nf_conntrack_buckets"),
            ("nf_conntrack_gre_timeout_stream", "=nf_conntrack_gre_timeout_stream"),
            ("net.nf_conntrack_max", "=nf_conntrack_max"),
            ("net.ipv4.ip_conntrack_max", "=nf_conntrack_max"),
            ("net.ipv4.netfilter.ip_conntrack_tcp_loose", "=nf_conntrack_tcp_loose"),
            ("net.netfilter.nf_flowtable_udp_timeout", "=nf_flowtable_udp_timeout"),
            ("net.ipv4.ipfrag_time", "=ipfrag_time"),
            ("net.ipv4.ipfrag_tim", "?ipfrag_time"),
            ("net.netfilter.ipfrag_time", "?net.ipv4.ipfrag_time"),
            ("net.nf_conntrack_acct", "?net.netfilter.nf_conntrack_acct"),
            ("net.ipv4.nf_conntrack_max", "?net.netfilter.nf_conntrack_max"),
            ("net.netfilter.ip_conntrack_max", "?net.netfilter.nf_conntrack_max"),
            ("net.netfilter.nf_conntrack_mx", "?nf_conntrack_max"),
            (
                "net.netfilter.nf_conntrack_sctp_timeout_shutdown_ack_snt",
                "?nf_conntrack_sctp_timeout_shutdown_ack_sent",
            ),
            ("net.netfilter.nf_contrack_max", "?nf_conntrack_max"),
            ("net.netfilter.nf_flowtable_tcp_timout", "?nf_flowtable_tcp_timeout"),
            ("udp_timeout", ""),
            ("max", ""),
            ("net.netfilter.nf_conntrack_quux_and_more", "?"),
            ("net.netfilter.nf_hooks_lwtunnel", ""),
            ("net.netfilter.nf_log_all_netns", ""),
            ("net.ipv4.ip_forward", ""),
            ("net.ipv4.tcp_max_orphans", ""),
            ("", ""),
        ];
        for (key, expected) in cases {
            let shown = match Name::of(key) {
                Name::Other => String::new(),
                Name::Known(name, _) => format!("={name}"),
                Name::Unknown(meant) => format!("?{}", meant.unwrap_or_default()),
            };
            assert_eq!(shown, expected, "{key}");
        }
    }
}
