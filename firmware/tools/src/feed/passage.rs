//! Whether what comes out of a board is what went in: the same bytes, in the same order.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use super::Event;
use crate::Side;

/// What went in and has not come out yet, for each direction.
#[derive(Debug, Default)]
pub struct Passage {
    from_left: Way,
    from_right: Way,
}

/// One direction.
#[derive(Debug, Default)]
struct Way {
    inside: VecDeque<Vec<u8>>,
    counted: Counted,
}

/// How many frames took one direction.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Those that went in.
    pub in_count: u64,
    /// Those that came out at the other side.
    pub out_count: u64,
}

impl Passage {
    /// Takes note of a frame.
    ///
    /// # Errors
    /// `InvalidData` when it comes out, and did not go in, or not behind the one before it.
    pub fn note(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::In(side, bytes) => {
                let way = self.way(side);
                way.counted.in_count += 1;
                way.inside.push_back(bytes.to_vec());
                Ok(())
            }
            Event::Out(Side::Left, bytes) => self.from_right.come_out(bytes),
            Event::Out(Side::Right, bytes) => self.from_left.come_out(bytes),
        }
    }

    /// How many frames went in at that side, and how many of those came out.
    #[must_use]
    pub const fn counted(&self, from: Side) -> Counted {
        match from {
            Side::Left => self.from_left.counted,
            Side::Right => self.from_right.counted,
        }
    }

    fn way(&mut self, from: Side) -> &mut Way {
        match from {
            Side::Left => &mut self.from_left,
            Side::Right => &mut self.from_right,
        }
    }
}

impl Way {
    /// Those before it that did not come out are dropped: no frame overtakes another.
    fn come_out(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.counted.out_count += 1;
        while let Some(frame) = self.inside.pop_front() {
            if frame == bytes {
                return Ok(());
            }
        }
        let shown: String = bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
        let what = format!("a frame of {} bytes came out that did not go in: {shown}", bytes.len());
        Err(io::Error::new(ErrorKind::InvalidData, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_as_they_went_in_but_not_all() {
        let mut passage = Passage::default();
        for frame in [b"a", b"b", b"c"] {
            passage.note(Event::In(Side::Left, frame)).unwrap();
        }
        passage.note(Event::Out(Side::Right, b"a")).unwrap();
        passage.note(Event::Out(Side::Right, b"c")).unwrap();
        assert_eq!(passage.counted(Side::Left), Counted { in_count: 3, out_count: 2 });
        assert!(passage.note(Event::Out(Side::Right, b"b")).is_err(), "it is too late for that");
        assert!(passage.note(Event::Out(Side::Left, b"a")).is_err(), "nothing went in there");
    }
}
