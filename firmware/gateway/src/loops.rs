//! Frames that come back because somebody has joined both ports outside, by a switch or a wire.
//!
//! Every frame that goes out at one port then comes back, at either, and would go round for ever at
//! the speed of the wire. It is known by two things together: it is the same as one that was carried
//! just before, and its sender was heard at both ports. Either alone is nothing: senders repeat
//! themselves; and whoever outside uses the address of somebody inside must not be able to silence
//! it, only to have its repetitions taken for a loop's.

use keeptrack_core::Instant;

use crate::port::Side;

/// As many senders are remembered; two in one place take turns, which only forgets a loop.
const STATIONS: usize = 64;
/// As many frames are; the same is true of them. A loop whose frames are forgotten at times dies
/// out all the same, as long as it is less than every other one.
const FRAMES: usize = 256;

/// For how many milliseconds it counts that a sender was heard at the other port.
const HEARD_MS: u16 = 1_000;
/// For how many milliseconds a frame counts as carried just before.
const CARRIED_MS: u16 = 100;
/// How much of a frame tells it from others: the headers, and sequence numbers in them.
const TOLD_LEN: usize = 96;

/// What was carried and heard last.
#[derive(Debug)]
pub(crate) struct Loops {
    stations: [Station; STATIONS],
    frames: [Carried; FRAMES],
}

/// A sender. Moments are milliseconds, of which the lower 16 bits count.
#[derive(Debug, Clone, Copy)]
struct Station {
    address: [u8; 6],
    side: Side,
    heard_at: u16,
    /// When it was heard at the one port after the other.
    moved_at: Option<u16>,
}

/// A frame, by a hash of its beginning, of which the place is the other part.
#[derive(Debug, Clone, Copy)]
struct Carried {
    mark: u16,
    at: u16,
}

impl Loops {
    /// Nothing was carried yet.
    pub(crate) const fn new() -> Self {
        let station = Station { address: [0; 6], side: Side::Left, heard_at: 0, moved_at: None };
        let carried = Carried { mark: 0, at: 0 };
        Self { stations: [station; STATIONS], frames: [carried; FRAMES] }
    }

    /// Hears a frame that came in at `side`, and answers whether it came back.
    pub(crate) fn brought(&mut self, side: Side, now: Instant, frame: &[u8]) -> bool {
        #[allow(clippy::cast_possible_truncation, reason = "the lower bits tell seconds apart")]
        let now = now.as_millis() as u16;
        // Both are to remember, whatever the other says.
        let has_moved = self.has_moved(side, now, frame);
        let is_copy = self.is_copy(now, frame);
        has_moved && is_copy
    }

    /// Whether the sender was heard at both ports within a second.
    fn has_moved(&mut self, side: Side, now: u16, frame: &[u8]) -> bool {
        let Some(&address) = frame.get(6..12).and_then(|bytes| bytes.first_chunk::<6>()) else {
            return false;
        };
        let [.., first, second, last] = address;
        let place = usize::from(first ^ second.rotate_left(3) ^ last) % STATIONS;
        let Some(station) = self.stations.get_mut(place) else { return false };
        if station.address != address {
            *station = Station { address, side, heard_at: now, moved_at: None };
            return false;
        }
        let is_recent = |at: u16| now.wrapping_sub(at) < HEARD_MS;
        if station.side != side && is_recent(station.heard_at) {
            station.moved_at = Some(now);
        }
        station.moved_at = station.moved_at.filter(|at| is_recent(*at));
        (station.side, station.heard_at) = (side, now);
        station.moved_at.is_some()
    }

    /// Whether it is the same as one of those just before; remembers it if not.
    fn is_copy(&mut self, now: u16, frame: &[u8]) -> bool {
        let [high, middle, place, _] = told_by(frame).to_be_bytes();
        let mark = u16::from_be_bytes([high, middle]);
        let Some(carried) = self.frames.get_mut(usize::from(place)) else { return false };
        if carried.mark == mark && now.wrapping_sub(carried.at) < CARRIED_MS {
            return true;
        }
        *carried = Carried { mark, at: now };
        false
    }
}

/// A hash of a frame's length and beginning, the upper bits of which are good.
fn told_by(frame: &[u8]) -> u32 {
    let told = frame.get(..TOLD_LEN).unwrap_or(frame);
    #[allow(clippy::cast_possible_truncation, reason = "no frame is as long")]
    let len = frame.len() as u32;
    let (words, rest) = told.as_chunks::<4>();
    let rest = rest.iter().fold(0, |word: u32, byte| word.wrapping_shl(8) | u32::from(*byte));
    let words = words.iter().map(|word| u32::from_ne_bytes(*word));
    words.chain([rest]).fold(len, |hash, word| {
        // Fibonacci's multiplier.
        (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b1)
    })
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn frame(station: u8, number: u8) -> Vec<u8> {
        let head = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, station, 8, 6];
        [&head[..], &[number; 46]].concat()
    }

    #[test]
    fn what_comes_back_at_either_port_is_noticed() {
        let mut loops = Loops::new();
        let mut brought =
            |side, ms, frame: &[u8]| loops.brought(side, Instant::from_millis(ms), frame);
        assert!(!brought(Side::Left, 5_000, &frame(1, 7)));
        assert!(brought(Side::Right, 5_001, &frame(1, 7)));
        assert!(brought(Side::Left, 5_002, &frame(1, 7)));
        assert!(!brought(Side::Left, 5_003, &frame(1, 8)), "another frame of it");
        assert!(!brought(Side::Right, 5_003, &frame(2, 7)), "another sender");
        assert!(!brought(Side::Left, 5_100, &frame(1, 7)), "long after");
    }

    #[test]
    fn a_sender_may_repeat_itself_and_may_move() {
        let mut loops = Loops::new();
        let mut brought =
            |side, ms, frame: &[u8]| loops.brought(side, Instant::from_millis(ms), frame);
        assert!(!brought(Side::Left, 1_000, &frame(1, 7)));
        assert!(!brought(Side::Left, 1_001, &frame(1, 7)));
        assert!(!brought(Side::Right, 1_050, &frame(1, 8)), "somebody under its address");
        assert!(!brought(Side::Left, 1_050, &frame(1, 9)), "is not silenced");
        assert!(brought(Side::Left, 1_051, &frame(1, 9)));
        assert!(!brought(Side::Left, 2_051, &frame(1, 10)));
        assert!(!brought(Side::Left, 2_052, &frame(1, 10)), "after a second it is believed");
    }

    #[test]
    fn nothing_was_heard_before_the_first_frame() {
        let mut loops = Loops::new();
        let mut brought = |side, frame: &[u8]| loops.brought(side, Instant::from_millis(0), frame);
        assert!(!brought(Side::Right, &[0; 60]));
        assert!(!brought(Side::Right, &[0; 11]), "a runt");
    }
}
