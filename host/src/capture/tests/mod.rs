//! Captures made by hand, byte by byte: every format, and every way in which one can be wrong.

mod merged;
mod packed;
mod piped;

use super::{Capture, Damage, Error, Fault, MAX_CAPTURED_LEN, Place, Text, Warning};

/// What a test reads of a capture: (index, time, link, interface, bytes) of each packet, and the end.
type Read = (Vec<(u64, u64, u16, usize, Vec<u8>)>, Option<Error>, Option<Warning>, Capture);

fn read(bytes: Vec<u8>) -> Read {
    let mut capture = Capture::read("t.pcap", Box::new(std::io::Cursor::new(bytes))).unwrap();
    let mut packets = Vec::new();
    let mut error = None;
    while let Some(next) = capture.next() {
        match next {
            Ok(r) => packets.push((r.index, r.time_ns, r.link, r.interface.index, r.data.to_vec())),
            Err(wrong) => error = Some(wrong),
        }
    }
    assert!(capture.next().is_none(), "the end stays the end");
    let warning = capture.warning();
    (packets, error, warning, capture)
}

fn refusal(bytes: &[u8]) -> Error {
    Capture::read("t.pcap", Box::new(std::io::Cursor::new(bytes.to_vec()))).err().unwrap()
}

/// Numbers in the byte order of a file under test.
#[derive(Clone, Copy, PartialEq)]
enum To {
    Little,
    Big,
}

impl To {
    fn u16(self, value: u16) -> [u8; 2] {
        if self == Self::Little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    fn u32(self, value: u32) -> [u8; 4] {
        if self == Self::Little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    fn words(self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|&value| self.u32(value)).collect()
    }

    fn pcap(self, magic: u32, link: u32) -> Vec<u8> {
        let version = [self.u16(2), self.u16(4)].concat();
        [self.words(&[magic]), version, self.words(&[0, 0, 65535, link])].concat()
    }

    fn record(self, seconds: u32, fraction: u32, data: &[u8]) -> Vec<u8> {
        let len = u32::try_from(data.len()).unwrap();
        [&self.words(&[seconds, fraction, len, 1500]), data].concat()
    }

    fn block(self, kind: u32, content: &[u8]) -> Vec<u8> {
        let padding = vec![0; content.len().next_multiple_of(4) - content.len()];
        let len = u32::try_from(12 + content.len() + padding.len()).unwrap();
        [&self.words(&[kind, len])[..], content, &padding, &self.u32(len)].concat()
    }

    fn section(self) -> Vec<u8> {
        let version = [self.u16(1), self.u16(0)].concat();
        let content = [self.words(&[0x1a2b_3c4d]), version, self.words(&[u32::MAX, u32::MAX])];
        self.block(0x0a0d_0d0a, &content.concat())
    }

    fn interface(self, link: u16, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut content = [self.u16(link), [0; 2]].concat();
        content.extend(self.u32(0));
        for (code, value) in options {
            content.extend(self.u16(*code));
            content.extend(self.u16(u16::try_from(value.len()).unwrap()));
            content.extend(*value);
            content.resize(content.len().next_multiple_of(4), 0);
        }
        self.block(1, &content)
    }

    fn enhanced(self, interface: u32, units: u32, data: &[u8]) -> Vec<u8> {
        let len = u32::try_from(data.len()).unwrap();
        self.block(6, &[&self.words(&[interface, 0, units, len, 1500]), data].concat())
    }
}

const MICRO: u32 = 0xa1b2_c3d4;
const NANO: u32 = 0xa1b2_3c4d;

#[test]
fn pcap_in_both_byte_orders_and_units() {
    for to in [To::Little, To::Big] {
        for (magic, unit_ns) in [(MICRO, 1000), (NANO, 1)] {
            // The upper bits of the link type speak of check sums.
            let file = [to.pcap(magic, 0x1400_0071), to.record(7, 9, b"ab"), to.record(8, 0, b"")];
            let (packets, error, warning, capture) = read(file.concat());
            let second = (1, 8_000_000_000, 113, 0, vec![]);
            assert_eq!(packets, [(0, 7_000_000_000 + 9 * unit_ns, 113, 0, b"ab".to_vec()), second]);
            assert!(error.is_none() && warning.is_none());
            assert_eq!((capture.bytes_read(), capture.packet_count()), (24 + 18 + 16, 2));
        }
    }
}

#[test]
fn sections_have_their_own_byte_order_interfaces_and_units() {
    let (little, big) = (To::Little, To::Big);
    let file = [
        little.section(),
        little.interface(1, &[(2, b"lan0"), (9, &[9])]),
        little.block(0x0bad_cafe, &[0; 600_000]),
        little.interface(101, &[(2, b"w\x1b[2Jg\0"), (9, &[0x80 | 2])]),
        little.enhanced(1, 6, b"one"),
        little.block(3, &[&little.u32(3)[..], b"two"].concat()),
        big.section(),
        big.interface(276, &[(14, &7_i64.to_be_bytes()), (0, b""), (2, b"late")]),
        big.enhanced(0, 5, b"three"),
        big.block(2, &[&big.words(&[0x0000_ffff, 0, 8, 4, 4]), &b"four"[..]].concat()),
    ];
    let (packets, error, _, capture) = read(file.concat());
    let expected = [
        (0, 1_500_000_000, 101, 1, b"one".to_vec()),
        (1, 1_500_000_000, 1, 0, b"two".to_vec()),
        (2, 7_000_005_000, 276, 2, b"three".to_vec()),
        (3, 7_000_008_000, 276, 2, b"four".to_vec()),
    ];
    assert_eq!(packets, expected);
    assert!(error.is_none(), "{error:?}");
    let names: Vec<_> = capture.interfaces().iter().map(|known| known.name.as_deref()).collect();
    assert_eq!(names, [Some("lan0"), Some("w\\u{1b}[2Jg"), None]);
}

#[test]
fn what_is_no_capture_is_refused_by_name() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "t.pcap is empty"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "t.pcap ends inside its header"),
        (b"*raw\n", "t.pcap is not a capture (it looks like iptables-save output)"),
        (b"\x7fELF", "t.pcap is not a capture (neither pcap nor pcapng)"),
        (b"\x1f\x8b\x08", "t.pcap ends inside its header"),
        (b"\x28\xb5\x2f\xfd", "t.pcap ends inside its header"),
        (b"\xfd7zXZ\0", "t.pcap is compressed with xz"),
        (
            b"tcp      6 9 CLOSE src=::1",
            "t.pcap is not a capture (it looks like a conntrack table)",
        ),
        (b"\x34\xcd\xb2\xa1", "t.pcap is a modified pcap (magic number a1b2cd34)"),
    ];
    for (bytes, message) in cases {
        let error = refusal(bytes);
        assert_eq!(error.to_string(), message);
        assert!(error.help().is_some(), "{message}");
    }
    assert!(matches!(refusal(b"*raw\n").fault(), Fault::NotACapture(Some(Text::Iptables))));
    assert_eq!(refusal(b"*raw\n").help().unwrap(), "pass it with `-r t.pcap`");
}

#[test]
fn a_cut_record_is_a_warning_and_the_rest_counts() {
    let to = To::Little;
    let pcap = [to.pcap(MICRO, 1), to.record(1, 0, b"whole"), to.record(2, 0, b"cut")].concat();
    let start = [to.section(), to.interface(1, &[]), to.enhanced(0, 1, b"whole")].concat();
    let pcapng = [start.clone(), to.enhanced(0, 2, b"cut")].concat();
    let unknown = [start.clone(), to.block(0x0bad, b"cut")].concat();
    for (file, whole_len) in [(pcap, 24 + 21), (pcapng, start.len()), (unknown, start.len())] {
        for len in whole_len + 1..file.len() {
            let (packets, error, warning, _) = read(file[..len].to_vec());
            assert_eq!((packets.len(), error.is_none()), (1, true));
            let place = Place { record: 1, byte: whole_len as u64, packing: None };
            assert_eq!(warning, Some(Warning::Cut(place)));
        }
    }
}

#[test]
fn damage_is_told_with_its_place_after_what_was_good() {
    let to = To::Little;
    let pcap = [to.pcap(MICRO, 1), to.record(1, 0, b"good")].concat();
    let pcapng = [to.section(), to.interface(1, &[]), to.enhanced(0, 1, b"good")].concat();
    let absurd = to.words(&[1, 0, u32::MAX, 60]);
    let large = to.record(1, 0, &vec![0; MAX_CAPTURED_LEN + 1]);
    let mut ends_differ = to.enhanced(0, 1, b"data");
    *ends_differ.last_mut().unwrap() = 1;
    let past_block = to.block(6, &to.words(&[0, 0, 0, 8, 8, 0]));
    let absurd_packet = to.block(6, &to.words(&[0, 0, 0, u32::MAX - 5, 8, 0]));
    let cases = [
        (&pcap, absurd, Damage::CapturedLen(u32::MAX as usize)),
        (&pcap, large, Damage::CapturedLen(MAX_CAPTURED_LEN + 1)),
        (&pcapng, to.words(&[6, 8, 8]), Damage::BlockLen(8)),
        (&pcapng, to.words(&[99, 13, 0, 0]), Damage::BlockLen(13)),
        (&pcapng, to.words(&[6, 1 << 30, 0]), Damage::BlockLen(1 << 30)),
        (&pcapng, to.block(6, b"short"), Damage::PastBlock),
        (&pcapng, to.block(2, b"short"), Damage::BlockLen(20)),
        (&pcapng, to.words(&[0x0a0d_0d0a, 28, 0]), Damage::ByteOrder),
        (&pcapng, to.enhanced(1, 1, b""), Damage::NoInterface { number: 1, known_count: 1 }),
        (&pcapng, past_block, Damage::PastBlock),
        (&pcapng, absurd_packet, Damage::CapturedLen(u32::MAX as usize - 5)),
        (&pcapng, ends_differ, Damage::BlockEnd { first: 36, last: 36 + (1 << 24) }),
    ];
    for (good, bad, expected) in cases {
        let (packets, error, warning, _) = read([&good[..], &bad, b"and more"].concat());
        assert_eq!((packets.len(), warning), (1, None));
        match error.unwrap().fault() {
            Fault::Damaged { place, damage } => {
                let byte = good.len() as u64;
                assert_eq!(*place, Place { record: 1, byte, packing: None });
                assert_eq!(*damage, expected);
            }
            fault => panic!("{fault:?} in place of {expected:?}"),
        }
    }
}

#[test]
fn a_name_that_turns_text_around_or_hides_in_it_is_escaped() {
    let hidden = "a\u{1b}\u{9b}\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}é";
    let shown = "a\\u{1b}\\u{9b}\\u{202e}\\u{2066}\\u{200b}\\u{feff}\\u{2028}é";
    assert_eq!(super::printable(hidden), shown);
}
