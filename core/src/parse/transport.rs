//! What IP carries: ports, and what tracking reads of a TCP segment.

use crate::packet::{Malformed, Packet, Sctp, Tcp, TcpFlags, Transport};
use crate::tuple::{Ends, Protocol};

use super::body::{Body, Stop, len_of};
use super::{Header, Ip, gre, icmp, sctp};

/// Length of a TCP header without options.
const TCP_MIN_LEN: usize = 20;
/// Length of a UDP header.
const UDP_LEN: usize = 8;
/// The largest shift of a window (RFC 7323, section 2.3); a larger one counts as this.
const MAX_WINDOW_SCALE: u8 = 14;

/// Reads the header above IP into `packet`: who speaks, and what. A header that is there but wrong
/// keeps its ports.
pub(super) fn read(ip: &Ip<'_>, packet: &mut Packet<'_>) -> Result<(), Stop> {
    let body = ip.body?;
    if let Some(family) = ip.icmp() {
        family?;
        return icmp::read(ip, body, packet);
    }
    packet.transport = match ip.protocol {
        Protocol::TCP => {
            body.read::<TCP_MIN_LEN>(Header::Tcp)?;
            rare_tcp(body)
        }
        Protocol::UDP => {
            body.read::<UDP_LEN>(Header::Udp)?;
            Transport::Malformed(Malformed::UdpHeader)
        }
        Protocol::UDPLITE => udplite(ip, body)?,
        Protocol::SCTP => sctp(body)?,
        Protocol::GRE => Transport::Gre,
        _ => return Ok(()),
    };
    // All headers but that of GRE are longer than what is read of them here.
    ends(ip.protocol, body, Header::Gre, &mut packet.tuple.ends)
}

/// Puts the ends of the packet inside an ICMP error into `to`; of it four bytes, of a query eight,
/// are enough.
pub(super) fn inner_ends(ip: &Ip<'_>, to: &mut Ends) -> Result<(), Stop> {
    let body = ip.body?;
    if let Some(family) = ip.icmp() {
        family?;
        let query = icmp::query(ip.protocol, body.read(Header::Inner)?);
        *to = query.ok_or(Stop::Malformed(Malformed::IcmpType))?;
        return Ok(());
    }
    ends(ip.protocol, body, Header::Inner, to)
}

/// Puts what the header begins with by which a protocol tells connections apart into `to`: two ports,
/// or the keys of GRE. Not inlined: packets have it, and packets inside errors.
#[inline(never)]
fn ends(protocol: Protocol, body: Body<'_>, header: Header, to: &mut Ends) -> Result<(), Stop> {
    *to = match protocol {
        Protocol::TCP | Protocol::UDP | Protocol::UDPLITE | Protocol::SCTP => {
            let &[s0, s1, d0, d1] = body.read(header)?;
            let (source, destination) =
                (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
            Ends::Ports { source, destination }
        }
        Protocol::GRE => gre::ends(body, header)?,
        _ => Ends::None,
    };
    Ok(())
}

/// UDP-Lite (RFC 3828, section 3.1): where UDP has its length stands how much the check sum covers, 0
/// for all, and there is always a check sum.
fn udplite(ip: &Ip<'_>, body: Body<'_>) -> Result<Transport, Stop> {
    let header = body.read::<UDP_LEN>(Header::Udp)?;
    let covered_len = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let fits = covered_len >= header.len() && (ip.is_part() || body.holds(covered_len));
    let is_summed = (header[6], header[7]) != (0, 0) && (fits || covered_len == 0);
    Ok(if is_summed { Transport::Udp } else { Transport::Malformed(Malformed::UdpHeader) })
}

/// The ports of a UDP datagram; `None` for a header that is not there, or wrong.
#[inline(always)]
pub(super) fn udp(ip: &Ip<'_>, body: Body<'_>) -> Option<Ends> {
    let &[s0, s1, d0, d1, high, low, ..] = body.read::<UDP_LEN>(Header::Udp).ok()?;
    let len = usize::from(u16::from_be_bytes([high, low]));
    // The first fragment states the length of all.
    let fits = len >= UDP_LEN && (ip.is_part() || body.holds(len));
    let (source, destination) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    fits.then_some(Ends::Ports { source, destination })
}

fn sctp(body: Body<'_>) -> Result<Transport, Stop> {
    let header = body.read(Header::Sctp)?;
    let mut said = Sctp { tag: 0, init_tag: 0 };
    match sctp::read(header, body.skip(header.len()), &mut said) {
        Ok(()) => Ok(Transport::Sctp(said)),
        Err(Stop::Malformed(why)) => Ok(Transport::Malformed(why)),
        Err(cut) => Err(cut),
    }
}

/// TCP behind more than an IP header, or in parts; or a wrong header.
#[inline(never)]
fn rare_tcp(body: Body<'_>) -> Transport {
    match tcp(body) {
        Some((_, tcp)) => Transport::Tcp(tcp),
        None => Transport::Malformed(Malformed::TcpHeader),
    }
}

/// A TCP header; `None` for one that is not there, or wrong.
#[inline(always)]
pub(super) fn tcp(body: Body<'_>) -> Option<(Ends, Tcp)> {
    let header = body.read::<TCP_MIN_LEN>(Header::Tcp).ok()?;
    let &[p0, p1, p2, p3, s0, s1, s2, s3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = header;
    let (source, destination) = (u16::from_be_bytes([p0, p1]), u16::from_be_bytes([p2, p3]));
    let header_len = usize::from(offset >> 4) << 2;
    if header_len < TCP_MIN_LEN || !body.holds(header_len) {
        return None;
    }
    let ack = u32::from_be_bytes([a0, a1, a2, a3]);
    // Of options that the capture cut off, those that are there count.
    let captured = body.captured();
    let options = captured.get(TCP_MIN_LEN..header_len).or_else(|| captured.get(TCP_MIN_LEN..));
    let said = match options {
        // What most segments have: none, or timestamps alone.
        None | Some([] | [1, 1, 8, 10, _, _, _, _, _, _, _, _]) => Said::NOTHING,
        Some(options) => Said::of(options, ack),
    };
    let tcp = Tcp {
        seq: u32::from_be_bytes([s0, s1, s2, s3]),
        ack,
        flags: TcpFlags(flags),
        window: u16::from_be_bytes([w0, w1]),
        payload_len: len_of(body.len().saturating_sub(header_len)),
        options_len: options_len(header_len),
        window_scale: said.window_scale,
        sack_permitted: said.sack_permitted,
        sack_right_edge: said.sack_right_edge,
    };
    Some((Ends::Ports { source, destination }, tcp))
}

/// The bytes of options in a header of at most 60 bytes.
fn options_len(header_len: usize) -> u8 {
    u8::try_from(header_len.saturating_sub(TCP_MIN_LEN)).unwrap_or(u8::MAX)
}

/// What tracking needs of the options.
struct Said {
    window_scale: Option<u8>,
    sack_permitted: bool,
    sack_right_edge: Option<u32>,
}

impl Said {
    const NOTHING: Self = Self { window_scale: None, sack_permitted: false, sack_right_edge: None };

    /// What at most 40 bytes say beside that acknowledgement.
    #[inline(never)]
    fn of(options: &[u8], ack: u32) -> Self {
        let mut said = Self::NOTHING;
        let mut selective = None;
        // As RFC 7323, appendix A, lays timestamps out: what comes in front of most others.
        let options = match options {
            [1, 1, 8, 10, _, _, _, _, _, _, _, _, others @ ..] => others,
            _ => options,
        };
        for option in Options(options) {
            match option {
                [3, 3, shift] => said.window_scale = Some((*shift).min(MAX_WINDOW_SCALE)),
                [4, 2] => said.sack_permitted = true,
                [5, _, blocks @ ..] if !blocks.is_empty() && blocks.len().is_multiple_of(8) => {
                    selective.get_or_insert(blocks);
                }
                _ => {}
            }
        }
        for block in selective.unwrap_or(&[]).chunks_exact(8) {
            if let Some(right_edge) = block.last_chunk() {
                said.note_right_edge(u32::from_be_bytes(*right_edge), ack);
            }
        }
        said
    }

    /// Keeps the edge if it is ahead of what is acknowledged and of those kept before.
    fn note_right_edge(&mut self, edge: u32, ack: u32) {
        let furthest = self.sack_right_edge.unwrap_or(ack);
        // What is as far ahead as behind counts as ahead, as in Linux.
        if furthest.wrapping_sub(edge).cast_signed() < 0 {
            self.sack_right_edge = Some(edge);
        }
    }
}

/// The options of a TCP header, each with its kind and its length; what is no option ends them.
struct Options<'a>(&'a [u8]);

impl<'a> Iterator for Options<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        const END: u8 = 0;
        const NO_OPERATION: u8 = 1;
        loop {
            match self.0 {
                [NO_OPERATION, rest @ ..] => self.0 = rest,
                [END, ..] => return None,
                [_, len @ 2..=u8::MAX, ..] => {
                    let (option, rest) = self.0.split_at_checked(usize::from(*len))?;
                    self.0 = rest;
                    return Some(option);
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ParseError;
    use super::super::frames::{ipv4, read, segment, tcp, udp};
    use super::*;

    fn with_options(options: &[u8]) -> (Option<u8>, bool, Option<u32>) {
        let tcp = segment(&ipv4(6, &tcp(options, b"payload")));
        assert_eq!((tcp.seq, tcp.ack, tcp.window, tcp.payload_len), (1000, 2000, 512, 7));
        (tcp.window_scale, tcp.sack_permitted, tcp.sack_right_edge)
    }

    #[test]
    fn options_are_read_up_to_what_is_none() {
        for (options, read) in [
            (&[][..], (None, false, None)),
            (&[2, 4, 5, 180, 4, 2, 3, 3, 7, 0, 0, 0], (Some(7), true, None)),
            (&[1, 3, 3, 200], (Some(14), false, None)),
            (&[0, 3, 3, 7], (None, false, None)),
            (&[4, 2, 99, 0, 3, 3, 7, 0], (None, true, None)),
            (&[4, 2, 99, 1, 3, 3, 7, 0], (None, true, None)),
            (&[4, 2, 3, 3], (None, true, None)),
            (&[4, 3, 0, 3, 2, 0, 0, 0], (None, false, None)),
            (&[5, 14, 0, 0, 9, 9, 0, 0, 9, 9, 0, 0, 0, 0, 1, 1], (None, false, None)),
        ] {
            assert_eq!(with_options(options), read, "{options:?}");
        }
    }

    #[test]
    fn the_sack_edge_furthest_ahead_counts() {
        for (edges, furthest) in [
            (&[2500, 3500, 3000][..], Some(3500)),
            (&[1500, 2000], None),
            (&[2000 + (1 << 31)], Some(2000 + (1 << 31))),
            (&[0x8000_1000, 2001], Some(2001)),
        ] {
            let mut options = std::vec![1, 1, 5, u8::try_from(2 + 8 * edges.len()).unwrap()];
            for edge in edges {
                options.extend([0; 4]);
                options.extend(u32::to_be_bytes(*edge));
            }
            assert_eq!(with_options(&options), (None, false, furthest));
        }
    }

    #[test]
    fn the_segment_ends_where_the_packet_does() {
        let packet = ipv4(6, &tcp(&[1, 1, 1, 1], b"payload"));
        let padded = [&*packet, &[0; 6]].concat();
        let whole = read(&padded).unwrap();
        assert_eq!((whole.segment, whole.segment_len), (&packet[20..], 31));
        let cut = read(&packet[..48]).unwrap();
        assert_eq!((cut.segment, cut.segment_len), (&packet[20..48], 31));
    }

    #[test]
    fn options_that_were_cut_off_are_not_missed() {
        let packet = ipv4(6, &tcp(&[3, 3, 7, 4, 2, 0, 0, 0], b"payload"));
        let cut = segment(&packet[..44]);
        assert_eq!((cut.window_scale, cut.sack_permitted), (Some(7), false));
        let missing = ParseError::Cut { header: Header::Tcp, missing_len: 1 };
        assert_eq!(read(&packet[..39]), Err(missing));
    }

    #[test]
    fn headers_that_contradict_the_packet_are_malformed() {
        let (mut low, mut high) = (tcp(&[], b""), tcp(&[], b"123"));
        (low[12], high[12]) = (0x40, 0x60);
        let (mut short, mut long) = (udp(b"12345678"), udp(b""));
        (short[5], long[5]) = (7, 9);
        for (protocol, body, has_ports, why) in [
            (6, &*low, true, Malformed::TcpHeader),
            (6, &*high, true, Malformed::TcpHeader),
            (6, &low[..19], false, Malformed::TcpHeader),
            (17, &*short, true, Malformed::UdpHeader),
            (17, &*long, true, Malformed::UdpHeader),
            (17, &long[..7], false, Malformed::UdpHeader),
            (136, &long[..7], false, Malformed::UdpHeader),
            // No check sum; one of the header's seven bytes, and of one byte more than there is.
            (136, &[0, 1, 0, 2, 0, 8, 0, 0], true, Malformed::UdpHeader),
            (136, &[0, 1, 0, 2, 0, 7, 0, 1], true, Malformed::UdpHeader),
            (136, &[0, 1, 0, 2, 0, 9, 0, 1], true, Malformed::UdpHeader),
            (132, &[0; 11], false, Malformed::SctpHeader),
            (58, &[128, 0, 0, 0, 0, 0, 0, 0], false, Malformed::IcmpFamily),
        ] {
            let packet = ipv4(protocol, body);
            let packet = read(&packet).unwrap();
            assert_eq!(packet.transport, Transport::Malformed(why));
            assert_eq!(packet.tuple.ends != Ends::None, has_ports);
        }
    }
}
