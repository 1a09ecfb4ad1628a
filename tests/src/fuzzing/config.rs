//! From a fuzzer's bytes to the body of a gateway's image, with a right check sum in front, so that
//! the checker is met; what it takes is walked, written again and walked again.

use keeptrack_core::raw::Raw;
use keeptrack_core::{CtState, LinkType, Packet, Path, Seen};
use keeptrack_gateway::image::{self, VERSION};
use keeptrack_gateway::settings::Settings;
use keeptrack_gateway::{Side, Standing};

/// An echo request, a UDP datagram, a TCP SYN, the same two in IPv6, and ESP.
const PACKETS: [&[u8]; 6] = [
    b"\x45\0\0\x1c\0\0\0\0\x40\x01\0\0\xc0\0\x02\x01\xc0\0\x02\x02\x08\0\0\0\0\x01\0\0",
    b"\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\xc0\0\x02\x01\xc0\0\x02\x02\0\x43\0\x44\0\x08\0\x01",
    b"\x45\0\0\x28\0\0\0\0\x40\x06\0\0\xc0\0\x02\x02\xc0\0\x02\x01\x04\0\0\x50\
      \0\0\0\x01\0\0\0\0\x50\x02\xff\xff\0\0\0\0",
    b"\x60\0\0\0\0\x08\x3a\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\
      \x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\x80\0\0\0\0\x01\0\0",
    b"\x60\0\0\0\0\x08\x11\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\
      \x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\x02\x23\x02\x22\0\x08\0\x01",
    b"\x45\0\0\x1c\0\0\0\0\x40\x32\0\0\xc0\0\x02\x01\xc0\0\x02\x02\0\0\0\x01\0\0\0\x01",
];

const STANDINGS: [Standing; 5] = [
    Standing::Tracked(CtState::New),
    Standing::Tracked(CtState::Established),
    Standing::Tracked(CtState::Related),
    Standing::Invalid,
    Standing::Untracked,
];

/// Reads `body` as that of an image, and as an image.
///
/// # Panics
/// When an image that is read does not say the same when it is written again.
pub fn config(body: &[u8]) {
    // Whatever they are.
    let _ = (image::read(body), image::fail(body));
    let sealed = sealed(body);
    let Ok(settings) = image::read(&sealed) else { return };
    let plan = image::plan(&sealed).expect("it was read");
    let written = image::write(&plan).expect("what is read can be written");
    let again = image::plan(&written).expect("what is written can be read");
    assert_eq!(image::write(&again).as_deref(), Ok(&written[..]), "one form of each");
    let others = image::read(&written).expect("what is written can be read");
    assert_eq!(says(&settings), says(&others));
    assert_eq!(settings.fit(64).err(), others.fit(64).err());
}

/// What the rules say of each packet, in each state, at each side.
fn says(settings: &Settings<'_>) -> Vec<String> {
    let mut raw = settings.raw;
    let mut said = Vec::new();
    for bytes in PACKETS {
        let packet = Packet::parse(LinkType::Raw, bytes).expect("it is whole");
        for side in Side::BOTH {
            let name = side.if_name();
            let seen = Seen { path: Path::Arrives, input: name.as_ref(), output: None };
            said.push(format!("{:?}", raw.classify(&packet.seen(seen))));
            let filter = STANDINGS.map(|standing| settings.filter.filter(&packet, standing, side));
            said.push(format!("{filter:?}"));
        }
    }
    said
}

/// An image of that body, as far as it is of words.
pub(crate) fn sealed(body: &[u8]) -> Vec<u8> {
    let body = body.as_chunks::<4>().0.as_flattened();
    let body_len = u32::try_from(body.len()).expect("no fuzzer writes as much").to_le_bytes();
    let summed = [&VERSION.to_le_bytes()[..], &0x3c3c_u16.to_le_bytes(), &body_len, body].concat();
    let (head, body) = summed.split_at(8);
    [b"KTGW", head, &crc32(&summed).to_le_bytes(), body].concat()
}

/// The CRC-32 of Ethernet (IEEE 802.3), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}
