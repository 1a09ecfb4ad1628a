//! What is counted of a connection: packets and bytes by direction, when it began and was last
//! heard of, which one it is.
//!
//! The feature `acct` adds 56 bytes to each [`Conn`](crate::Conn), and so to each entry. Without it
//! nothing is counted or kept.

#[cfg(feature = "acct")]
pub use counted::Counters;

#[cfg(feature = "acct")]
pub(crate) use counted::Acct;
#[cfg(not(feature = "acct"))]
pub(crate) use uncounted::Acct;

#[cfg(feature = "acct")]
mod counted {
    use crate::conn::Conn;
    use crate::time::{Instant, Stamp};
    use crate::tuple::Direction;

    /// What went in one direction of a connection. Counters wrap at 2^64.
    ///
    /// Counted is a packet that renews its connection or ends it, and the one that began it. What
    /// passes otherwise (a repeated SYN, an ICMP error) is not, as in Linux. Linux counts a
    /// datagram as a whole when it came in fragments, and segments as one that its network card has
    /// joined.
    #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
    #[cfg_attr(feature = "defmt", derive(defmt::Format))]
    pub struct Counters {
        /// Packets.
        pub packets: u64,
        /// Bytes of IP: the sum of [`Packet::len`](crate::Packet::len).
        pub bytes: u64,
    }

    /// What is counted of one connection; in words of four bytes, as all of a slot.
    #[derive(Debug, Clone, Copy)]
    #[repr(C, packed(4))]
    pub(crate) struct Acct {
        original: Counters,
        reply: Counters,
        number: u64,
        start: Stamp,
        seen: Stamp,
    }

    impl Acct {
        /// Of an empty slot; all zero.
        pub(crate) const EMPTY: Self = Self {
            original: Counters::ZERO,
            reply: Counters::ZERO,
            number: 0,
            start: Stamp::ZERO,
            seen: Stamp::ZERO,
        };

        pub(crate) const fn begun(now: Instant) -> Self {
            let now = Stamp::from_instant(now);
            Self { start: now, seen: now, ..Self::EMPTY }
        }

        /// One that has not been heard of since `now`, at the latest.
        pub(crate) const fn restored(
            [original, reply]: [Counters; 2],
            (start, now): (Instant, Instant),
        ) -> Self {
            let (start, seen) = (Stamp::from_instant(start), Stamp::from_instant(now));
            Self { original, reply, start, seen, ..Self::EMPTY }
        }

        pub(crate) const fn count(&mut self, dir: Direction, len: u32, now: Instant) {
            self.seen = Stamp::from_instant(now);
            match dir {
                Direction::Original => self.original = self.original.and(len),
                Direction::Reply => self.reply = self.reply.and(len),
            }
        }

        pub(crate) const fn set_number(&mut self, number: u64) {
            self.number = number;
        }
    }

    impl Counters {
        const ZERO: Self = Self { packets: 0, bytes: 0 };

        /// These and one more packet.
        const fn and(self, len: u32) -> Self {
            let (packets, bytes) = (self.packets, self.bytes);
            Self { packets: packets.wrapping_add(1), bytes: bytes.wrapping_add(len as u64) }
        }
    }

    impl Conn {
        /// What went in that direction.
        #[must_use]
        pub const fn counters(&self, dir: Direction) -> Counters {
            match dir {
                Direction::Original => self.acct.original,
                Direction::Reply => self.acct.reply,
            }
        }

        /// The moment of its first packet.
        #[must_use]
        pub const fn start(&self) -> Instant {
            self.acct.start.instant()
        }

        /// The moment of the last packet that was counted.
        #[must_use]
        pub const fn seen(&self) -> Instant {
            self.acct.seen.instant()
        }

        /// How many connections this tracker had put into its table before; 0 until it is there.
        #[must_use]
        pub const fn number(&self) -> u64 {
            self.acct.number
        }
    }
}

#[cfg(not(feature = "acct"))]
mod uncounted {
    use crate::time::Instant;
    use crate::tuple::Direction;

    /// Nothing.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Acct;

    impl Acct {
        pub(crate) const EMPTY: Self = Self;

        pub(crate) const fn begun(_now: Instant) -> Self {
            Self
        }

        pub(crate) const fn count(&mut self, _dir: Direction, _len: u32, _now: Instant) {}

        pub(crate) const fn set_number(&mut self, _number: u64) {}
    }
}

#[cfg(all(test, feature = "acct"))]
mod tests {
    use super::Acct;

    #[test]
    fn an_entry_grows_by_what_is_said() {
        assert_eq!((size_of::<Acct>(), align_of::<Acct>()), (56, 4));
    }
}
