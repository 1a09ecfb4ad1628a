//! What is to happen in the simulation, in the order of its times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events by their time; those of one time in the order in which they were put in.
#[derive(Debug)]
pub(super) struct Queue<E> {
    times: BinaryHeap<Reverse<(u64, usize, usize)>>,
    /// The events, each at its place until its time.
    events: Vec<Option<E>>,
    free: Vec<usize>,
    count: usize,
}

impl<E> Queue<E> {
    pub(super) const fn new() -> Self {
        Self { times: BinaryHeap::new(), events: Vec::new(), free: Vec::new(), count: 0 }
    }

    /// Puts in what is to happen at `at_ns`.
    pub(super) fn push(&mut self, at_ns: u64, event: E) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            self.events.len() - 1
        });
        self.events[place] = Some(event);
        self.times.push(Reverse((at_ns, self.count, place)));
        self.count += 1;
    }

    /// Takes out what happens next.
    pub(super) fn pop(&mut self) -> Option<(u64, E)> {
        let Reverse((at_ns, _, place)) = self.times.pop()?;
        self.free.push(place);
        self.events[place].take().map(|event| (at_ns, event))
    }
}
