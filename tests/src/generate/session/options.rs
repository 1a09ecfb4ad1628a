//! TCP options: those of stacks, and what no stack sends.

use crate::generate::random::Random;

const NO_OPERATION: u8 = 1;
const SHIFT: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

/// What a SYN offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) shift: Option<u8>,
    pub(super) sack: Option<()>,
}

impl Offer {
    pub(super) fn drawn(random: &mut Random) -> Self {
        Self {
            shift: random.of(&[None, Some(0), Some(1), Some(7), Some(7), Some(14), Some(15)]),
            sack: random.of(&[None, Some(())]),
        }
    }

    /// The options of a SYN that offers this.
    pub(super) fn options(self, random: &mut Random) -> Vec<u8> {
        let mut options = Vec::new();
        if random.one_in(2) {
            options.extend([2, 4, 5, 180]);
        }
        if self.sack.is_some() {
            options.extend([SACK_PERMITTED, 2]);
        }
        if let Some(shift) = self.shift {
            options.extend([NO_OPERATION, SHIFT, 3, shift]);
        }
        if random.one_in(4) {
            options.extend(timestamps());
        }
        padded(options, random)
    }
}

/// The options of a segment that acknowledges `ack`, has seen some of what follows, and knows of
/// bytes up to `next`.
pub(super) fn of_segment((ack, next): (u32, u32), random: &mut Random) -> Vec<u8> {
    match random.below(12) {
        0 => padded(timestamps().to_vec(), random),
        // Behind two that do nothing: where Linux looks no further.
        1 => [&[NO_OPERATION, NO_OPERATION][..], &timestamps()].concat(),
        2 | 3 => {
            let block_count = random.below(4) + 1;
            let mut blocks = Vec::new();
            for _ in 0..block_count {
                let begin = ack.wrapping_add(random.below(2000));
                let end = match random.below(4) {
                    0 => next,
                    1 => next.wrapping_add(1),
                    2 => ack.wrapping_sub(random.below(3)),
                    _ => begin.wrapping_add(random.below(3000)),
                };
                blocks.extend([begin.to_be_bytes(), end.to_be_bytes()].concat());
            }
            let bend = if random.one_in(10) { random.of(&[1, 4, 8]) } else { 0 };
            let len = u8::try_from(2 + blocks.len()).unwrap_or(0).wrapping_sub(bend);
            padded([&[NO_OPERATION, NO_OPERATION, SACK, len], &blocks[..]].concat(), random)
        }
        _ => Vec::new(),
    }
}

/// What no stack sends.
pub(super) fn malformed(random: &mut Random) -> Vec<u8> {
    let len = random.of(&[4, 8, 12, 40]);
    let kinds = [0, 1, 2, SHIFT, SACK_PERMITTED, SACK, TIMESTAMPS, 99];
    let lengths = [0, 1, 2, 3, 4, 10, 255, 7];
    (0..len).map(|place| random.of(if place % 2 == 0 { &kinds } else { &lengths })).collect()
}

fn timestamps() -> [u8; 10] {
    [TIMESTAMPS, 10, 0, 0, 0, 1, 0, 0, 0, 2]
}

/// Makes them a multiple of four bytes, and at most 40.
fn padded(mut options: Vec<u8>, random: &mut Random) -> Vec<u8> {
    options.resize(options.len().next_multiple_of(4).min(40), random.of(&[0, NO_OPERATION]));
    options
}
