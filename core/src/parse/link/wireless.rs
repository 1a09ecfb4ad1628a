//! 802.11 and what radios put in front of it. Only data frames in the clear hold packets.
//!
//! The check sequence at the end, which some captures keep, is left where it is: IP states its own
//! length.

use super::ether_type::by_llc;
use super::{Announced, ParseError, header, skip, skip_stated};

/// Length of a Prism header, which all drivers fill alike.
const PRISM_LEN: usize = 144;

/// What the first word of an AVS header is, but for its version.
const AVS_COOKIE: u32 = 0x8021_1000;

/// Whether the radio padded the 802.11 header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    None,
    /// So that the body begins at a whole word.
    ToWord,
}

/// A frame of 802.11.
pub(super) fn ieee80211(frame: &[u8], padding: Padding) -> Announced<'_> {
    // Management and control may be shorter than the header of data.
    let ([kind, flags], _) = header::<2>(frame)?;
    let (is_data, is_null) = (kind & 0x0f == 0x08, kind & 0x40 != 0);
    if !is_data || is_null {
        return Err(ParseError::NoPacket);
    }
    if flags & 0x40 != 0 {
        return Err(ParseError::Encrypted);
    }
    let ([.., fragment, _], rest) = header::<24>(frame)?;
    if fragment & 0x0f != 0 {
        return Err(ParseError::LinkFragment);
    }
    // To one station of a distribution system from another: a fourth address.
    let rest = if flags & 0x03 == 0x03 { skip(rest, 6)? } else { rest };
    let is_qos = kind & 0x80 != 0;
    let rest = if is_qos { behind_qos(rest, *flags)? } else { rest };
    by_llc(match padding {
        Padding::None => rest,
        Padding::ToWord => {
            let header_len = frame.len().saturating_sub(rest.len());
            skip(frame, header_len.next_multiple_of(4))?
        }
    })
}

/// What follows the field of a QoS frame, and that of high throughput where flags tell of one.
fn behind_qos(frame: &[u8], flags: u8) -> Result<&[u8], ParseError> {
    let ([qos, _], rest) = header::<2>(frame)?;
    if qos & 0x80 != 0 {
        return Err(ParseError::Aggregate);
    }
    if flags & 0x80 != 0 { skip(rest, 4) } else { Ok(rest) }
}

/// Behind radiotap: two bytes, its length, words that say which fields follow, the fields.
pub(super) fn radiotap(frame: &[u8]) -> Announced<'_> {
    let ([_, _, len @ .., _, _, _, _], _) = header::<8>(frame)?;
    let len = u16::from_le_bytes(*len);
    let behind = skip_stated::<8>(frame, len.into())?;
    let fields = frame.get(..len.into()).unwrap_or(frame);
    let is_padded = radiotap_flags(fields).is_some_and(|flags| flags & 0x20 != 0);
    ieee80211(behind, if is_padded { Padding::ToWord } else { Padding::None })
}

/// Radiotap's flags, the second of its fields; before them only the time may stand.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    let (words, _) = header.as_chunks::<4>();
    let present = words.get(1)?[0];
    // The highest bit of a word tells that one more follows.
    let more_count = words.iter().skip(1).position(|[.., high]| high & 0x80 == 0)?;
    let fields_at = more_count.saturating_mul(4).saturating_add(8);
    let flags_at = match present & 0x03 {
        0x02 => fields_at,
        // The time has eight bytes and stands at a multiple of eight.
        0x03 => fields_at.next_multiple_of(8).saturating_add(8),
        _ => return None,
    };
    header.get(flags_at).copied()
}

/// Behind a Prism header, for which some drivers give AVS's.
pub(super) fn prism(frame: &[u8]) -> Announced<'_> {
    let (first, _) = header::<4>(frame)?;
    if u32::from_be_bytes(*first) & 0xffff_f000 == AVS_COOKIE {
        return avs(frame);
    }
    ieee80211(skip(frame, PRISM_LEN)?, Padding::None)
}

/// Behind an AVS header: its version, its length, fields of the radio.
pub(super) fn avs(frame: &[u8]) -> Announced<'_> {
    let ([_, _, _, _, len @ ..], _) = header::<8>(frame)?;
    ieee80211(skip_stated::<8>(frame, u32::from_be_bytes(*len))?, Padding::None)
}
