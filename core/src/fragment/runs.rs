//! Which bytes of a datagram are there: stretches, in a list each, all in one pool.

use super::Held;

/// A place for a stretch of a datagram. All zero when it holds none.
#[derive(Debug, Default, Clone, Copy)]
pub struct Run {
    start: u32,
    end: u32,
    next: Link,
}

impl Run {
    /// A place that holds nothing.
    pub const EMPTY: Self = Self { start: 0, end: 0, next: Link::NIL };
}

/// A place in the pool, counted from 1; 0 for none.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Link(u32);

impl Link {
    const NIL: Self = Self(0);
}

/// The stretches of one datagram, in order and without overlap.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct List {
    first: Link,
    last: Link,
}

impl List {
    pub(super) const EMPTY: Self = Self { first: Link::NIL, last: Link::NIL };

    pub(super) fn is_empty(self) -> bool {
        self.first == Link::NIL
    }
}

/// The stretches of all datagrams.
///
/// As in Linux only what goes on from the last stretch of a datagram is added to it; two that come to
/// touch otherwise stay two. What lies in one of them is a duplicate, what covers more than one is an
/// overlap.
#[derive(Debug, Clone)]
pub(super) struct Pool<R> {
    runs: R,
    /// Those that were in use, one behind the other.
    free: Link,
    /// How many have ever been in use: the first ones.
    touched_count: u32,
}

impl<R: AsMut<[Run]>> Pool<R> {
    pub(super) const fn new(runs: R) -> Self {
        Self { runs, free: Link::NIL, touched_count: 0 }
    }

    /// Adds the bytes from `start` on, up to `end`, one at least; or says why not. Looks at all the
    /// stretches of the list at the most.
    pub(super) fn add(&mut self, list: &mut List, start: u32, end: u32) -> Result<(), Held> {
        if let Some(last) = self.run(list.last).filter(|last| last.end < end) {
            if start < last.end {
                return Err(Held::Overlap);
            }
            if start == last.end {
                last.end = end;
                return Ok(());
            }
            return self.insert(list, list.last, (start, end));
        }
        let (mut previous, mut at) = (Link::NIL, list.first);
        while let Some(&mut run) = self.run(at) {
            if start < run.end {
                return if end <= run.start {
                    self.insert(list, previous, (start, end))
                } else if run.start <= start && end <= run.end {
                    Err(Held::Duplicate)
                } else {
                    Err(Held::Overlap)
                };
            }
            (previous, at) = (at, run.next);
        }
        self.insert(list, previous, (start, end))
    }

    /// Empties a list. Touches two of its stretches.
    pub(super) fn release(&mut self, list: List) {
        let free = self.free;
        if let Some(last) = self.run(list.last) {
            last.next = free;
            self.free = list.first;
        }
    }

    fn run(&mut self, link: Link) -> Option<&mut Run> {
        let at = usize::try_from(link.0.checked_sub(1)?).ok()?;
        self.runs.as_mut().get_mut(at)
    }

    /// Puts a stretch behind `previous`, or in front of all.
    fn insert(
        &mut self,
        list: &mut List,
        previous: Link,
        (start, end): (u32, u32),
    ) -> Result<(), Held> {
        let place = self.vacant().ok_or(Held::Full)?;
        let next = match self.run(previous) {
            Some(previous) => core::mem::replace(&mut previous.next, place),
            None => core::mem::replace(&mut list.first, place),
        };
        if next == Link::NIL {
            list.last = place;
        }
        if let Some(run) = self.run(place) {
            *run = Run { start, end, next };
        }
        Ok(())
    }

    /// A place that is not in use any more.
    fn vacant(&mut self) -> Option<Link> {
        if let Some(run) = self.run(self.free) {
            let next = run.next;
            return Some(core::mem::replace(&mut self.free, next));
        }
        let place = Link(self.touched_count.saturating_add(1));
        self.run(place)?;
        self.touched_count = place.0;
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, List, Pool, Run};

    fn adds(parts: &[(u32, u32)]) -> Result<(), Held> {
        let (mut pool, mut list) = (Pool::new([Run::EMPTY; 4]), List::EMPTY);
        parts.iter().try_for_each(|&(start, end)| pool.add(&mut list, start, end))
    }

    #[test]
    fn what_is_there_is_told_from_what_is_new() {
        for (parts, added) in [
            (&[(0, 8), (8, 16), (24, 32), (16, 24)][..], Ok(())),
            (&[(0, 8), (8, 16), (0, 16)], Err(Held::Duplicate)),
            (&[(0, 16), (8, 16)], Err(Held::Duplicate)),
            (&[(8, 16), (0, 8), (0, 16)], Err(Held::Overlap)),
            (&[(8, 16), (0, 16)], Err(Held::Overlap)),
            (&[(8, 16), (8, 24)], Err(Held::Overlap)),
            (&[(8, 16), (0, 24)], Err(Held::Overlap)),
            (&[(0, 8), (24, 32), (0, 16)], Err(Held::Overlap)),
            (&[(32, 40), (24, 32), (16, 24), (8, 16)], Ok(())),
            (&[(32, 40), (24, 32), (16, 24), (8, 16), (0, 8)], Err(Held::Full)),
        ] {
            assert_eq!(adds(parts), added, "{parts:?}");
        }
    }

    #[test]
    fn what_is_released_can_be_used_again() {
        let mut pool = Pool::new([Run::EMPTY; 4]);
        for _ in 0..10 {
            let mut lists = [List::EMPTY; 2];
            for (number, start) in [(0, 0), (1, 0), (1, 32), (0, 16)] {
                assert_eq!(pool.add(&mut lists[number], start, start + 8), Ok(()));
            }
            assert_eq!(pool.add(&mut lists[0], 64, 72), Err(Held::Full));
            lists.into_iter().for_each(|list| pool.release(list));
        }
    }
}
