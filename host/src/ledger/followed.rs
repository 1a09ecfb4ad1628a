//! A connection that a full table hurt, and what becomes of it.

use keeptrack_core::{Direction, Rank, Tuple, Zone};

use super::harm::Whom;
use super::totals::{Aftermath, Class};

/// What a connection is known by: its original tuple, and its zone.
pub(super) type Name = (Tuple, Zone);

/// A hurt connection that is followed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Followed {
    /// The number of its lines.
    pub(super) id: u64,
    /// What it was hurt by first.
    pub(super) class: Class,
    pub(super) place: Place,
    /// The latest that was heard of it, in nanoseconds.
    heard_ns: u64,
    /// For how long it may be silent before it counts as over, in nanoseconds.
    life_ns: u64,
    /// Its seat in the sample, if it is of that.
    pub(super) seat: Option<usize>,
    /// Whether somebody looks after it when its time is over.
    pub(super) is_watched: bool,
    pub(super) after: After,
}

/// Whether a hurt connection has an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Outside,
    /// It got one later.
    Inside,
}

/// What came of a connection since it was hurt. Counts of packets stop at their last number.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct After {
    pub(super) first_ns: Option<u64>,
    pub(super) last_ns: Option<u64>,
    pub(super) in_ns: Option<u64>,
    /// By direction.
    pub(super) packets: [u32; 2],
    pub(super) invalid: u32,
    pub(super) refused: u32,
    pub(super) entries: u32,
    pub(super) picked_up: u32,
    /// How often its entry was taken again, or its time cut short.
    pub(super) taken: u32,
}

/// What a later packet of a hurt connection was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// It made an entry; perhaps it is of the middle of the connection.
    In(Start),
    /// It was refused, once more or as the first of an entry.
    Refused,
    Invalid,
    /// It is INVALID, and was refused an entry before that was known.
    Unheard,
    /// It is of its entry, or was not tracked.
    Otherwise,
}

/// How an entry began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// With a packet that begins connections.
    Opened,
    /// With one of the middle of a connection.
    PickedUp,
}

impl Followed {
    /// One that was hurt so just now; of the latest packet that counted, and how long it lives
    /// behind one.
    pub(super) fn new(id: u64, class: Class, lives: Lives) -> Self {
        Self {
            id,
            class,
            place: Place::Outside,
            heard_ns: lives.heard_ns,
            life_ns: lives.life_ns,
            seat: None,
            is_watched: false,
            after: After::default(),
        }
    }

    /// When it is over if nothing more comes of it; an entry of its own tells that better.
    pub(super) const fn deadline_ns(&self) -> u64 {
        self.heard_ns.saturating_add(self.life_ns)
    }

    /// Another packet of it has come.
    pub(super) fn heard(&mut self, at_ns: u64, dir: Direction, came: Came) {
        self.heard_ns = at_ns;
        let after = &mut self.after;
        after.first_ns.get_or_insert(at_ns);
        after.last_ns = Some(at_ns);
        if let Some(count) = after.packets.get_mut(dir.index()) {
            add_one(count);
        }
        match came {
            Came::In(start) => {
                self.place = Place::Inside;
                after.in_ns.get_or_insert(at_ns);
                add_one(&mut after.entries);
                if start == Start::PickedUp {
                    add_one(&mut after.picked_up);
                }
            }
            Came::Refused => add_one(&mut after.refused),
            Came::Invalid => add_one(&mut after.invalid),
            Came::Unheard => {
                add_one(&mut after.refused);
                add_one(&mut after.invalid);
            }
            Came::Otherwise => {}
        }
    }

    /// The entry that it got was taken, too.
    pub(super) fn taken(&mut self, lives: Lives) {
        add_one(&mut self.after.taken);
        self.place = Place::Outside;
        (self.heard_ns, self.life_ns) = (lives.heard_ns, lives.life_ns);
    }

    /// Whether there was a conversation to be hurt: it was open, or somebody spoke again of one
    /// that is answered. Who only repeats what nobody answers loses nothing.
    fn is_live(&self) -> bool {
        let (_, whom, _) = self.class;
        let was_answered = match whom {
            Whom::Open => return true,
            Whom::Newcomer(_) | Whom::Nobody => false,
            Whom::Ranked(rank) => rank != Rank::Unreplied.name(),
        };
        let is_answered =
            self.after.packets.get(Direction::Reply.index()).is_some_and(|&count| count > 0);
        is_answered || (was_answered && self.after.first_ns.is_some())
    }

    /// What it adds to the numbers.
    pub(super) fn aftermath(&self) -> Aftermath {
        let After { first_ns, in_ns, invalid, refused, entries, .. } = self.after;
        Aftermath {
            connections: 1,
            live: u64::from(self.is_live()),
            spoke: u64::from(first_ns.is_some()),
            invalid: u64::from(invalid > 0),
            got_in: u64::from(in_ns.is_some()),
            invalid_packets: invalid.into(),
            refused_packets: refused.into(),
            entries: entries.into(),
        }
    }
}

/// For how long a connection lives behind the latest packet of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lives {
    pub(super) heard_ns: u64,
    pub(super) life_ns: u64,
}

fn add_one(count: &mut u32) {
    *count = count.saturating_add(1);
}
