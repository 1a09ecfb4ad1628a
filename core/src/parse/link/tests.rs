//! Hand-made frames of every link type, in the order in which the links are listed.

use super::super::frames::{behind, ipv6, udp};
use super::{LinkType, MAX_LABELS, MAX_TAGS, ParseError};
use crate::packet::Packet;

/// Two Ethernet addresses.
const MACS: &[u8] = &[2; 12];

/// LLC and SNAP, with IPv4's EtherType.
const SNAP: &[u8] = &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

/// The rest of 802.11's header behind its two first bytes: no fragment.
const WLAN: &[u8] = &[2; 20];
const FIRST: &[u8] = &[0x10, 0];

/// A frame header in parts.
type Parts<'a> = &'a [&'a [u8]];

fn all_are_read(dlt: u16, headers: &[Parts<'_>]) {
    for parts in headers {
        assert_eq!(behind(dlt, &parts.concat()), Ok(()), "{dlt} {parts:x?}");
    }
}

fn all_are_refused(dlt: u16, headers: &[(Parts<'_>, ParseError)]) {
    for (parts, why) in headers {
        assert_eq!(behind(dlt, &parts.concat()), Err(*why), "{dlt} {parts:x?}");
    }
}

#[test]
fn ethernet_with_tags_labels_pppoe_and_llc() {
    let tags = [0x81, 0, 0, 1].repeat(MAX_TAGS);
    let labels = [0, 0, 0x10, 64].repeat(MAX_LABELS - 1);
    let mpls = &[0x88, 0x47];
    let bottom = &[0, 0, 0x11, 64];
    let pppoe = &[0x88, 0x64, 0x11, 0, 0, 1, 0, 30];
    all_are_read(
        1,
        &[
            &[MACS, &[8, 0]],
            &[MACS, &[0x81, 0, 0, 5, 8, 0]],
            &[MACS, &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]],
            &[MACS, &[0x91, 0, 0, 5, 0x92, 0, 0, 6, 8, 0]],
            &[MACS, &tags, &[8, 0]],
            &[MACS, pppoe, &[0, 0x21]],
            &[MACS, pppoe, &[2, 0x81], bottom],
            &[MACS, mpls, bottom],
            &[MACS, &[0x81, 0, 0, 5, 0x88, 0x48], &labels, bottom],
            &[MACS, &[0, 36], SNAP],
            &[MACS, &[0x81, 0, 0, 5, 5, 0xff], SNAP],
            &[MACS, &[0, 36, 0xaa, 0xaa, 3, 0, 0, 0xf8, 0x81, 0, 0, 5, 8, 0]],
            &[MACS, &[0, 31, 6, 6, 3]],
        ],
    );
    all_are_refused(
        1,
        &[
            (&[MACS, &[8, 6]], ParseError::NotIp(0x806)),
            (&[MACS, &[6, 0]], ParseError::NotIp(0x600)),
            (&[MACS, pppoe, &[0xc0, 0x21]], ParseError::PppProtocol(0xc021)),
            (&[MACS, &tags, &[0x81, 0, 0, 1, 8, 0]], ParseError::VlanTags),
            (&[MACS, mpls, &labels, &[0, 0, 0x10, 64], bottom], ParseError::MplsLabels),
            (&[MACS, mpls, bottom, &[0; 4]], ParseError::IpVersion(0)),
            (&[MACS, &[0, 38, 0x42, 0x42, 3]], ParseError::Llc(0x42)),
            (&[MACS, &[0, 36, 0xaa, 0xaa, 3, 0, 0, 0xc, 8, 0]], ParseError::Llc(0xaa)),
            (&[MACS, &[0x86, 0xdd]], ParseError::IpVersion(4)),
        ],
    );
}

#[test]
fn what_is_missing_is_counted() {
    let short = |frame: &[u8]| Packet::parse(LinkType::Ethernet, frame).unwrap_err();
    assert_eq!(short(&[0; 13]), ParseError::LinkHeader { missing_len: 1 });
    let half_a_tag = [&[0; 12][..], &[0x81, 0, 0]].concat();
    assert_eq!(short(&half_a_tag), ParseError::LinkHeader { missing_len: 3 });
    let radio = Packet::parse(LinkType::Radiotap, &[0, 0, 38, 0, 0, 0, 0, 0, 0]).unwrap_err();
    assert_eq!(radio, ParseError::LinkHeader { missing_len: 29 });
}

#[test]
fn cooked_captures() {
    all_are_read(
        113,
        &[
            &[&[0; 14], &[8, 0]],
            &[&[0; 14], &[0x81, 0, 0, 5, 8, 0]],
            &[&[0; 14], &[0, 4], SNAP],
            &[&[0; 14], &[0x88, 0x47, 0, 0, 0x11, 64]],
        ],
    );
    all_are_refused(113, &[(&[&[0; 14], &[0, 12], SNAP], ParseError::NotIp(12))]);
    all_are_read(276, &[&[&[8, 0], &[0; 18]], &[&[0x81, 0], &[0; 18], &[0, 5, 8, 0]]]);
}

#[test]
fn address_families() {
    all_are_read(0, &[&[&[2, 0, 0, 0]], &[&[0, 0, 0, 2]]]);
    all_are_refused(0, &[(&[&[7, 0, 0, 0]], ParseError::AddressFamily(0x0700_0000))]);
    all_are_read(108, &[&[&[0, 0, 0, 2]]]);
    all_are_refused(108, &[(&[&[2, 0, 0, 0]], ParseError::AddressFamily(0x0200_0000))]);
    // Headers of 61 bytes, and of 64 with the padding.
    all_are_read(117, &[&[&[61, 2], &[0; 62]], &[&[64, 2], &[0; 62]]]);
    all_are_refused(
        117,
        &[
            (&[&[61, 24], &[0; 62]], ParseError::IpVersion(4)),
            (&[&[61, 1], &[0; 62]], ParseError::AddressFamily(1)),
            (&[&[0, 2], &[0; 62]], ParseError::LinkHeaderLen(0)),
        ],
    );
}

#[test]
fn netfilter_log() {
    let little = &[8, 0, 1, 0, 8, 0, 1, 0, 5, 0, 10, 0, 0x61, 0, 0, 0, 32, 0, 9, 0];
    let big = &[0, 8, 0, 1, 8, 0, 1, 0, 0, 8, 0x80, 20, 0, 0, 0, 0, 0, 32, 0, 9];
    all_are_read(239, &[&[&[2, 0, 0, 5], little], &[&[7, 0, 0, 5], big]]);
    all_are_refused(
        239,
        &[
            (&[&[10, 0, 0, 5], little], ParseError::IpVersion(4)),
            (&[&[3, 0, 0, 5], little], ParseError::AddressFamily(3)),
            (&[&[2, 0, 0, 5, 0, 0, 1, 0]], ParseError::LinkHeaderLen(0)),
        ],
    );
}

#[test]
fn no_header() {
    for dlt in [12, 14, 101, 228] {
        all_are_read(dlt, &[&[]]);
    }
    all_are_refused(229, &[(&[], ParseError::IpVersion(4))]);
    let packet = ipv6(17, &udp(b""));
    let labelled = [MACS, &[0x88, 0x47, 0, 0, 0x21, 64], &packet].concat();
    let [plain, labelled] = [(LinkType::Ipv6, &packet), (LinkType::Ethernet, &labelled)]
        .map(|(link, frame)| Packet::parse(link, frame));
    assert_eq!(plain, labelled);
    assert_eq!(plain.is_ok(), cfg!(not(feature = "ipv4-only")));
}

#[test]
fn point_to_point() {
    for dlt in [9, 50] {
        all_are_read(
            dlt,
            &[
                &[&[0xff, 3, 0, 0x21]],
                &[&[0xff, 3, 0x21]],
                &[&[0, 0x21]],
                &[&[0x21]],
                &[&[0xff, 3, 2, 0x81, 0, 0, 0x10, 64, 0, 0, 0x11, 64]],
                &[&[2, 0x83, 0, 0, 0x11, 64]],
                &[&[0x0f, 0, 8, 0]],
            ],
        );
        all_are_refused(
            dlt,
            &[
                (&[&[0xff, 3, 0xc0, 0x21]], ParseError::PppProtocol(0xc021)),
                (&[&[0x2d]], ParseError::PppProtocol(0x2d)),
                (&[&[0xff, 3, 0, 0x57]], ParseError::IpVersion(4)),
            ],
        );
    }
    all_are_read(51, &[&[&[0x11, 0, 0, 1, 0, 30, 0, 0x21]]]);
    all_are_read(104, &[&[&[0x0f, 0, 8, 0]], &[&[0x8f, 0, 0x88, 0x47, 0, 0, 0x11, 64]]]);
    all_are_refused(104, &[(&[&[0x8f, 0, 0x80, 0x35]], ParseError::NotIp(0x8035))]);
}

#[test]
fn wireless_frames() {
    all_are_read(
        105,
        &[
            &[&[0x08, 0x01], WLAN, FIRST, SNAP],
            &[&[0x08, 0x03], WLAN, FIRST, &[2; 6], SNAP],
            &[&[0x88, 0x02], WLAN, FIRST, &[0, 0], SNAP],
            &[&[0x88, 0x83], WLAN, FIRST, &[2; 6], &[0, 0], &[0; 4], SNAP],
            // Without QoS the bit means another thing.
            &[&[0x08, 0x81], WLAN, FIRST, SNAP],
        ],
    );
    all_are_refused(
        105,
        &[
            (&[&[0x80, 0], WLAN, FIRST], ParseError::NoPacket),
            (&[&[0xd4, 0], &[2; 8]], ParseError::NoPacket),
            (&[&[0x48, 1], WLAN, FIRST], ParseError::NoPacket),
            (&[&[0x09, 1], WLAN, FIRST, SNAP], ParseError::NoPacket),
            (&[&[0x08, 0x41], WLAN, FIRST, SNAP], ParseError::Encrypted),
            (&[&[0x08, 1], WLAN, &[0x11, 0], SNAP], ParseError::LinkFragment),
            (&[&[0x88, 1], WLAN, FIRST, &[0x80, 0], SNAP], ParseError::Aggregate),
            (&[&[0x08, 1], WLAN, FIRST, &[0xff; 8]], ParseError::Llc(0xff)),
        ],
    );
}

#[test]
fn radio_headers() {
    let wlan = [&[0x88, 0x02], WLAN, FIRST, &[0, 0], SNAP].concat();
    let padded = [&[0x88, 0x02], WLAN, FIRST, &[0, 0], &[9, 9], SNAP].concat();
    let time = &[0x20; 8];
    all_are_read(
        127,
        &[
            &[&[0, 0, 8, 0, 0, 0, 0, 0], &wlan],
            // No flags but a rate, which looks as they would.
            &[&[0, 0, 9, 0, 4, 0, 0, 0, 0x20], &wlan],
            &[&[0, 0, 9, 0, 2, 0, 0, 0, 0x10], &wlan],
            &[&[0, 0, 9, 0, 2, 0, 0, 0, 0x30], &padded],
            &[&[0, 0, 17, 0, 3, 0, 0, 0], time, &[0], &wlan],
            &[&[0, 0, 17, 0, 3, 0, 0, 0], time, &[0x20], &padded],
            // A second word of fields, and the padding in front of the time.
            &[&[0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0], time, &[0x20], &padded],
        ],
    );
    all_are_refused(127, &[(&[&[0, 0, 7, 0, 0, 0, 0, 0], &wlan], ParseError::LinkHeaderLen(7))]);
    let avs: Parts<'_> = &[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64], &[0; 56], &wlan];
    all_are_read(163, &[avs]);
    all_are_read(119, &[avs, &[&[0x44, 0, 0, 0, 144, 0, 0, 0], &[0; 136], &wlan]]);
}

#[test]
fn headers_that_name_what_they_enclose() {
    let wlan = [&[0x08, 0x02], WLAN, FIRST, SNAP].concat();
    all_are_read(
        192,
        &[
            &[&[0, 0, 8, 0, 105, 0, 0, 0], &wlan],
            &[&[0, 0, 12, 0, 1, 0, 0, 0], &[0; 4], MACS, &[8, 0]],
        ],
    );
    all_are_refused(
        192,
        &[
            (&[&[0, 0, 8, 0, 192, 0, 0, 0]], ParseError::InnerLink(192)),
            (&[&[0, 0, 8, 0, 1, 0, 1, 0]], ParseError::InnerLink(0x1_0001)),
            (&[&[0, 0, 4, 0, 1, 0, 0, 0]], ParseError::LinkHeaderLen(4)),
        ],
    );
    all_are_read(
        258,
        &[
            &[&[108, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0], &[0; 96], MACS, &[8, 0]],
            &[&[108, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0], &[0; 96]],
        ],
    );
    all_are_refused(
        258,
        &[
            (&[&[12, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]], ParseError::NoPacket),
            (&[&[12, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0]], ParseError::InnerLink(258)),
            (&[&[12, 0, 0, 0, 1, 0, 0, 0, 147, 0, 0, 0]], ParseError::InnerLink(147)),
        ],
    );
    assert_eq!(LinkType::from_dlt(147), None);
}

#[test]
fn rings() {
    all_are_read(10, &[&[&[0x50], MACS, SNAP], &[&[0xd1], MACS, SNAP]]);
    all_are_refused(10, &[(&[&[0x41], MACS, SNAP], ParseError::NoPacket)]);
    let routed = &[2, 2, 2, 2, 2, 2, 0x82, 2, 2, 2, 2, 2];
    all_are_read(
        6,
        &[&[&[0x10, 0x40], MACS, SNAP], &[&[0x10, 0x40], routed, &[6, 0, 1, 1, 1, 2], SNAP]],
    );
    all_are_refused(
        6,
        &[
            (&[&[0x10, 0], MACS, SNAP], ParseError::NoPacket),
            (&[&[0x10, 0x40], routed, &[0x20, 0], SNAP], ParseError::LinkHeaderLen(0)),
        ],
    );
}
