//! Compressed captures: whole, cut anywhere, damaged, and made to be too large.

use std::io::Write;

use flate2::GzBuilder;
use flate2::write::GzEncoder;

use super::super::{Capture, Fault, Packing, Place, Unpackable, Warning};
use super::{MICRO, Read, To, read, refusal};

/// A capture of `count` packets of 40 bytes that do not compress well.
fn capture(count: u32) -> Vec<u8> {
    let mut file = To::Little.pcap(MICRO, 1);
    let mut noise = 1_u32;
    for index in 0..count {
        let data: Vec<u8> = (0..10)
            .flat_map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                noise.to_be_bytes()
            })
            .collect();
        file.extend(To::Little.record(index, 0, &data));
    }
    file
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

/// As bgzip writes it: members of few bytes with an extra field, and an empty one at the end.
fn bgzip(content: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for member in content.chunks(100).chain([&[][..]]) {
        let builder = GzBuilder::new().extra(&b"BC\x02\0\0\0"[..]);
        let mut packed = builder.write(Vec::new(), flate2::Compression::fast());
        packed.write_all(member).unwrap();
        file.extend(packed.finish().unwrap());
    }
    file
}

fn zstd(content: &[u8]) -> Vec<u8> {
    let mut packed = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    packed.include_checksum(true).unwrap();
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

/// As pzstd and seekable formats have it: frames of few bytes, and between them some to be skipped.
fn frames(content: &[u8]) -> Vec<u8> {
    let skipped = |frame: Vec<u8>| [&b"\x5e\x2a\x4d\x18\x04\0\0\0skip"[..], &frame].concat();
    content.chunks(100).flat_map(|chunk| skipped(zstd(chunk))).collect()
}

#[test]
fn members_and_frames_are_one_capture() {
    let plain = capture(100);
    let (expected, ..) = read(plain.clone());
    for packed in [gzip(&plain), bgzip(&plain), zstd(&plain), frames(&plain)] {
        let packed_len = packed.len() as u64;
        let (packets, error, warning, capture) = read(packed);
        assert!(packets == expected && error.is_none() && warning.is_none());
        assert_eq!(capture.bytes_read(), packed_len, "as it lies in the file");
    }
}

#[test]
fn what_is_inside_is_refused_as_if_it_lay_there_unpacked() {
    let twice = "t.pcap is compressed twice: zstd in gzip";
    let cases: [(Vec<u8>, &str); 5] = [
        (gzip(b""), "t.pcap is empty"),
        (zstd(b"*raw\n"), "t.pcap is not a capture (it looks like iptables-save output)"),
        (bgzip(b"\xd4\xc3\xb2\xa1\x02\0"), "t.pcap ends inside its header"),
        (gzip(&zstd(b"*raw\n")), twice),
        (zstd(b"BZh91AY"), "t.pcap is compressed with bzip2"),
    ];
    for (bytes, message) in cases {
        let error = refusal(&bytes);
        assert_eq!(error.to_string(), message);
        assert!(error.help().is_some(), "{message}");
    }
    let help = "unpack it on the way: `gzip -dc t.pcap | keeptrack replay -`";
    assert_eq!(refusal(&gzip(&zstd(b"x"))).help().unwrap(), help);
}

/// What is read of a file that may be cut before anything could be unpacked.
fn read_cut(bytes: &[u8]) -> Option<Read> {
    let source = Box::new(std::io::Cursor::new(bytes.to_vec()));
    match Capture::read("t.pcap", source) {
        Ok(_) => Some(read(bytes.to_vec())),
        Err(error) => {
            assert!(matches!(error.fault(), Fault::HeaderCut), "{error}");
            None
        }
    }
}

#[test]
fn of_a_cut_file_all_that_can_be_unpacked_counts_and_one_warning_tells() {
    let plain = capture(60);
    let (expected, ..) = read(plain.clone());
    let cases = [(gzip(&plain), Packing::Gzip), (frames(&plain), Packing::Zstd)];
    for (packed, packing) in cases {
        let mut seen_len = 0;
        for len in (packed.len() / 5..packed.len()).step_by(3).chain([packed.len() - 1]) {
            let Some((packets, error, warning, _)) = read_cut(&packed[..len]) else { continue };
            assert!(error.is_none(), "{len}: {error:?}");
            assert!(packets.len() >= seen_len && packets[..] == expected[..packets.len()]);
            seen_len = packets.len();
            let record = seen_len as u64;
            let byte = 24 + record * 56;
            let place = Place { record, byte, packing: Some(packing) };
            match warning {
                Some(Warning::Cut(cut)) => assert_eq!(cut, place),
                Some(Warning::PackedCut(by, cut)) => assert_eq!((by, cut), (packing, place)),
                Some(other) => panic!("{other}"),
                // The cut is where a frame ends.
                None => assert_eq!(packing, Packing::Zstd),
            }
        }
        assert!(seen_len >= 59, "{seen_len}");
    }
    let place = Place { record: 3, byte: 192, packing: Some(Packing::Gzip) };
    let said = [
        (
            Warning::Cut(place),
            "the file ends inside record 3 (byte 192 unpacked), which is left out",
        ),
        (
            Warning::PackedCut(Packing::Gzip, place),
            "the file is cut: its gzip data end before record 3 (byte 192 unpacked)",
        ),
    ];
    for (warning, words) in said {
        assert_eq!(warning.to_string(), words);
    }
}

#[test]
fn damage_is_told_with_the_byte_of_the_compressed_file_after_what_was_good() {
    // Longer than three blocks of zstd.
    let plain = capture(8000);
    for (packed, packing) in [(gzip(&plain), Packing::Gzip), (zstd(&plain), Packing::Zstd)] {
        let packed_len = packed.len() as u64;
        let mut bad_sum = packed.clone();
        // gzip's check sum stands before a length of 4 bytes, zstd's at the end.
        let at = packed.len() - if packing == Packing::Gzip { 5 } else { 1 };
        bad_sum[at] ^= 1;
        let bad_next: &[u8] =
            if packing == Packing::Gzip { b"\x1f\x8bno member" } else { b"no frame" };
        let followed = [&packed[..], bad_next].concat();
        for (bytes, least_count) in [(bad_sum, 5000), (followed, 8000)] {
            let (packets, error, warning, _) = read(bytes);
            assert!(packets.len() >= least_count && warning.is_none(), "{}", packets.len());
            let error = error.unwrap();
            let Fault::Unpackable(Unpackable { packing: by, byte, damage }) = error.fault() else {
                panic!("{error}");
            };
            assert!(*by == packing && damage.is_some());
            let near = packed_len - (16 << 10)..=packed_len + 28;
            assert!(near.contains(byte), "{byte} of {packed_len}");
            let beginning = format!("t.pcap cannot be unpacked past byte {byte}: ");
            assert!(error.to_string().starts_with(&beginning), "{error}");
        }
    }
    let mut bad_record = plain;
    bad_record[24 + 56 + 8..][..4].fill(0x7f);
    let (packets, error, ..) = read(gzip(&bad_record));
    let said = "t.pcap is damaged at record 1 (byte 80 unpacked): \
                captured length 2139062143 is more than 262144";
    assert_eq!((packets.len(), error.unwrap().to_string().as_str()), (1, said));
}

#[test]
fn what_would_take_too_much_memory_is_refused_before_it_is_taken() {
    // Frames whose header asks for a window of 2 GiB, or declares 4 GiB as one piece.
    let window = b"\x28\xb5\x2f\xfd\x00\xa8";
    let one_piece = b"\x28\xb5\x2f\xfd\xe0\0\0\0\0\x01\0\0\0";
    for header in [&window[..], one_piece] {
        let error = refusal(&[header, &[0; 64]].concat());
        let said = "t.pcap takes more than 128 MiB of memory to unpack with zstd";
        assert_eq!(error.to_string(), said);
        let help = "unpack it on the way: `zstd -dc --long=31 t.pcap | keeptrack replay -`";
        assert_eq!(error.help().unwrap(), help);
    }
    // The largest window that is taken, and the capture in one block as it is.
    let plain = capture(2);
    let [low, high, ..] = (u32::try_from(plain.len()).unwrap() << 3 | 1).to_le_bytes();
    let block = [b"\x28\xb5\x2f\xfd\x00\x88", &[low, high, 0][..], &plain].concat();
    assert_eq!(read(block).0.len(), 2);
}

#[test]
fn what_unpacks_to_far_more_than_it_is_passes_through() {
    // One block of pcapng that nobody knows, a thousand times as long as the file.
    let to = To::Little;
    let packet = [to.section(), to.interface(1, &[]), to.enhanced(0, 1, b"data")].concat();
    let bomb = [packet.clone(), to.block(0x0bad, &vec![0; 64 << 20]), to.enhanced(0, 2, b"last")];
    for packed in [gzip(&bomb.concat()), zstd(&bomb.concat())] {
        assert!(packed.len() < 100_000);
        assert_eq!(read(packed).0.len(), 2);
    }
}

#[test]
fn behind_the_last_member_of_gzip_zeros_are_nothing_and_all_else_is_left_out_with_a_warning() {
    let plain = capture(100);
    let (expected, ..) = read(plain.clone());
    for packed in [gzip(&plain), bgzip(&plain)] {
        // The zeros are more than are looked at in one go.
        for (zero_len, behind) in [(0, ""), (1, ""), (40_000, ""), (0, "x"), (40_000, "\x1f\x1f")] {
            let bytes = [&packed[..], &vec![0; zero_len], behind.as_bytes()].concat();
            let (packets, error, warning, capture) = read(bytes);
            assert!(packets == expected && error.is_none(), "{error:?}");
            let end = (packed.len() + zero_len) as u64;
            assert_eq!(capture.bytes_read(), end);
            let left_out = (!behind.is_empty()).then_some(Warning::Followed(Packing::Gzip, end));
            assert_eq!(warning, left_out);
        }
    }
    let said = "what follows the gzip data is left out (from byte 7 on)";
    assert_eq!(Warning::Followed(Packing::Gzip, 7).to_string(), said);
}
