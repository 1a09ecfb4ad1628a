//! The most entries that a table without limits would hold at once if some were not tracked.
//!
//! In a table without limits no entry depends on another one: without those of a class it holds as
//! many as it held, less the class's. So the peak of that difference is what a replay without the
//! class would come to, and no table has to be passed for it.

/// How many entries a table held, and the most since any of its changes.
#[derive(Debug, Default)]
pub(super) struct Waterline {
    /// The number of the change that comes next.
    next: u64,
    /// Changes behind which there were more entries than behind any later one, with their entries:
    /// the numbers rise, the entries fall. There are never more of them than entries at the peak.
    steps: Vec<(u64, usize)>,
}

/// What one class holds of a table.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holding {
    /// Entries now.
    pub(super) held: usize,
    /// The most at once.
    pub(super) peak: usize,
    /// Entries that ever came.
    pub(super) entered: u64,
    /// The most entries of others at once, up to the change `settled`.
    others: usize,
    /// The table's change up to which `others` is known.
    settled: u64,
}

impl Waterline {
    /// So many entries are in the table, behind everything that a packet came to. To be said once
    /// somebody has come or gone, also where as many are there as before.
    pub(super) fn set(&mut self, entry_count: usize) {
        while self.steps.pop_if(|(_, fewer)| *fewer <= entry_count).is_some() {}
        self.steps.push((self.next, entry_count));
        self.next += 1;
    }

    /// The most entries at once.
    pub(super) fn peak(&self) -> usize {
        self.most_since(0).unwrap_or(0)
    }

    /// The most entries behind that change and all later ones.
    fn most_since(&self, change: u64) -> Option<usize> {
        let from = self.steps.partition_point(|(number, _)| *number < change);
        self.steps.get(from).map(|(_, most)| *most)
    }
}

impl Holding {
    /// A class that has held nothing so far.
    pub(super) fn begun(table: &Waterline) -> Self {
        Self { others: table.peak(), settled: table.next, ..Self::default() }
    }

    /// One comes; the table counts it next.
    pub(super) fn enter(&mut self, table: &Waterline) {
        self.settle(table);
        self.held += 1;
        self.entered += 1;
        self.peak = self.peak.max(self.held);
    }

    /// One goes; the table leaves it out next.
    pub(super) fn leave(&mut self, table: &Waterline) {
        self.settle(table);
        self.held = self.held.saturating_sub(1);
    }

    /// The most entries of others at once, until now.
    pub(super) fn others(&self, table: &Waterline) -> usize {
        let since = table.most_since(self.settled).map(|most| most.saturating_sub(self.held));
        self.others.max(since.unwrap_or(0))
    }

    fn settle(&mut self, table: &Waterline) {
        self.others = self.others(table);
        self.settled = table.next;
    }
}

#[cfg(test)]
mod tests {
    use super::{Holding, Waterline};

    #[test]
    fn others_peak_when_they_do_and_not_when_the_table_does() {
        let mut table = Waterline::default();
        table.set(3);
        let mut class = Holding::begun(&table);
        for entry_count in [4, 5, 6] {
            class.enter(&table);
            table.set(entry_count);
        }
        assert_eq!((table.peak(), class.others(&table)), (6, 3));
        table.set(7);
        for entry_count in [6, 5] {
            class.leave(&table);
            table.set(entry_count);
        }
        assert_eq!((class.held, class.peak, class.entered), (1, 3, 3));
        assert_eq!(class.others(&table), 4);
        table.set(6);
        assert_eq!((table.peak(), class.others(&table)), (7, 5));
    }

    #[test]
    fn what_leaves_and_comes_with_one_packet_is_counted_behind_it() {
        let mut table = Waterline::default();
        let mut class = Holding::begun(&table);
        class.enter(&table);
        table.set(1);
        class.leave(&table);
        class.enter(&table);
        table.set(1);
        assert_eq!(class.others(&table), 0);
        class.leave(&table);
        // Somebody else came.
        table.set(1);
        table.set(0);
        assert_eq!(class.others(&table), 1);
    }
}
