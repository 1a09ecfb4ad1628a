//! A frame in its buffer: with an 802.1Q tag as on the trunk, or without as at a port.

use keeptrack_gateway::Side;

use crate::mac::LONGEST;

/// The tag: its type, and 16 bits with the VLAN in the lower 12.
const TAG_LEN: usize = 4;

/// The type of an 802.1Q tag.
const TPID: [u8; 2] = [0x81, 0x00];

/// The addresses before it.
const ADDRESSES_LEN: usize = 12;

/// A tagged frame without anything behind its type.
const TAGGED_HEADER_LEN: usize = 18;

/// Memory for a frame of the trunk. It is in words, as a MAC reads and writes it.
#[derive(Debug)]
#[repr(align(4))]
pub struct Buffer([u8; LONGEST.next_multiple_of(4)]);

impl Buffer {
    /// An empty one.
    pub const EMPTY: Self = Self([0; LONGEST.next_multiple_of(4)]);

    pub(super) const fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Lets the addresses and the tag behind them change places.
    fn swap_tag(&mut self, order: Order) {
        let Some(head) = self.0.first_chunk_mut::<16>() else { return };
        if let ([first, second, third, fourth], _) = head.as_chunks_mut::<TAG_LEN>() {
            (*first, *second, *third, *fourth) = match order {
                Order::TagLast => (*second, *third, *fourth, *first),
                Order::TagFirst => (*fourth, *first, *second, *third),
            };
        }
    }
}

/// Where the tag lies among the first 16 bytes of a buffer.
#[derive(Clone, Copy)]
enum Order {
    /// Behind the addresses, as on the trunk.
    TagLast,
    /// Out of the way, before them.
    TagFirst,
}

/// The number of a VLAN that frames can be of, 1 to 4,094.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VlanId(u16);

impl VlanId {
    /// The VLAN of this number; nothing for 0 and 4,095, which are no VLANs.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        match number {
            1..=4094 => Some(Self(number)),
            _ => None,
        }
    }
}

/// A frame as a port has it: from the Ethernet header on, without the trunk's tag.
#[derive(Debug)]
pub struct Frame<'b> {
    buffer: &'b mut Buffer,
    /// With the tag.
    len: usize,
    side: Side,
}

/// A frame as the trunk has it.
#[derive(Debug)]
pub(super) struct Tagged<'b>(Frame<'b>);

/// What came from the trunk.
pub(super) enum Received<'b> {
    /// A frame of a port.
    Frame(Frame<'b>),
    /// One without a tag, or of a VLAN that is no port's.
    Foreign(&'b mut Buffer),
    /// One that ends before its header does.
    Runt(&'b mut Buffer),
}

impl<'b> Frame<'b> {
    /// The first `len` bytes of `buffer`, without their tag: of the port whose VLAN it names.
    pub(super) fn untag(buffer: &'b mut Buffer, len: usize, vlans: [VlanId; 2]) -> Received<'b> {
        let frame = buffer.0.get(..len).unwrap_or(&[]);
        if frame.get(ADDRESSES_LEN..ADDRESSES_LEN + TPID.len()) != Some(&TPID) {
            return Received::Foreign(buffer);
        }
        let Some(&[.., high, low, _, _]) = frame.first_chunk::<TAGGED_HEADER_LEN>() else {
            return Received::Runt(buffer);
        };
        let [left, right] = vlans;
        let side = match VlanId(u16::from_be_bytes([high, low]) & 0xfff) {
            vlan if vlan == left => Side::Left,
            vlan if vlan == right => Side::Right,
            _ => return Received::Foreign(buffer),
        };
        Received::Frame(Tagged(Self { buffer, len, side }).untag())
    }

    /// The port that it came in at.
    pub(super) const fn side(&self) -> Side {
        self.side
    }

    /// The same as a frame of the trunk, of another VLAN.
    pub(super) fn tag(self, VlanId(vlan): VlanId) -> Tagged<'b> {
        self.buffer.swap_tag(Order::TagLast);
        if let Some([.., high, low]) = self.buffer.0.first_chunk_mut::<16>() {
            let beside = u16::from_be_bytes([*high, *low]) & 0xf000;
            [*high, *low] = (beside | vlan).to_be_bytes();
        }
        Tagged(self)
    }

    pub(super) const fn into_buffer(self) -> &'b mut Buffer {
        self.buffer
    }
}

impl AsRef<[u8]> for Frame<'_> {
    fn as_ref(&self) -> &[u8] {
        self.buffer.0.get(TAG_LEN..self.len).unwrap_or(&[])
    }
}

impl<'b> Tagged<'b> {
    pub(super) fn untag(self) -> Frame<'b> {
        self.0.buffer.swap_tag(Order::TagFirst);
        self.0
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.buffer.0.get(..self.0.len).unwrap_or(&[])
    }

    pub(super) const fn into_buffer(self) -> &'b mut Buffer {
        self.0.buffer
    }
}
