//! A datagram that was put together from its parts: its headers are read like those of a packet.

use crate::packet::{Fragment, Packet};
#[cfg(not(feature = "ipv4-only"))]
use crate::packet::{Malformed, Transport};
use crate::tuple::Protocol;

use super::body::Body;
#[cfg(not(feature = "ipv4-only"))]
use super::ipv6;
use super::{ParseError, ipv4};

/// What is known of a datagram when all its parts are there.
pub(crate) struct Datagram<'a> {
    /// Whether it is of IPv4, else of IPv6.
    pub(crate) is_ipv4: bool,
    /// Source and destination, of IPv4 in the first eight bytes.
    pub(crate) addresses: &'a [u8; 32],
    /// The header that it begins with.
    pub(crate) protocol: Protocol,
    /// Hop limit of its first part.
    #[cfg(not(feature = "ipv4-only"))]
    pub(crate) hop_limit: u8,
    /// Its length, IP header included.
    pub(crate) len: u32,
    /// What follows the header that its parts were fragments by, as far as it was kept.
    pub(crate) payload: &'a [u8],
    /// How long that is.
    pub(crate) payload_len: u32,
}

impl<'a> Datagram<'a> {
    /// The packet that it is.
    ///
    /// # Errors
    /// When headers were not kept.
    #[cold]
    #[inline(never)]
    pub(crate) fn read(&self) -> Result<Packet<'a>, ParseError> {
        if self.is_ipv4 {
            return ipv4::datagram(self).read();
        }
        #[cfg(not(feature = "ipv4-only"))]
        return ipv6::datagram(self).read();
        #[cfg(feature = "ipv4-only")]
        Err(ParseError::NoIpv6)
    }

    pub(super) fn body(&self) -> Body<'a> {
        Body::kept(self.payload, self.payload_len as usize)
    }
}

impl Packet<'_> {
    /// Whether this, which is `part` of a datagram of IPv6, is its first and ends before the header
    /// above IP does (RFC 8200, section 4.5): defragmentation lets it pass as it is.
    #[cfg(not(feature = "ipv4-only"))]
    pub(crate) fn lacks_header(&self, part: Fragment) -> bool {
        let is_walked = self.transport != Transport::Malformed(Malformed::Header);
        if part.offset != 0 || self.tuple.source.is_ipv4() || !is_walked {
            return false;
        }
        let protocol = if part.is_whole() { self.tuple.protocol } else { part.protocol };
        ipv6::lacks_header(protocol, Body::kept(self.segment, self.segment_len as usize))
    }

    /// There is no IPv6.
    #[cfg(feature = "ipv4-only")]
    pub(crate) const fn lacks_header(&self, _part: Fragment) -> bool {
        false
    }
}
