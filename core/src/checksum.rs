//! Check sums above IP, verified as Linux does it where a packet arrives (`nf_conntrack_checksum`).

use core::net::IpAddr;

use crc::{CRC_32_ISCSI, Crc, Digest, Table};

use crate::config::Config;
use crate::packet::{Fragment, Malformed, Packet, Path, Transport};
use crate::tuple::Protocol;

/// How many tables of 1 KiB the sum of SCTP is computed by: none where flash is scarce, bit by bit.
const TABLES: usize = if cfg!(target_pointer_width = "32") { 0 } else { 1 };

/// The sum of SCTP (RFC 9260, appendix A).
static CRC32C: Crc<u32, Table<TABLES>> = Crc::<u32, Table<TABLES>>::new(&CRC_32_ISCSI);

/// The longest packet that states its length.
const MAX_LEN: u32 = 65_535;

/// Whether the check sum of a packet that has arrived is wrong.
///
/// A sum that cannot be verified counts as right: that of a part of a datagram, which covers the
/// others, too, and that of a packet which a capture has cut. What this host sends has no sum yet.
/// Linux knows none of GRE's and of protocols that it does not track by ports.
pub(crate) fn is_wrong(packet: &Packet<'_>, config: &Config) -> bool {
    let is_of_other_family = packet.transport == Transport::Malformed(Malformed::IcmpFamily);
    if packet.seen.path != Path::Arrives || is_of_other_family {
        return false;
    }
    // Linux 6.18 takes every one of UDP-Lite for wrong, measured.
    if packet.tuple.protocol == Protocol::UDPLITE {
        return true;
    }
    let (len, segment) = (packet.segment_len, packet.segment);
    let is_whole = packet.fragment.as_ref().is_none_or(Fragment::is_whole);
    if !is_whole || len > MAX_LEN || usize::try_from(len) != Ok(segment.len()) {
        return false;
    }
    if config.unfinished_sums && is_unfinished(packet) {
        return false;
    }
    match packet.tuple.protocol {
        Protocol::UDP if matches!(segment, [_, _, _, _, _, _, 0, 0, ..]) => false,
        Protocol::TCP | Protocol::UDP | Protocol::ICMPV6 => {
            folded(pseudo_header(packet).wrapping_add(sum(segment))) != u16::MAX
        }
        // Zeros alone count as right: Linux sums the IP header up before them, which makes all ones.
        Protocol::ICMP => !matches!(folded(sum(segment)), 0 | u16::MAX),
        Protocol::SCTP => is_wrong_sctp(segment),
        _ => false,
    }
}

/// Whether the sum of TCP or UDP is what a host leaves there for its network card to finish: that of
/// the pseudo header.
fn is_unfinished(packet: &Packet<'_>) -> bool {
    let left = match (packet.tuple.protocol, packet.segment) {
        (Protocol::TCP, &[_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, high, low, ..])
        | (Protocol::UDP, &[_, _, _, _, _, _, high, low, ..]) => u16::from_be_bytes([high, low]),
        _ => return false,
    };
    left == folded(pseudo_header(packet))
}

/// The sum is computed with zeros in its own place, and sent with its lowest byte first.
fn is_wrong_sctp(segment: &[u8]) -> bool {
    let Some((header, chunks)) = segment.split_first_chunk::<12>() else { return false };
    let [ports_and_tag @ .., a, b, c, d] = header;
    let mut digest = CRC32C.digest();
    for bytes in [&ports_and_tag[..], &[0; 4], chunks] {
        digest = taken_in(digest, bytes);
    }
    digest.finalize() != u32::from_le_bytes([*a, *b, *c, *d])
}

/// Not inlined, for it is unrolled; and by value, so that the compiler sees whose digest it is.
#[inline(never)]
fn taken_in<'c>(
    mut digest: Digest<'c, u32, Table<TABLES>>,
    bytes: &[u8],
) -> Digest<'c, u32, Table<TABLES>> {
    digest.update(bytes);
    digest
}

/// The sum over the addresses, the length and the protocol (RFC 9293, section 3.1, and RFC 8200,
/// section 8.1).
fn pseudo_header(packet: &Packet<'_>) -> u32 {
    let addresses = [packet.tuple.source, packet.tuple.destination].map(|address| match address {
        IpAddr::V4(address) => sum(&address.octets()),
        IpAddr::V6(address) => sum(&address.octets()),
    });
    let [source, destination] = addresses;
    let len = sum(&packet.segment_len.to_be_bytes());
    let protocol = u32::from(packet.tuple.protocol.0);
    source.wrapping_add(destination).wrapping_add(len).wrapping_add(protocol)
}

/// The sum of all words of 16 bits, the last one filled up with zeros, as ones' complement has it.
///
/// The words are added as they lie in memory: in which order bytes are taken does not matter but to
/// the result (RFC 1071, section 2). Of [`MAX_LEN`] bytes they do not fill 32 bits. Not inlined: it
/// is asked for in several places.
#[inline(never)]
fn sum(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<2>();
    let last = rest.first().map_or(0, |&byte| u16::from_ne_bytes([byte, 0]));
    let words = words.iter().map(|&word| u32::from(u16::from_ne_bytes(word)));
    u16::from_be(folded(words.fold(last.into(), u32::wrapping_add))).into()
}

/// The sum as ones' complement has it: what goes over the sixteenth bit is added below.
fn folded(sum: u32) -> u16 {
    let once = (sum & 0xffff).wrapping_add(sum >> 16);
    let [_, carry, high, low] = once.to_be_bytes();
    u16::from_be_bytes([high, low]).wrapping_add(carry.into())
}
