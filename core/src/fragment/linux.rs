//! Defragmentation as Linux does it, from headers and lengths only.

use crate::packet::{Fragment, Packet};
use crate::time::Instant;

use super::queue::{Family, Key, Queue, Taken};
use super::runs::{Pool, Run};
use super::{Fragments, Gathered, Held};

/// Length of IPv6's fragment header.
const FRAGMENT_HEADER_LEN: u32 = 8;

/// Holds the parts of a datagram until all are there, in whatever order, and has the datagram tracked
/// once: what the last part completes is tracked in its place.
///
/// Decided are from headers and lengths what the kernel decides: what belongs together, what is there
/// already, what contradicts, when a datagram is given up. Of what parts carry the first
/// [`HEAD_LEN`](super::HEAD_LEN) bytes are kept, for the headers; a check sum over more is not
/// verified. The memory bounds how many datagrams wait, and of how many stretches all that is there
/// consists: as many as parts when they come in reverse order, one a datagram when they come in order.
/// What Linux books for the parts bounds it, too, see [`Limits`].
///
/// Each part looks twice at the key of every queue in use, and once at the stretches of its own.
#[derive(Debug, Clone)]
pub struct AsLinux<Q, R> {
    queues: Q,
    pool: Pool<R>,
    /// How many of the queues, the first ones, are in use.
    queue_count: usize,
    limits: Limits,
    reassembled_count: u64,
    timed_out_count: u64,
}

/// How long parts are held, and how much of them; under the names of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Limits {
    /// `net.ipv4.ipfrag_time`: the seconds that a datagram of IPv4 has from its first part to come.
    pub ipfrag_time: u32,
    /// `net.ipv4.ipfrag_high_thresh`: what may be booked for IPv4, in bytes. Above it all parts are
    /// refused.
    pub ipfrag_high_thresh: usize,
    /// `net.ipv4.ipfrag_max_dist`: how many parts of other datagrams a sender of IPv4 may send
    /// between two parts of one. After more, what is there of that is forgotten. 0 for any number.
    pub ipfrag_max_dist: u32,
    /// `nf_conntrack_frag6_timeout`: the seconds that a datagram of IPv6 has.
    pub frag6_timeout: u32,
    /// `nf_conntrack_frag6_high_thresh`: what may be booked for IPv6, in bytes.
    pub frag6_high_thresh: usize,
}

impl Limits {
    /// Those of a fresh network namespace of Linux 6.18, measured.
    pub const LINUX: Self = Self {
        ipfrag_time: 30,
        ipfrag_high_thresh: 4 << 20,
        ipfrag_max_dist: 64,
        frag6_timeout: 60,
        frag6_high_thresh: 4 << 20,
    };

    const fn seconds(&self, family: Family) -> u32 {
        match family {
            Family::V4 => self.ipfrag_time,
            Family::V6 => self.frag6_timeout,
        }
    }

    const fn high_thresh(&self, family: Family) -> usize {
        match family {
            Family::V4 => self.ipfrag_high_thresh,
            Family::V6 => self.frag6_high_thresh,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::LINUX
    }
}

impl<Q: AsMut<[Queue]>, R: AsMut<[Run]>> AsLinux<Q, R> {
    /// An empty stage over these places for datagrams and for stretches of them, whatever they held.
    #[must_use]
    pub const fn new(queues: Q, runs: R, limits: Limits) -> Self {
        let pool = Pool::new(runs);
        Self { queues, pool, queue_count: 0, limits, reassembled_count: 0, timed_out_count: 0 }
    }

    /// How many datagrams wait for parts, those included that have run out since the last part came.
    #[must_use]
    pub const fn waiting_count(&self) -> usize {
        self.queue_count
    }

    /// How many datagrams have been complete, those included that were given up then.
    #[must_use]
    pub const fn reassembled_count(&self) -> u64 {
        self.reassembled_count
    }

    /// How many datagrams were given up because parts of them did not come in time.
    #[must_use]
    pub const fn timed_out_count(&self) -> u64 {
        self.timed_out_count
    }

    fn used(&mut self) -> &mut [Queue] {
        self.used_and_pool().0
    }

    fn used_and_pool(&mut self) -> (&mut [Queue], &mut Pool<R>) {
        let used = self.queues.as_mut().get_mut(..self.queue_count);
        (used.unwrap_or(&mut []), &mut self.pool)
    }

    /// Gives up what has run out.
    fn expire(&mut self, now: Instant) {
        let mut at = 0;
        while let Some(queue) = self.used().get(at) {
            if queue.deadline <= now {
                self.release(at);
                self.timed_out_count = self.timed_out_count.wrapping_add(1);
            } else {
                at = at.saturating_add(1);
            }
        }
    }

    /// Takes a queue out of use: the place behind those in use holds it then.
    fn release(&mut self, at: usize) {
        self.queue_count = self.queue_count.saturating_sub(1);
        let last = self.queue_count;
        let queues = self.queues.as_mut();
        // The last one in use needs no other place.
        if let Ok([queue, other]) = queues.get_disjoint_mut([at, last]) {
            core::mem::swap(queue, other);
        }
        if let Some(queue) = queues.get(last) {
            self.pool.release(queue.runs);
        }
    }

    /// The queue that was released last.
    fn released(&mut self) -> &Queue {
        self.queues.as_mut().get(self.queue_count).unwrap_or(&Queue::EMPTY)
    }

    /// The queue of `key`, which may be a new one; `None` when there is no room.
    fn queue_of(&mut self, now: Instant, key: &Key) -> Option<usize> {
        let limits = self.limits;
        let (mut booked_len, mut found) = (0_usize, None);
        for (at, queue) in self.used().iter().enumerate() {
            if queue.key.family == key.family {
                booked_len = booked_len.saturating_add(queue.booked_len);
            }
            if queue.key == *key {
                found = Some(at);
            }
        }
        let high_thresh = limits.high_thresh(key.family);
        if high_thresh == 0 || booked_len > high_thresh {
            return None;
        }
        for queue in self.used().iter_mut().filter(|queue| queue.key.is_of_source(key)) {
            queue.distance = queue.distance.saturating_add(1);
        }
        let fresh = Queue::new(*key, now.after(limits.seconds(key.family)));
        let Some(at) = found else {
            *self.queues.as_mut().get_mut(self.queue_count)? = fresh;
            self.queue_count = self.queue_count.saturating_add(1);
            return self.queue_count.checked_sub(1);
        };
        let (used, pool) = self.used_and_pool();
        let queue = used.get_mut(at)?;
        let is_far = limits.ipfrag_max_dist != 0 && queue.distance > limits.ipfrag_max_dist;
        if is_far && !queue.runs.is_empty() {
            pool.release(queue.runs);
            *queue = fresh;
        }
        queue.distance = 0;
        found
    }
}

impl<Q: AsMut<[Queue]>, R: AsMut<[Run]>> Fragments for AsLinux<Q, R> {
    fn gather<'p>(&'p mut self, now: Instant, packet: &Packet<'p>, part: Fragment) -> Gathered<'p> {
        if packet.lacks_header(part) {
            return Gathered::Packet(*packet);
        }
        self.expire(now);
        let Some(at) = self.queue_of(now, &Key::of(packet, part)) else {
            return Gathered::Held(Held::Full);
        };
        let (used, pool) = self.used_and_pool();
        let taken = used.get_mut(at).map(|queue| queue.take(packet, part, pool));
        match taken {
            None | Some(Taken::Kept) => return Gathered::Held(Held::Waits),
            Some(Taken::Refused(why)) => return Gathered::Held(why),
            Some(Taken::Ends(_) | Taken::Passes | Taken::Completes) => self.release(at),
        }
        let datagram = match taken {
            Some(Taken::Ends(why)) => Err(why),
            Some(Taken::Completes) if part.is_whole() => {
                // The header that says so is taken out.
                let len = packet.len.saturating_sub(FRAGMENT_HEADER_LEN);
                return Gathered::Packet(Packet { len, ..*packet });
            }
            Some(Taken::Completes) => {
                self.reassembled_count = self.reassembled_count.wrapping_add(1);
                self.released().datagram()
            }
            _ if part.offset == 0 => Ok(self.released().alone(packet, part)),
            _ => return Gathered::Packet(*packet),
        };
        match datagram.and_then(|datagram| datagram.read().map_err(|_| Held::Cut)) {
            Ok(whole) => Gathered::Packet(whole.seen(packet.seen)),
            Err(why) => Gathered::Held(why),
        }
    }
}
