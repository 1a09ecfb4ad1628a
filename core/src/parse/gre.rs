//! GRE: the version, and the keys that tell the calls of version 1 apart.

use crate::packet::Malformed;
use crate::tuple::Ends;

use super::Header;
use super::body::{Body, Stop};

const VERSION: u8 = 0x07;
/// What version 1 carries.
const PPP: u16 = 0x880b;
const NO_KEYS: Ends = Ends::Keys { source: 0, destination: 0 };

/// Reads the keys: those of version 1 are zero and the receiver's call identifier (RFC 2637, section
/// 4.1), for the sender's is known to the two ends alone. All else has none (RFC 2784).
pub(super) fn ends(body: Body<'_>, header: Header) -> Result<Ends, Stop> {
    match unless_short(body.read(header))? {
        Some(&[_, flags, _, _]) if flags & VERSION == 1 => {}
        _ => return Ok(NO_KEYS),
    }
    // Linux looks at what it carries when it has the call, not before.
    let Some(&[_, _, high, low, _, _, call_high, call_low]) = unless_short(body.read(header))?
    else {
        return Ok(NO_KEYS);
    };
    if u16::from_be_bytes([high, low]) != PPP {
        return Err(Malformed::GreHeader.into());
    }
    Ok(Ends::Keys { source: 0, destination: u16::from_be_bytes([call_high, call_low]) })
}

/// What was read, if the packet has it: Linux tracks one that ends before its keys.
fn unless_short<T>(read: Result<T, Stop>) -> Result<Option<T>, Stop> {
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Stop::Malformed(_)) => Ok(None),
        Err(cut) => Err(cut),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ParseError;
    use super::super::frames::{ipv4, read, transport};
    use super::*;
    use crate::packet::Transport;

    #[test]
    fn version_1_has_a_call_and_carries_ppp() {
        let keyed = |destination| Ok(Ends::Keys { source: 0, destination });
        let cut = |missing_len| Err(ParseError::Cut { header: Header::Gre, missing_len });
        let call = ipv4(47, &[0x30, 0x81, 0x88, 0x0b, 0, 4, 0x12, 0x34, 0, 0, 0, 1]);
        let short = ipv4(47, &[0x30, 0x81, 0x88, 0x0b, 0, 4, 0x12]);
        let plain = ipv4(47, &[0x20, 0, 8, 0, 0, 4, 0x12, 0x34]);
        for (packet, ends) in [
            (&call[..], keyed(0x1234)),
            (&call[..28], keyed(0x1234)),
            (&call[..27], cut(1)),
            (&call[..23], cut(1)),
            (&short, keyed(0)),
            (&plain, keyed(0)),
            (&plain[..24], keyed(0)),
            (&ipv4(47, &[0x30, 0x81, 0x88]), keyed(0)),
            (&ipv4(47, &[0x30, 1, 8, 0, 0, 0]), keyed(0)),
        ] {
            assert_eq!(read(packet).map(|packet| packet.tuple.ends), ends, "{packet:x?}");
        }
        let carries_ipv4 = transport(&ipv4(47, &[0, 1, 8, 0, 0, 0, 0, 0]));
        assert_eq!(carries_ipv4, Transport::Malformed(Malformed::GreHeader));
    }
}
