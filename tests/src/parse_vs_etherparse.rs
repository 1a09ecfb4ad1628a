//! The parser against etherparse's lax one: whole, cut and damaged packets are read alike.
//!
//! Where the two may differ, by our own rules:
//! - Lengths: an IPv4 total length below the header length is refused, but for 0, which offload
//!   leaves there; so is it in IPv6 in front of TCP and UDP only. etherparse takes what is captured.
//! - The version of IP must be the one that the link announces.
//! - An authentication header is walked in IPv6 only, and one without a check value too; hop-by-hop
//!   options wherever they stand. Linux does so.
//! - ICMP of the other family, its unknown types, and a UDP length that the packet has no room for
//!   are malformed. etherparse has no opinion.
//! - TCP options: an unknown one, at which etherparse ends, is skipped.
//! - The tag 0x9200, PPPoE, MPLS, and LLC with SNAP are skipped; etherparse does not know them.
//! - Options that the capture cut off are not missed, neither TCP's nor IPv4's.

mod frames;

use etherparse::{
    IpNumber, Ipv6ExtensionSlice, LaxNetSlice, LaxSlicedPacket, TcpOptionElement, TcpSlice,
    TransportSlice, UdpSlice,
};
use keeptrack_core::{
    Ends, Header, Inner, LinkType, Malformed, Packet, ParseError, Protocol, Tcp, Transport,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use frames::{framed, links, packets};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn whole_packets_are_read_alike(link in links(), packet in packets()) {
        compare(link, &framed(link, &packet), Damage::None)?;
    }

    #[test]
    fn cut_and_damaged_packets_are_read_alike(
        link in links(),
        packet in packets(),
        flips in vec((any::<Index>(), any::<u8>()), 0..4),
        cut in any::<Index>(),
        padding in 0_usize..8,
    ) {
        let mut frame = framed(link, &packet);
        frame.resize(frame.len() + padding, 0);
        for (at, flip) in flips {
            // Headers are where damage tells: half of it goes into the first 80 bytes.
            let end = if flip & 1 == 0 { frame.len() } else { frame.len().min(80) };
            frame[at.index(end)] ^= flip;
        }
        compare(link, &frame, Damage::Some)?;
        frame.truncate(cut.index(frame.len()));
        compare(link, &frame, Damage::Some)?;
    }

    #[test]
    fn noise_is_read_alike(link in links(), frame in vec(any::<u8>(), 0..120)) {
        compare(link, &frame, Damage::Some)?;
    }
}

/// Behind every frame there may have been as much as any packet can state.
const CUT_LEN: u16 = u16::MAX;

/// Whether a frame is as it was built.
#[derive(Clone, Copy, PartialEq)]
enum Damage {
    None,
    Some,
}

/// Reads `frame` in both ways and says where they differ.
fn compare(link: LinkType, frame: &[u8], damage: Damage) -> Result<(), TestCaseError> {
    let ours = Packet::parse_cut(link, frame, CUT_LEN.into());
    let theirs = etherparse(link, frame);
    let Some((ip, theirs)) = theirs.and_then(|read| Some((Ip::of(&read)?, read))) else {
        prop_assert!(damage == Damage::Some);
        let options_are_cut = ours.is_ok_and(|packet| packet.tuple.source.is_ipv4());
        let is_unknown = link == LinkType::Ethernet && frame.chunks(4).any(is_unknown_type);
        prop_assert!(ours.is_err() || options_are_cut || is_unknown, "only ours: {ours:?}");
        return Ok(());
    };
    match ours {
        // Linux's bridge looks into the options, whatever they are; etherparse does not.
        Err(ParseError::HopByHop) => {
            prop_assert_eq!(ip.version, 6);
            return Ok(());
        }
        _ => prop_assert!(damage == Damage::Some || ours.is_ok() || ip.stated_len == 0, "{ours:?}"),
    }
    match ours {
        Err(ParseError::Cut { header, .. }) => {
            prop_assert!(!ip.is_whole || ip.stated_len == 0, "{header} cut, and all is there");
            let is_behind_icmp = matches!(header, Header::Inner | Header::Redirect);
            prop_assert!(is_behind_icmp || theirs.transport.is_none(), "{header} is there");
        }
        Err(ParseError::IpTotalLen(len)) => prop_assert!(usize::from(len) < ip.header_len),
        Err(ParseError::IpVersion(version)) => prop_assert_eq!(version, ip.version),
        Err(why) => return Err(TestCaseError::fail(format!("etherparse reads it: {why}"))),
        Ok(packet) => {
            prop_assert_eq!(packet.tuple.source, ip.source);
            prop_assert_eq!(packet.tuple.destination, ip.destination);
            if ip.stated_len != 0 {
                prop_assert_eq!(packet.len, ip.stated_len);
            }
            compare_transport(&packet, &theirs, &ip)?;
        }
    }
    Ok(())
}

/// Whether four bytes begin a header that etherparse does not know. Types stand at multiples of four.
const fn is_unknown_type(four: &[u8]) -> bool {
    matches!(
        four,
        [0x92, 0, ..] | [0x88, 0x47 | 0x48 | 0x64, ..] | [..6, _, 0xaa, 0xaa] | [..6, _, 6, 6]
    )
}

/// What IP carries, where the addresses are the same.
fn compare_transport(
    packet: &Packet<'_>,
    theirs: &LaxSlicedPacket<'_>,
    ip: &Ip,
) -> Result<(), TestCaseError> {
    if ip.is_authenticated_ipv4 {
        let later = Transport::Malformed(Malformed::Fragment);
        prop_assert!([Transport::Other, later].contains(&packet.transport), "{packet:?}");
        return Ok(());
    }
    let is_walked =
        !matches!(packet.transport, Transport::Malformed(Malformed::Fragment | Malformed::Header));
    if is_walked && theirs.stop_err.is_none() && !ip.is_unstated_other {
        prop_assert_eq!(packet.tuple.protocol.0, ip.protocol);
    }
    match (&theirs.transport, packet.transport) {
        _ if ip.is_unstated_other => {}
        (_, ours) if ip.is_later_fragment => {
            prop_assert_eq!(ours, Transport::Malformed(Malformed::Fragment));
        }
        (Some(TransportSlice::Tcp(theirs)), Transport::Tcp(ours)) => {
            prop_assert_eq!(
                packet.tuple.ends,
                ports(theirs.source_port(), theirs.destination_port())
            );
            compare_tcp(&ours, theirs, ip)?;
        }
        (Some(TransportSlice::Udp(theirs)), ours) => compare_udp(packet, ours, theirs, ip)?,
        (Some(TransportSlice::Icmpv4(theirs)), ours) if ip.version == 4 => {
            let code = theirs.code_u8();
            let message = Message { kind: theirs.type_u8(), code, bytes: theirs.slice() };
            compare_icmp(packet, ours, &message)?;
        }
        (Some(TransportSlice::Icmpv6(theirs)), ours) if ip.version == 6 => {
            let code = theirs.code_u8();
            let message = Message { kind: theirs.type_u8(), code, bytes: theirs.slice() };
            compare_icmp(packet, ours, &message)?;
        }
        (Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_)), ours) => {
            prop_assert_eq!(ours, Transport::Malformed(Malformed::IcmpFamily));
        }
        (Some(TransportSlice::Igmp(_)), ours) => prop_assert_eq!(ours, Transport::Other),
        (Some(TransportSlice::Tcp(_)), ours) => {
            return Err(TestCaseError::fail(format!("TCP for etherparse, but {ours:?}")));
        }
        (None, Transport::Malformed(Malformed::Fragment)) => {
            prop_assert!(ip.is_fragment || theirs.stop_err.is_some());
        }
        (None, Transport::Tcp(_) | Transport::Udp | Transport::Query | Transport::Error(_)) => {
            let unread = ip.is_fragment || !ip.is_whole || theirs.stop_err.is_some();
            let udplite = packet.tuple.protocol == Protocol::UDPLITE;
            prop_assert!(unread || udplite, "{packet:?}");
        }
        (None, _) => {}
    }
    Ok(())
}

fn compare_tcp(ours: &Tcp, theirs: &TcpSlice<'_>, ip: &Ip) -> Result<(), TestCaseError> {
    prop_assert_eq!(ours.seq, theirs.sequence_number());
    prop_assert_eq!(ours.ack, theirs.acknowledgment_number());
    prop_assert_eq!(ours.window, theirs.window_size());
    let flags = [
        theirs.fin(),
        theirs.syn(),
        theirs.rst(),
        theirs.psh(),
        theirs.ack(),
        theirs.urg(),
        theirs.ece(),
        theirs.cwr(),
    ];
    let flags = flags.iter().rev().fold(0, |bits, &flag| bits << 1 | u8::from(flag));
    prop_assert_eq!(ours.flags.0, flags);
    let header_len = theirs.header_slice().len();
    let payload_len = match ip.stated_len {
        // What was on the wire counts.
        0 => theirs.payload().len() + usize::from(CUT_LEN),
        stated => stated as usize - ip.offset_of(theirs.slice()) - header_len,
    };
    prop_assert_eq!(ours.payload_len as usize, payload_len);

    let options: Vec<_> = theirs.options_iterator().collect();
    let Ok(options) = options.into_iter().collect::<Result<Vec<_>, _>>() else { return Ok(()) };
    let mut window_scale = None;
    let mut sack_permitted = false;
    let mut edges = Vec::new();
    for option in options {
        match option {
            TcpOptionElement::WindowScale(shift) => window_scale = Some(shift.min(14)),
            TcpOptionElement::SelectiveAcknowledgementPermitted => sack_permitted = true,
            // Of several the first counts.
            TcpOptionElement::SelectiveAcknowledgement(first, others) if edges.is_empty() => {
                edges.push(first.1);
                edges.extend(others.into_iter().flatten().map(|(_, right)| right));
            }
            _ => {}
        }
    }
    let furthest = edges.into_iter().fold(None, |furthest, edge| {
        let behind = furthest.unwrap_or(ours.ack).wrapping_sub(edge).cast_signed();
        if behind < 0 { Some(edge) } else { furthest }
    });
    prop_assert_eq!(ours.window_scale, window_scale);
    prop_assert_eq!(ours.sack_permitted, sack_permitted);
    prop_assert_eq!(ours.sack_right_edge, furthest);
    Ok(())
}

fn compare_udp(
    packet: &Packet<'_>,
    ours: Transport,
    theirs: &UdpSlice<'_>,
    ip: &Ip,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(packet.tuple.ends, ports(theirs.source_port(), theirs.destination_port()));
    let room = match ip.stated_len {
        0 => usize::MAX,
        stated => stated as usize - ip.offset_of(theirs.slice()),
    };
    let fits = (8..=room).contains(&usize::from(theirs.length()));
    let expected = if fits { Transport::Udp } else { Transport::Malformed(Malformed::UdpHeader) };
    prop_assert_eq!(ours, expected);
    Ok(())
}

/// An ICMP or ICMPv6 message as etherparse reads it.
struct Message<'a> {
    kind: u8,
    code: u8,
    bytes: &'a [u8],
}

fn compare_icmp(
    packet: &Packet<'_>,
    ours: Transport,
    theirs: &Message<'_>,
) -> Result<(), TestCaseError> {
    let Message { kind, code, bytes } = *theirs;
    match ours {
        Transport::Query => {
            let id = u16::from_be_bytes([bytes[4], bytes[5]]);
            prop_assert_eq!(packet.tuple.ends, Ends::Query { kind, code, id });
        }
        Transport::Error(Inner::Tuple(inner)) if kind != 137 => {
            // Linux does not ask for the version of what an error carries, and takes it for its own.
            let version = if inner.source.is_ipv4() { 4 } else { 6 };
            if bytes[8] >> 4 != version {
                return Ok(());
            }
            let Ok(carried) = LaxSlicedPacket::from_ip(&bytes[8..]) else {
                // Its options are cut off.
                prop_assert!(inner.source.is_ipv4(), "{inner:?}");
                return Ok(());
            };
            let Some(ip) = Ip::of(&carried) else { return Ok(()) };
            prop_assert_eq!((inner.source, inner.destination), (ip.source, ip.destination));
            let ends = match carried.transport {
                Some(TransportSlice::Tcp(tcp)) => ports(tcp.source_port(), tcp.destination_port()),
                Some(TransportSlice::Udp(udp)) => ports(udp.source_port(), udp.destination_port()),
                _ => return Ok(()),
            };
            prop_assert!(ip.is_authenticated_ipv4 || inner.ends == ends, "{inner:?}, {ends:?}");
        }
        _ => prop_assert_eq!(packet.tuple.ends, Ends::None),
    }
    Ok(())
}

const fn ports(source: u16, destination: u16) -> Ends {
    Ends::Ports { source, destination }
}

/// etherparse's reading, or `None` when it finds not even a link header or an IP version.
fn etherparse(link: LinkType, frame: &[u8]) -> Option<LaxSlicedPacket<'_>> {
    match link {
        LinkType::Ethernet => LaxSlicedPacket::from_ethernet(frame).ok(),
        _ => LaxSlicedPacket::from_ip(frame).ok(),
    }
}

/// What etherparse says of the IP headers.
struct Ip {
    version: u8,
    source: std::net::IpAddr,
    destination: std::net::IpAddr,
    protocol: u8,
    header_len: usize,
    /// Length of the packet by its own field; 0 when that says nothing.
    stated_len: u32,
    is_whole: bool,
    is_fragment: bool,
    is_later_fragment: bool,
    is_authenticated_ipv4: bool,
    /// IPv6 without a length, in front of what is never without.
    is_unstated_other: bool,
    /// Where in memory the packet begins.
    start: usize,
}

impl Ip {
    fn of(packet: &LaxSlicedPacket<'_>) -> Option<Self> {
        match packet.net.as_ref()? {
            LaxNetSlice::Ipv4(ip) => {
                let header = ip.header();
                Some(Self {
                    version: 4,
                    source: header.source_addr().into(),
                    destination: header.destination_addr().into(),
                    protocol: ip.payload().ip_number.0,
                    header_len: header.slice().len(),
                    stated_len: header.total_len().into(),
                    is_whole: !ip.payload().incomplete,
                    is_fragment: ip.payload().fragmented,
                    is_later_fragment: header.fragments_offset().value() != 0,
                    is_authenticated_ipv4: header.protocol() == IpNumber::AUTHENTICATION_HEADER,
                    is_unstated_other: false,
                    start: header.slice().as_ptr().addr(),
                })
            }
            LaxNetSlice::Ipv6(ip) => {
                let (header, next) = (ip.header(), ip.header().next_header());
                let stated_len = match header.payload_length() {
                    0 if matches!(next, IpNumber::TCP | IpNumber::UDP) => 0,
                    len => 40 + u32::from(len),
                };
                Some(Self {
                    version: 6,
                    source: header.source_addr().into(),
                    destination: header.destination_addr().into(),
                    protocol: ip.payload().ip_number.0,
                    header_len: header.slice().len(),
                    stated_len,
                    is_whole: !ip.payload().incomplete,
                    is_fragment: ip.payload().fragmented,
                    // etherparse's iterator must not be asked where its own walk was stopped: it would
                    // read on past the captured bytes.
                    is_later_fragment: packet.stop_err.is_none()
                        && ip.extensions().clone().into_iter().any(is_later_fragment),
                    is_authenticated_ipv4: false,
                    is_unstated_other: stated_len == 40,
                    start: header.slice().as_ptr().addr(),
                })
            }
            LaxNetSlice::Arp(_) => None,
        }
    }

    /// Where in the packet its transport header begins.
    fn offset_of(&self, transport: &[u8]) -> usize {
        transport.as_ptr().addr() - self.start
    }
}

fn is_later_fragment(extension: Ipv6ExtensionSlice<'_>) -> bool {
    matches!(extension, Ipv6ExtensionSlice::Fragment(header) if header.fragment_offset().value() != 0)
}
