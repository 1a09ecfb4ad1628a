//! The entries of a peer as it counts them: which connections they are, and what it keeps of each.

use std::collections::{BTreeMap, HashMap};

use keeptrack_core::{Conn, Direction, Tuple, Zone};

/// Who a connection is, as long as it is in the table.
pub(super) type Id = (Tuple, Zone);

/// Entries in the order in which they came.
#[derive(Debug, Clone)]
pub(super) struct Entries<T> {
    entries: BTreeMap<u64, Entry<T>>,
    numbers: HashMap<Id, u64>,
}

/// An entry, and what the peer keeps of it.
#[derive(Debug, Clone)]
pub(super) struct Entry<T> {
    pub(super) id: Id,
    pub(super) own: T,
}

impl<T> Entries<T> {
    pub(super) fn new() -> Self {
        Self { entries: BTreeMap::new(), numbers: HashMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn enter(&mut self, conn: &Conn, own: T) {
        let id = id(conn);
        self.numbers.insert(id, conn.number());
        self.entries.insert(conn.number(), Entry { id, own });
    }

    /// What is kept of that connection, which is in the table.
    pub(super) fn of(&mut self, conn: &Conn) -> Option<&mut T> {
        self.get_mut(conn.number())
    }

    pub(super) fn get(&self, number: u64) -> Option<&Entry<T>> {
        self.entries.get(&number)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.entries.get_mut(&number).map(|entry| &mut entry.own)
    }

    /// Takes out the entry of the connection with that number.
    pub(super) fn leave(&mut self, number: u64) -> Option<Entry<T>> {
        let entry = self.entries.remove(&number)?;
        // Its tuple may be another one's by now.
        if self.numbers.get(&entry.id) == Some(&number) {
            self.numbers.remove(&entry.id);
        }
        Some(entry)
    }

    /// The entry whose tuple a newcomer has, in either direction: its connection is over, or the
    /// newcomer would be none.
    pub(super) fn taken_over_by(&self, newcomer: &Conn) -> Option<u64> {
        let (tuple, zone) = id(newcomer);
        let number = |id: &Id| self.numbers.get(id).copied();
        number(&(tuple, zone)).or_else(|| number(&(tuple.invert(), zone)))
    }

    /// The entries from that number on, in order.
    pub(super) fn from(&self, number: u64) -> impl Iterator<Item = (u64, &T)> {
        self.entries.range(number..).map(|(number, entry)| (*number, &entry.own))
    }
}

/// Who `conn` is.
pub(super) fn id(conn: &Conn) -> Id {
    (conn.tuple(Direction::Original), conn.zone())
}
