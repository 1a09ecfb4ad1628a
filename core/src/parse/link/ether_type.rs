//! From an EtherType down to IP: tags, labels, PPPoE and LLC are passed on the way.

use super::{Announced, Network, ParseError, header, ppp, short, skip};

/// Most VLAN tags of a frame. Linux looks behind as many.
pub const MAX_TAGS: usize = 8;

/// Most labels of an MPLS stack: more than routers push, and an end to the work of a frame of noise.
pub(in crate::parse) const MAX_LABELS: usize = 16;

/// What an EtherType stands for: the one table of all links, in two parts, for most frames are done
/// with the first.
#[inline(always)]
pub(super) fn by_ether_type(ether_type: u16, frame: &[u8]) -> Announced<'_> {
    match ether_type {
        0x0800 => Ok((Network::Ipv4, frame)),
        0x86dd => Ok((Network::Ipv6, frame)),
        _ => behind(ether_type, frame),
    }
}

/// What lies behind whatever else may carry IP, which has its arm here.
#[inline(never)]
fn behind(mut ether_type: u16, frame: &[u8]) -> Announced<'_> {
    let mut rest = frame;
    for _ in 0..MAX_TAGS.saturating_add(1) {
        match ether_type {
            0x0800 | 0x86dd => return by_ether_type(ether_type, rest),
            // 802.1Q, 802.1ad, and the two numbers that were used for outer tags before that.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                let ([_, _, high, low], behind) = header::<4>(rest)?;
                (ether_type, rest) = (u16::from_be_bytes([*high, *low]), behind);
            }
            // Labels given out by the next router, and by the router before (RFC 5332).
            0x8847 | 0x8848 => return mpls(rest),
            0x8864 => return ppp::over_ethernet(rest),
            // No type but the length of an 802.3 frame.
            ..0x600 => (ether_type, rest) = llc(rest)?,
            other => return Err(ParseError::NotIp(other)),
        }
    }
    Err(ParseError::VlanTags)
}

/// What follows a header of LLC, on links that have nothing else.
pub(super) fn by_llc(frame: &[u8]) -> Announced<'_> {
    let (ether_type, rest) = llc(frame)?;
    by_ether_type(ether_type, rest)
}

/// The EtherType that a header of LLC stands for.
fn llc(frame: &[u8]) -> Result<(u16, &[u8]), ParseError> {
    let (access, rest) = header::<3>(frame)?;
    match *access {
        // LLC has a number of its own for IPv4.
        [0x06, 0x06, 0x03] => Ok((0x0800, rest)),
        [0xaa, 0xaa, 0x03] => {
            let ([organisation @ .., high, low], rest) = header::<5>(rest)?;
            match organisation {
                // EtherTypes; the second is what bridges to Ethernet make of the first.
                [0, 0, 0 | 0xf8] => Ok((u16::from_be_bytes([*high, *low]), rest)),
                _ => Err(ParseError::Llc(0xaa)),
            }
        }
        [destination, ..] => Err(ParseError::Llc(destination)),
    }
}

/// A stack of labels. Nothing says what is below its bottom, so that the version tells.
#[inline(never)]
pub(super) fn mpls(frame: &[u8]) -> Announced<'_> {
    let (labels, behind) = frame.as_chunks::<4>();
    let looked_at = labels.get(..MAX_LABELS).unwrap_or(labels);
    match looked_at.iter().position(|[_, _, bottom, _]| bottom & 1 != 0) {
        Some(above) => {
            skip(frame, above.saturating_add(1) << 2).map(|packet| (Network::Any, packet))
        }
        None if looked_at.len() < MAX_LABELS => Err(short(4, behind)),
        None => Err(ParseError::MplsLabels),
    }
}
