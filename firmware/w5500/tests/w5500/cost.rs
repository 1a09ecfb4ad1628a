//! What frames cost in bytes on the buses, of which each takes a processor of 125 MHz 32 cycles at
//! 31.25 MHz: docs have these numbers.

use keeptrack_w5500::Bus;

use crate::gateway::{Gateway, frame, with_dma};

/// The shortest that comes from a wire, without its check sequence.
const FRAME_LEN: usize = 60;

/// The head of each SPI frame, and what says a frame's length.
const HEAD_LEN: u64 = 3;
const LENGTH_LEN: u64 = 2;

/// Bytes for registers and for frames.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    registers: u64,
    frames: u64,
}

/// What has been moved at a side.
fn moved<B: Bus>(gateway: &Gateway<B>, side: usize) -> Cost {
    let bench = gateway.bench.borrow();
    Cost { registers: bench.register_bytes[side], frames: bench.frame_bytes[side] }
}

/// What it costs that these come in at one side, all at once, and go out at the other.
fn cost(count: u32) -> [Cost; 2] {
    let mut gateway = with_dma();
    // No look at the links falls into it.
    gateway.run_for(1_000_000);
    let before = [0, 1].map(|side| moved(&gateway, side));
    let frames: Vec<_> = (0..count).map(|number| frame(number, FRAME_LEN)).collect();
    gateway.carry([&frames, &[]]);
    gateway.run_for(1_000_000);
    let after = [0, 1].map(|side| moved(&gateway, side));
    let [left, right] = [0, 1].map(|side| Cost {
        registers: after[side].registers - before[side].registers,
        frames: after[side].frames - before[side].frames,
    });
    [left, right]
}

#[test]
fn a_lone_frame_takes_58_bytes_beside_its_own() {
    let [left, right] = cost(1);
    let own_len = FRAME_LEN as u64 + HEAD_LEN;
    // What has happened, forget it, how much there is, the frame's length, what has happened since,
    // free the frame: 6 + 4 + 9 + 5 + 6 + 5 + 4.
    assert_eq!(left, Cost { registers: 39, frames: own_len });
    // Send the frame, what has happened, forget it: 5 + 4 + 6 + 4.
    assert_eq!(right, Cost { registers: 19, frames: own_len });
}

#[test]
fn frames_in_a_row_share_most_of_it() {
    const COUNT: u32 = 100;
    let [left, right] = cost(COUNT);
    let count = u64::from(COUNT);
    assert!(left.registers < 7 * count, "{left:?}");
    // All but the last bring the next one's length with them.
    let own_len = FRAME_LEN as u64 + HEAD_LEN;
    assert!(left.frames <= count * (own_len + LENGTH_LEN), "{left:?}");
    assert_eq!(right, Cost { registers: 19 * count, frames: own_len * count });
}
