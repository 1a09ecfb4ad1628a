//! Frames as etherparse builds them: every header that the parser reads, with what it carries.

use etherparse::{
    IpAuthHeader, IpFragOffset, IpHeaders, IpNumber, Ipv4Header, Ipv6Extensions,
    Ipv6FragmentHeader, Ipv6Header, Ipv6RawExtHeader, PacketBuilder, TcpHeader,
};
use keeptrack_core::LinkType;
use proptest::collection::vec;
use proptest::prelude::*;

pub(super) fn links() -> impl Strategy<Value = LinkType> {
    prop_oneof![Just(LinkType::Ethernet), Just(LinkType::Raw)]
}

/// `packet` behind the header of `link`: for Ethernet with as many tags as the packet's length says.
pub(super) fn framed(link: LinkType, packet: &[u8]) -> Vec<u8> {
    if link == LinkType::Raw {
        return packet.to_vec();
    }
    let tags = [0x88, 0xa8, 0, 1, 0x81, 0, 0, 2];
    let ether_type = if packet[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] };
    [&[2; 12], &tags[4 * (packet.len() % 3)..], &ether_type, packet].concat()
}

/// What a packet carries, as etherparse's builder takes it.
#[derive(Debug, Clone)]
enum Carried {
    Tcp(TcpHeader),
    Udp([u16; 2]),
    /// Protocol, type and code, the rest of the header.
    Icmp(u8, [u8; 2], [u8; 4]),
    Other(u8),
}

/// IP packets; one in some is an ICMP error that carries another, or its beginning.
pub(super) fn packets() -> impl Strategy<Value = Vec<u8>> {
    let plain = || (ip_headers(), carried(), vec(any::<u8>(), 0..40)).prop_map(packet);
    let kinds = prop_oneof![Just([3, 1]), Just([11, 0]), Just([5, 1]), Just([1, 4])];
    let error = (ip_headers(), kinds, plain(), 0..100_usize).prop_map(|(ip, kind, inner, len)| {
        let carried = match ip {
            IpHeaders::Ipv4(..) => Carried::Icmp(1, kind, [0; 4]),
            IpHeaders::Ipv6(..) => Carried::Icmp(58, kind, [0; 4]),
        };
        packet((ip, carried, inner[..inner.len().min(len)].to_vec()))
    });
    prop_oneof![3 => plain(), 1 => error]
}

fn packet((ip, carried, payload): (IpHeaders, Carried, Vec<u8>)) -> Vec<u8> {
    let builder = PacketBuilder::ip(ip);
    let mut bytes = Vec::new();
    match carried {
        Carried::Tcp(header) => builder.tcp_header(header).write(&mut bytes, &payload),
        Carried::Udp([source, destination]) => {
            builder.udp(source, destination).write(&mut bytes, &payload)
        }
        Carried::Icmp(protocol, [kind, code], rest) => {
            let message = [&[kind, code, 0, 0], &rest[..], &payload].concat();
            builder.write(&mut bytes, IpNumber(protocol), &message)
        }
        Carried::Other(protocol) => builder.write(&mut bytes, IpNumber(protocol), &payload),
    }
    .expect("headers that go together");
    bytes
}

fn ip_headers() -> impl Strategy<Value = IpHeaders> {
    let v4 = (any::<[[u8; 4]; 2]>(), vec(any::<[u8; 4]>(), 0..10), 0..8_u8).prop_map(
        |([source, destination], options, fragment)| {
            let options = options.concat();
            let header = Ipv4Header {
                source,
                destination,
                options: options[..].try_into().expect("at most 40 bytes, in words"),
                more_fragments: fragment == 1,
                fragment_offset: offset(fragment),
                ..Default::default()
            };
            IpHeaders::Ipv4(header, Default::default())
        },
    );
    let options = || proptest::option::weighted(0.2, vec(any::<[u8; 8]>(), 0..4));
    let v6 = (any::<[[u8; 16]; 2]>(), options(), options(), 0..8_u8).prop_map(
        |([source, destination], hop_by_hop, destination_options, fragment)| {
            let raw = |words: Vec<[u8; 8]>| {
                let payload = [&[0; 6][..], &words.concat()].concat();
                Ipv6RawExtHeader::new_raw(IpNumber(0), &payload).expect("whole words")
            };
            let extensions = Ipv6Extensions {
                hop_by_hop_options: hop_by_hop.map(raw),
                destination_options: destination_options.map(raw),
                fragment: (fragment < 3).then(|| {
                    Ipv6FragmentHeader::new(IpNumber(0), offset(fragment), fragment == 1, 7)
                }),
                auth: (fragment == 3).then(|| {
                    let check = &source[..usize::from(source[0] & 12)];
                    IpAuthHeader::new(IpNumber(0), 1, 2, check).expect("whole words")
                }),
                ..Default::default()
            };
            let header = Ipv6Header { source, destination, ..Default::default() };
            IpHeaders::Ipv6(header, extensions)
        },
    );
    prop_oneof![v4, v6]
}

/// Of 8 kinds of packets: 1 is a first fragment, 2 a later one, the others are whole.
fn offset(kind: u8) -> IpFragOffset {
    IpFragOffset::try_new(if kind == 2 { 0x1000 } else { 0 }).expect("13 bits")
}

fn carried() -> impl Strategy<Value = Carried> {
    let other = any::<u8>()
        .prop_filter("the builder takes these for headers of its own", |other| {
            ![0, 43, 44, 51, 60].contains(other)
        });
    prop_oneof![
        4 => tcp_headers().prop_map(Carried::Tcp),
        2 => any::<[u16; 2]>().prop_map(Carried::Udp),
        2 => ([0..20_u8, 0..2], any::<[u8; 4]>()).prop_map(|(kind, rest)| Carried::Icmp(1, kind, rest)),
        2 => ([0..150_u8, 0..2], any::<[u8; 4]>()).prop_map(|(kind, rest)| Carried::Icmp(58, kind, rest)),
        1 => other.prop_map(Carried::Other),
    ]
}

fn tcp_headers() -> impl Strategy<Value = TcpHeader> {
    let options = prop_oneof![
        vec(any::<u8>(), 0..=40),
        vec(tcp_option(), 0..4).prop_map(|options| {
            let mut bytes = options.concat();
            bytes.truncate(40);
            bytes
        })
    ];
    (any::<[u16; 3]>(), any::<[u32; 2]>(), any::<[bool; 8]>(), options).prop_map(
        |([source, destination, window], [sequence, ack], flags, options)| {
            let mut header = TcpHeader::new(source, destination, sequence, window);
            header.acknowledgment_number = ack;
            [header.fin, header.syn, header.rst, header.psh, ..] = flags;
            [.., header.ack, header.urg, header.ece, header.cwr] = flags;
            header.set_options_raw(&options).expect("at most 40 bytes");
            header
        },
    )
}

fn tcp_option() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(vec![1]),
        any::<[u8; 2]>().prop_map(|mss| [&[2, 4][..], &mss].concat()),
        any::<u8>().prop_map(|shift| vec![3, 3, shift]),
        Just(vec![4, 2]),
        vec(any::<[u8; 8]>(), 1..=4).prop_map(|blocks| {
            let len = u8::try_from(2 + 8 * blocks.len()).expect("four blocks");
            [&[5, len][..], &blocks.concat()].concat()
        }),
        any::<[u8; 8]>().prop_map(|stamps| [&[8, 10][..], &stamps].concat()),
    ]
}
