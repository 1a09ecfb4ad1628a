//! Does any text, taken for rules of iptables or nft, break their readers, or what looks for faults in them?
#![no_main]

use keeptrack::lint;
use keeptrack::rules::{self, Known, Unknown};
use keeptrack_core::raw::Raw;
use keeptrack_core::{LinkType, Packet, Path, Seen};

/// A UDP datagram, a TCP SYN, and an echo request of IPv6.
const PACKETS: [&[u8]; 3] = [
    b"\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\xc0\0\x02\x01\xc0\0\x02\x02\0\x43\0\x44\0\x08\0\x01",
    b"\x45\0\0\x28\0\0\0\0\x40\x06\0\0\xc0\0\x02\x02\xc0\0\x02\x01\x04\0\0\x50\
      \0\0\0\x01\0\0\0\0\x50\x02\xff\xff\0\0\0\0",
    b"\x60\0\0\0\0\x08\x3a\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\
      \x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\x80\0\0\0\0\x01\0\0",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let known = Known::new(vec![[192, 0, 2, 1].into()], Unknown::MatchesNothing);
    // Whatever is wrong with them is said below as well.
    let _ = lint::count_of_bytes(bytes, known.clone());
    match rules::of_bytes(bytes, known) {
        Ok(mut rules) => {
            for packet in PACKETS {
                let packet = Packet::parse(LinkType::Raw, packet).expect("a packet");
                for path in [Path::Arrives, Path::Local, Path::Loops] {
                    rules.classify(&packet.clone().seen(Seen { path, input: None, output: None }));
                }
            }
            assert_eq!(rules.table.rules().len(), rules.sources.len(), "each rule has its place");
        }
        Err(error) => assert!(!error.to_string().is_empty(), "it says what is wrong"),
    }
});
