//! The packets of a capture as they were on the wire: what the capture lacks is made up for.
//!
//! A capture may cut packets off, leave lengths and check sums to a network card, and hold what is
//! no IP. A kernel wants whole packets whose lengths and header check sums are right.

use std::path::Path;

use keeptrack::capture::{Capture, Record};
use keeptrack_core::LinkType;

use super::packet;

/// Length of an IPv4 header without options.
const IPV4_LEN: usize = 20;
/// Length of an IPv6 header.
const IPV6_LEN: usize = 40;

/// A packet of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// From its IP header on; `None` where there is nothing to ask about: it is no IP, or the
    /// capture has not kept what tracking reads.
    pub ip: Option<Vec<u8>>,
}

/// All packets of a capture.
///
/// # Errors
/// When it cannot be read.
pub fn packets(capture: &Path) -> Result<Vec<Packet>, String> {
    let fault = |error: keeptrack::capture::Error| error.to_string();
    let mut capture = Capture::open(capture).map_err(fault)?;
    let mut packets = Vec::new();
    while let Some(record) = capture.next() {
        let record = record.map_err(fault)?;
        packets.push(Packet { time_ns: record.time_ns, ip: whole(&record) });
    }
    Ok(packets)
}

fn whole(record: &Record<'_>) -> Option<Vec<u8>> {
    let ip = LinkType::from_dlt(record.link)?.ip(record.data).ok()?;
    let cut_len = usize::try_from(record.wire_len).ok()?.saturating_sub(record.data.len());
    let wire_len = ip.len() + cut_len;
    let mut ip = ip.to_vec();
    let len = match ip.first()? >> 4 {
        4 if ip.len() >= IPV4_LEN => ipv4_len(&mut ip, wire_len),
        6 if ip.len() >= IPV6_LEN => ipv6_len(&mut ip, wire_len),
        _ => return None,
    };
    // What is behind the packet is not of it.
    if len >= IPV4_LEN {
        ip.truncate(len);
    }
    if ip.len() < len && len <= wire_len {
        if packet::tracked_len(&ip)? > ip.len() {
            return None;
        }
        ip.resize(len, 0);
    }
    if !packet::is_ipv6(&ip) {
        correct_sum(&mut ip);
    }
    Some(ip)
}

/// The length in the header, filled in where it was left to a network card.
fn ipv4_len(ip: &mut [u8], wire_len: usize) -> usize {
    if ip[2..4] == [0, 0]
        && wire_len > IPV4_LEN
        && let Ok(len) = u16::try_from(wire_len)
    {
        ip[2..4].copy_from_slice(&len.to_be_bytes());
    }
    usize::from(u16::from_be_bytes([ip[2], ip[3]]))
}

/// The length in the header, and that of the header, filled in where it was left to a network card.
fn ipv6_len(ip: &mut [u8], wire_len: usize) -> usize {
    let is_left_out = ip[4..6] == [0, 0] && matches!(ip[6], 6 | 17) && wire_len > IPV6_LEN;
    if is_left_out && let Ok(len) = u16::try_from(wire_len - IPV6_LEN) {
        ip[4..6].copy_from_slice(&len.to_be_bytes());
    }
    IPV6_LEN + usize::from(u16::from_be_bytes([ip[4], ip[5]]))
}

/// Makes the check sum of an IPv4 header right (RFC 1071).
fn correct_sum(ip: &mut [u8]) {
    let header_len = usize::from(ip[0] & 0x0f) * 4;
    let Some(header) = ip.get_mut(..header_len).filter(|_| header_len >= IPV4_LEN) else { return };
    header[10..12].fill(0);
    let words =
        header.chunks_exact(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let sum: u32 = words.sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let [_, _, high, low] = (!(sum + (sum >> 16))).to_be_bytes();
    header[10..12].copy_from_slice(&[high, low]);
}
