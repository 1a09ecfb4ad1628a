//! The words with which matches of nft begin, decided or not.

use std::ops::Range;

use crate::diagnostic::Fault;
use crate::rules::names::lists;
use crate::rules::words::Word;

/// The words that stand before a field.
pub(super) const HEADERS: [&str; 11] =
    ["meta", "ip", "ip6", "tcp", "udp", "udplite", "sctp", "dccp", "th", "icmp", "icmpv6"];

/// Words of nft that begin a match and that this version does not decide.
const OTHER_KEYS: &str = "ah arp comp ct dccp dst ether esp exthdr fib frag gre hbh igmp ipsec mark mh \
    nfproto numgen osf rt socket time tunnel vlan";

/// Statements of nft that this version does not decide.
const OTHER_STATEMENTS: &str = "add delete dup flow fwd last limit masquerade meter notify queue \
    quota redirect reject set synproxy snat dnat tproxy update";

/// What nft knows and this version does not decide.
pub(in super::super) fn unsupported(span: Range<usize>, name: &str) -> Fault {
    Fault::new(span, format!("`{name}` is not supported by this version"))
        .label("known, but not decided here yet")
        .undecided()
}

pub(super) fn unknown(first: &Word) -> Fault {
    let text = first.text.as_str();
    if lists(OTHER_KEYS, text) || lists(OTHER_STATEMENTS, text) {
        return unsupported(first.span.clone(), text);
    }
    if text.starts_with('$') {
        return Fault::new(first.span.clone(), "variables are not looked up")
            .help("give the output of `nft list ruleset`");
    }
    let known = ["notrack", "accept", "drop", "return", "jump", "goto", "counter", "comment"];
    let known = known.into_iter().chain(["iif", "iifname", "oif", "oifname"]).chain(HEADERS);
    Fault::new(first.span.clone(), format!("unknown statement `{text}`"))
        .label("neither a match nor a statement")
        .did_you_mean(text, known)
}

/// The fields of a header, decided or not.
pub(super) fn fields(header: &str) -> impl Iterator<Item = &'static str> {
    let fields = match header {
        "meta" => {
            "iif iifname oif oifname l4proto nfproto protocol mark pkttype length skuid skgid \
            cgroup iifgroup oifgroup iiftype oiftype priority cpu random time day hour"
        }
        "ip" => {
            "saddr daddr protocol version hdrlength dscp ecn length id frag-off ttl checksum option"
        }
        "ip6" => "saddr daddr nexthdr version dscp ecn flowlabel length hoplimit",
        "icmp" | "icmpv6" => "type code checksum id sequence mtu gateway",
        "tcp" => "sport dport flags sequence ackseq doff reserved window checksum urgptr option",
        _ => "sport dport length checksum vtag type",
    };
    fields.split_whitespace()
}

/// Whether nft knows the field.
pub(super) fn is_known(header: &str, field: &str) -> bool {
    fields(header).any(|known| known == field)
}
