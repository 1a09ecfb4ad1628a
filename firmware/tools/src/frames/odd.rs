//! Frames that nobody should send, and that a gateway must survive and count.

use fastrand::Rng;

use super::Frame;
use crate::wires::tagged;

/// Behind fewer bytes than these there is no Ethernet header.
pub const SHORTEST_PROPER: usize = 14;

/// More bytes than these are not in a frame without a tag.
pub const LONGEST_PROPER: usize = 1514;

/// A tag is not counted.
const TAG_LEN: usize = 4;

/// More bytes than a board has for a frame, with whatever stands before it there.
const NO_BUFFER: usize = 1600;

/// What is odd about a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// It ends before the type of its content.
    Runt,
    /// It is longer than Ethernet's frames, and than any buffer for them.
    Giant,
    /// It ends anywhere behind its Ethernet header.
    Cut,
    /// It goes on behind its packet's end.
    Padded,
    /// A byte of its first headers is another.
    Bent,
    /// Behind the addresses there is noise.
    Noise,
    /// It has the tag of some VLAN.
    Tagged,
    /// It has two tags.
    TwiceTagged,
}

/// Whether a frame is one that a board's port takes: whatever is in it, its length is right.
#[must_use]
pub fn is_proper(frame: &[u8]) -> bool {
    let is_tagged = frame.get(12..14) == Some(&[0x81, 0x00]);
    let longest = if is_tagged { LONGEST_PROPER + TAG_LEN } else { LONGEST_PROPER };
    (SHORTEST_PROPER..=longest).contains(&frame.len())
}

impl Odd {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Runt,
        Self::Giant,
        Self::Cut,
        Self::Padded,
        Self::Bent,
        Self::Noise,
        Self::Tagged,
        Self::TwiceTagged,
    ];

    /// A frame that is odd in this way, from a proper one; the stations that it names stay.
    #[must_use]
    pub fn of(self, frame: &Frame, random: &mut Rng) -> Frame {
        let mut bytes = frame.bytes.clone();
        match self {
            Self::Runt => bytes.truncate(random.usize(1..SHORTEST_PROPER)),
            Self::Giant => bytes.resize(random.usize(NO_BUFFER..9000), 0x5a),
            Self::Cut => bytes.truncate(random.usize(SHORTEST_PROPER..=bytes.len())),
            Self::Padded => {
                bytes.resize(random.usize(bytes.len()..=LONGEST_PROPER.max(bytes.len())), 0x5a);
            }
            Self::Bent => {
                let at = random.usize(SHORTEST_PROPER..bytes.len().min(64));
                bytes[at] = random.u8(..);
            }
            Self::Noise => random.fill(bytes.get_mut(12..).unwrap_or_default()),
            Self::Tagged => {
                bytes = tagged(random.u16(1..4095), &bytes);
                bytes.truncate(LONGEST_PROPER);
            }
            Self::TwiceTagged => {
                bytes = tagged(7, &tagged(random.u16(1..4095), &bytes));
                bytes.truncate(LONGEST_PROPER);
            }
        }
        Frame { side: frame.side, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;

    #[test]
    fn only_runts_and_giants_are_of_a_length_that_no_port_takes() {
        let mut random = Rng::with_seed(1);
        for len in [SHORTEST_PROPER, 60, LONGEST_PROPER] {
            let frame = Frame { side: Side::Left, bytes: vec![0x45; len.max(15)] };
            for odd in Odd::ALL {
                for _ in 0..100 {
                    let is_wrong = matches!(odd, Odd::Runt | Odd::Giant);
                    let made = odd.of(&frame, &mut random);
                    assert_eq!(is_proper(&made.bytes), !is_wrong, "{odd:?} of {len} bytes");
                }
            }
        }
    }
}
