//! Headers of a capture that name the link type of the frame behind them.

use super::{LinkType, ParseError, header, skip_stated};

/// PPI: two bytes, its length, the link type, then fields of the radio.
pub(super) fn ppi(frame: &[u8]) -> Result<(LinkType, &[u8]), ParseError> {
    let ([_, _, len @ .., a, b, c, d], _) = header::<8>(frame)?;
    let behind = skip_stated::<8>(frame, u16::from_le_bytes(*len).into())?;
    Ok((named(u32::from_le_bytes([*a, *b, *c, *d]))?, behind))
}

/// PKTAP: its length, whether a packet follows, the link type, then the process that it is of.
pub(super) fn pktap(frame: &[u8]) -> Result<(LinkType, &[u8]), ParseError> {
    let ([a, b, c, d, has_packet, _, _, _, link @ ..], _) = header::<12>(frame)?;
    let behind = skip_stated::<12>(frame, u32::from_le_bytes([*a, *b, *c, *d]))?;
    if *has_packet == 0 {
        return Err(ParseError::NoPacket);
    }
    Ok((named(u32::from_le_bytes(*link))?, behind))
}

fn named(dlt: u32) -> Result<LinkType, ParseError> {
    let link = u16::try_from(dlt).ok().and_then(LinkType::from_dlt);
    link.ok_or(ParseError::InnerLink(dlt))
}
