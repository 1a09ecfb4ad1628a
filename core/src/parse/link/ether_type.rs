//! From an EtherType down to IP: tags, labels, PPPoE and LLC are passed on the way.

use super::{Announced, Network, ParseError, header, ppp};

/// Most VLAN tags of a frame. Linux looks behind as many.
pub const MAX_TAGS: usize = 8;

/// Most labels of an MPLS stack: more than routers push, and an end to the work of a frame of noise.
pub(in crate::parse) const MAX_LABELS: usize = 16;

/// What an EtherType stands for: the one table of all links. Whatever may carry IP has its arm here.
pub(super) fn by_ether_type(mut ether_type: u16, frame: &[u8]) -> Announced<'_> {
    let mut rest = frame;
    for _ in 0..=MAX_TAGS {
        match ether_type {
            0x0800 => return Ok((Network::Ipv4, rest)),
            0x86dd => return Ok((Network::Ipv6, rest)),
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
pub(super) fn mpls(frame: &[u8]) -> Announced<'_> {
    let mut rest = frame;
    for _ in 0..MAX_LABELS {
        let ([_, _, bottom, _], behind) = header::<4>(rest)?;
        if bottom & 1 != 0 {
            return Ok((Network::Any, behind));
        }
        rest = behind;
    }
    Err(ParseError::MplsLabels)
}
