//! Paths and interfaces of frames of all kinds, with and without what is typed beside them.

use super::{Misplaced, Naming, Places, Sighting};
use crate::capture::{Interface, Record};
use keeptrack_core::{IfName, LinkType, Packet, Path};

const ETHERNET: u16 = 1;
const SLL: u16 = 113;
const SLL2: u16 = 276;
const OUTSIDE: [u8; 4] = [192, 0, 2, 1];
const HOST: [u8; 4] = [192, 0, 2, 2];
const LOCALHOST: [u8; 4] = [127, 0, 0, 1];

fn datagram(from: [u8; 4], to: [u8; 4]) -> Vec<u8> {
    let header = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
    [&header[..], &from, &to, &[0, 1, 0, 2, 0, 8, 0, 0]].concat()
}

fn ethernet(mac: u8, from: [u8; 4], to: [u8; 4]) -> Vec<u8> {
    [&[mac; 12][..], &[8, 0], &datagram(from, to)].concat()
}

fn sll(kind: u8, hardware: u16) -> Vec<u8> {
    let [high, low] = hardware.to_be_bytes();
    let header = [0, kind, high, low, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
    [&header[..], &datagram(OUTSIDE, HOST)].concat()
}

fn sll2(kind: u8, hardware: u16, ifindex: u8) -> Vec<u8> {
    let [high, low] = hardware.to_be_bytes();
    let header = [8, 0, 0, 0, 0, 0, 0, ifindex, high, low, kind, 6];
    [&header[..], &[0; 8], &datagram(OUTSIDE, HOST)].concat()
}

/// Link, name in the capture, frame, `--iface`, `--local`, and what is known then, if anything is
/// looked at there.
type Case<'c> = (u16, Option<&'c str>, &'c [u8], &'c str, &'c [[u8; 4]], Option<Known<'c>>);
type Known<'c> = (Option<Path>, Option<&'c str>);

/// A place that `--iface` and `--local` describe.
fn places(iface: &str, local: &[[u8; 4]]) -> Places {
    let naming = if iface.is_empty() { Naming::Capture } else { iface.parse().unwrap() };
    Places::new(naming, local.iter().map(|&address| address.into()).collect())
}

/// What is known of a frame; `None` when one is not to look there.
fn sight(
    places: &mut Places,
    link: u16,
    name: Option<&str>,
    data: &[u8],
) -> Result<Option<Sighting>, Misplaced> {
    let interface = Interface { index: 0, link, name: name.map(str::to_owned) };
    let record = Record { index: 0, time_ns: 0, link, interface: &interface, data, wire_len: 0 };
    let packet = Packet::parse(LinkType::from_dlt(link).unwrap(), data).unwrap();
    let looks = places.look_at(&record, "gw.pcap")?;
    Ok(looks.then(|| places.sight(&record, &packet)))
}

#[test]
fn path_and_interface_are_what_the_capture_or_the_user_says() {
    let arrives = ethernet(2, OUTSIDE, HOST);
    let sent = ethernet(2, HOST, OUTSIDE);
    let inside = ethernet(0, LOCALHOST, LOCALHOST);
    let null = [&[2, 0, 0, 0], &datagram(OUTSIDE, HOST)[..]].concat();
    let (here, away, loops) = (Some(Path::Local), Some(Path::Arrives), Some(Path::Loops));
    let host: &[_] = &[HOST];
    let cases: [Case<'_>; 27] = [
        (ETHERNET, None, &arrives, "", &[], Some((None, None))),
        (ETHERNET, None, &arrives, "lan0", &[], Some((None, Some("lan0")))),
        (ETHERNET, None, &arrives, "0=lan0", host, Some((away, Some("lan0")))),
        (ETHERNET, None, &arrives, "0", host, Some((away, None))),
        (ETHERNET, None, &arrives, "1=lan0", host, None),
        (ETHERNET, None, &sent, "", host, Some((here, None))),
        (ETHERNET, Some("eth0"), &sent, "lan0", host, None),
        (ETHERNET, Some("eth0"), &sent, "eth0", host, Some((here, Some("eth0")))),
        (ETHERNET, Some("eth0"), &sent, "1,0", host, Some((here, Some("eth0")))),
        (ETHERNET, Some("eth0"), &sent, "0=lan0", host, Some((here, Some("lan0")))),
        (ETHERNET, Some("a-name-too-long-for-linux"), &sent, "", &[], Some((None, None))),
        (ETHERNET, Some("lo"), &arrives, "", &[], Some((loops, Some("lo")))),
        (ETHERNET, Some("eth0"), &inside, "", &[], Some((None, Some("eth0")))),
        (ETHERNET, None, &inside, "", &[], Some((loops, Some("lo")))),
        (ETHERNET, None, &ethernet(0, HOST, HOST), "", &[], Some((loops, Some("lo")))),
        (ETHERNET, None, &ethernet(0, OUTSIDE, HOST), "", &[], Some((None, None))),
        (ETHERNET, None, &ethernet(2, LOCALHOST, HOST), "", &[], Some((None, None))),
        (0, None, &null, "", &[], Some((loops, Some("lo")))),
        (0, Some("utun3"), &null, "", &[], Some((None, Some("utun3")))),
        (101, None, &datagram(HOST, HOST), "", host, Some((loops, Some("lo")))),
        (SLL, Some("any"), &sll(0, 1), "", &[], Some((away, None))),
        (SLL, Some("any"), &sll(0, 1), "1=lan0", &[], None),
        (SLL, Some("ppp0"), &sll(4, 512), "", &[], Some((here, Some("ppp0")))),
        (SLL2, None, &sll2(2, 1, 3), "3=wan0", host, Some((away, Some("wan0")))),
        (SLL2, None, &sll2(4, 1, 2), "3=wan0", &[OUTSIDE], None),
        (SLL2, None, &sll2(0, 772, 1), "lan0", &[], None),
        (SLL2, None, &sll2(0, 772, 1), "lo", &[], Some((loops, Some("lo")))),
    ];
    for (case, (link, name, data, iface, local, known)) in cases.into_iter().enumerate() {
        let expected = known.map(|(path, name)| {
            let interface = name.and_then(|name| IfName::new(name.as_bytes()));
            Sighting { path, interface }
        });
        let seen = sight(&mut places(iface, local), link, name, data);
        assert_eq!(seen, Ok(expected), "case {case}");
    }
}

#[test]
fn one_name_is_not_given_to_two_interfaces() {
    let mut places = places("lan0", &[]);
    let mut at = |ifindex| sight(&mut places, SLL2, None, &sll2(0, 1, ifindex));
    let is_named = at(2).unwrap().is_some_and(|seen| seen.interface.is_some());
    assert!(is_named && at(2).unwrap().is_some());
    let error = at(3).unwrap_err();
    assert!(error.to_string().ends_with("several interfaces without a name: which is `lan0`?"));
    assert!(error.help().contains("`--iface 2=lan0`"));
}

#[test]
fn an_interface_at_which_nothing_was_captured_is_told_with_those_that_there_are() {
    let missed = |iface: &str, frames: &[(u16, &[u8])]| {
        let mut places = places(iface, &[]);
        for (link, frame) in frames {
            sight(&mut places, *link, None, frame).unwrap();
        }
        places.nothing_seen("gw.pcap").map(|error| format!("{error}; {}", error.help()))
    };
    let (lo, lan, wan) = (sll2(0, 772, 1), sll2(0, 1, 2), sll2(0, 1, 3));
    let frames: [(u16, &[u8]); 4] = [(SLL2, &lo), (SLL2, &lan), (SLL2, &wan), (SLL2, &lan)];
    let told = "nothing in gw.pcap was captured at `--iface 7=wan0`; \
        it has the interfaces 1 (lo), 2, 3";
    assert_eq!(missed("7=wan0", &frames).as_deref(), Some(told));
    assert_eq!(missed("7,3", &frames), None);
    assert_eq!(missed("7", &[]), None);
    let apart = missed("2", &[(SLL, &sll(0, 1))]).unwrap();
    assert!(apart.ends_with("cannot be told apart: leave `--iface` out"), "{apart}");
}
