//! A tracker that is too simple to be wrong: a map, exact deadlines, and Linux's rules as written.

use std::collections::{HashMap, VecDeque};

use keeptrack_core::{Direction, Instant, State, Status, TcpState, Tuple, Why};

use super::leaves::{CLASSES, Full, class};
use super::talks::{End, Kind, Said, Talk};
use crate::answer::{Verdict, View};
use crate::tcp_table::{Cell, cell};

/// What must be said of a packet.
#[derive(Debug)]
pub(super) enum Expected {
    /// It may begin a connection that lives so many seconds.
    First(u32),
    Known {
        verdict: Verdict,
        dir: Direction,
        timeout: Option<u32>,
        ended: Option<Why>,
    },
    Invalid,
}

/// What a packet does to its connection.
enum Outcome {
    Lives(Option<u32>),
    Over(Why),
    Invalid,
}

#[derive(Debug)]
pub(super) struct Entry {
    opened_by: End,
    expiry: u64,
    pub(super) status: Status,
    pub(super) track: Track,
    /// The class whose slot it has; `None` for one of everybody's.
    pub(super) share: Option<usize>,
    /// When the last packet came that gave it life.
    pub(super) renewed: u64,
    /// Later ones have greater numbers: the last packet that gave it life or changed its rank.
    pub(super) heard: u64,
}

#[derive(Debug)]
pub(super) enum Track {
    Tcp {
        state: TcpState,
        last: (&'static str, Direction),
        fin_seen: bool,
        /// Both ends have sent a SYN.
        simultaneous: bool,
        /// A SYN has passed in LAST_ACK, which the other end may challenge.
        challenged: bool,
    },
    /// A stream only later than this, if there is such a moment; one lives so many seconds.
    Udp { young_until: Option<u64>, stream: u32 },
    /// Every packet gives it so many seconds.
    Plain(u32),
}

pub(super) struct Naive {
    pub(super) capacity: usize,
    /// Of these slots so many are for each class alone.
    pub(super) reserves: [usize; CLASSES],
    pub(super) full: Full,
    pub(super) now: u64,
    packets: u64,
    pub(super) live: HashMap<usize, Entry>,
    /// What is over and waits to be handed out.
    pub(super) over: VecDeque<(Tuple, Why)>,
    /// When every connection that leaves must have run out at that very moment: that moment.
    pub(super) hands_out_at: Option<u64>,
}

impl Naive {
    pub(super) fn new(capacity: usize, reserves: [usize; CLASSES], full: Full) -> Self {
        let (live, over) = (HashMap::new(), VecDeque::new());
        let hands_out_at = None;
        Self { capacity, reserves, full, now: 0, packets: 0, live, over, hands_out_at }
    }

    pub(super) fn at(&mut self, clock: u64) {
        self.now = self.now.max(clock);
    }

    pub(super) fn hear(&mut self, said: Said) -> Expected {
        let now = self.now;
        self.packets += 1;
        let Some((dir, entry)) = self.find(said) else { return first(said) };
        let (before, rank) = (entry.status, entry.rank());
        match entry.step(dir, said.letters, now) {
            Outcome::Invalid => Expected::Invalid,
            Outcome::Over(Why::Reopened) => {
                self.ends(said.talk, Why::Reopened);
                first(said)
            }
            Outcome::Over(why) => {
                self.ends(said.talk, why);
                let verdict = verdict(before, dir);
                Expected::Known { verdict, dir, timeout: None, ended: Some(why) }
            }
            Outcome::Lives(timeout) => {
                let entry = self.live.get_mut(&said.talk).unwrap();
                if dir == Direction::Reply {
                    entry.status |= Status::SEEN_REPLY;
                }
                if let Some(seconds) = timeout {
                    entry.expiry = self.now + u64::from(seconds) * 1000;
                    entry.renewed = self.now;
                }
                if timeout.is_some() || entry.rank() != rank {
                    entry.heard = self.packets;
                }
                Expected::Known { verdict: verdict(before, dir), dir, timeout, ended: None }
            }
        }
    }

    /// The direction of a packet in its connection, if there is one.
    pub(super) fn spoken_of(&mut self, said: Said) -> Option<Direction> {
        self.find(said).map(|(dir, _)| dir)
    }

    /// The connection of a packet is taken out; whether there is one.
    pub(super) fn flushes(&mut self, said: Said) -> bool {
        let is_there = self.find(said).is_some();
        if is_there {
            self.ends(said.talk, Why::Flushed);
        }
        is_there
    }

    /// A first packet's connection was taken in; another one left for it, or had its slot, if so.
    pub(super) fn takes(&mut self, said: Said, timeout: u32, evicted: Option<(Tuple, Why)>) {
        let class = class(Talk::of(said.talk).kind);
        if self.room_for(class).is_some() {
            let is_full = self.live.len() + self.over.len() == self.capacity;
            assert_eq!(evicted.is_some(), is_full);
        }
        let victims = match self.room_for(class) {
            Some(_) => Vec::new(),
            None => self.victims(class),
        };
        match evicted {
            // The policy picked it; perhaps one that has run out, which a few steps did not find.
            Some((tuple, why)) if victims.contains(&tuple) => self.leaves_for_newcomer(tuple, why),
            Some((tuple, Why::DroppedEarly)) => panic!("{tuple} leaves instead of {victims:?}"),
            Some(left) => self.leaves(left),
            None => {}
        }
        let share = self.room_for(class).expect("there was no room");
        let entry = Entry {
            opened_by: said.from,
            expiry: self.now + u64::from(timeout) * 1000,
            status: Status::CONFIRMED,
            track: Track::of(said, timeout, self.now),
            share,
            renewed: self.now,
            heard: self.packets,
        };
        assert!(self.live.insert(said.talk, entry).is_none());
    }

    fn leaves_for_newcomer(&mut self, tuple: Tuple, why: Why) {
        let is_it = |talk: usize, entry: &Entry| entry.original(talk) == tuple;
        let (_, entry) = self.live.iter().find(|&(&talk, entry)| is_it(talk, entry)).unwrap();
        let has_run_out = entry.expiry <= self.now;
        assert_eq!(why, if has_run_out { Why::TimedOut } else { Why::DroppedEarly });
        self.live.retain(|&talk, entry| !is_it(talk, entry));
    }

    /// A first packet's connection was refused.
    pub(super) fn refuses(&self, said: Said) {
        let class = class(Talk::of(said.talk).kind);
        assert_eq!(self.room_for(class), None, "there was room");
        assert_eq!(self.victims(class), [], "somebody could have left");
        assert!(self.over.is_empty() || self.reserved() > 0, "somebody waited");
    }

    /// Somebody left the table: whoever waited longest, else whoever ran out first.
    pub(super) fn leaves(&mut self, (tuple, why): (Tuple, Why)) {
        if let Some(waits) = self.over.pop_front() {
            assert_eq!((tuple, why), waits);
            return;
        }
        assert_eq!(why, Why::TimedOut);
        let is_it = |(&talk, entry): (&usize, &Entry)| entry.original(talk) == tuple;
        let talk = *self.live.iter().find(|&pair| is_it(pair)).expect("it is held").0;
        let entry = self.live.remove(&talk).unwrap();
        assert!(entry.expiry <= self.now, "{tuple} has not run out");
        assert!(self.live.values().all(|other| entry.expiry <= other.expiry), "out of order");
        assert!(self.hands_out_at.is_none_or(|moment| moment == entry.expiry), "late");
    }

    /// How many must be handed out.
    pub(super) fn due_count(&self) -> usize {
        self.over.len() + self.live.values().filter(|entry| entry.expiry <= self.now).count()
    }

    pub(super) fn move_into(&mut self, capacity: usize) -> bool {
        let fits = self.fits(capacity);
        if fits {
            self.capacity = capacity;
        }
        fits
    }

    pub(super) fn views(&self) -> Vec<View> {
        let view = |(&talk, entry): (&usize, &Entry)| View {
            original: entry.original(talk),
            status: entry.status,
            state: match entry.track {
                Track::Tcp { state, .. } => Some(State::Tcp(state)),
                _ => None,
            },
            expiry: Instant::from_millis(entry.expiry),
        };
        self.live.iter().map(view).collect()
    }

    /// When somebody must be handed out next.
    pub(super) fn next_expiry(&self) -> Option<u64> {
        if !self.over.is_empty() {
            return Some(self.now);
        }
        self.live.values().map(|entry| entry.expiry.max(self.now)).min()
    }

    /// The connection of a packet, unless it has run out.
    fn find(&mut self, said: Said) -> Option<(Direction, &mut Entry)> {
        if self.live.get(&said.talk)?.expiry <= self.now {
            self.ends(said.talk, Why::TimedOut);
            return None;
        }
        let entry = self.live.get_mut(&said.talk)?;
        let is_original = entry.opened_by == said.from;
        Some((if is_original { Direction::Original } else { Direction::Reply }, entry))
    }

    fn ends(&mut self, talk: usize, why: Why) {
        let entry = self.live.remove(&talk).unwrap();
        self.over.push_back((entry.original(talk), why));
    }
}

/// What a packet is of which no connection is known.
fn first(said: Said) -> Expected {
    match Talk::of(said.talk).kind {
        Kind::Tcp => match cell(Direction::Original, said.letters, TcpState::None) {
            Cell::To(TcpState::SynSent) => Expected::First(120),
            Cell::To(TcpState::Established) => Expected::First(300),
            _ => Expected::Invalid,
        },
        Kind::Udp | Kind::UdpLite | Kind::Gre => Expected::First(30),
        Kind::Echo if said.from == End::Near => Expected::First(30),
        Kind::Echo => Expected::Invalid,
        Kind::Esp => Expected::First(600),
    }
}

fn verdict(status: Status, dir: Direction) -> Verdict {
    if dir == Direction::Reply || status.has(Status::SEEN_REPLY) {
        Verdict::Established
    } else {
        Verdict::New
    }
}

impl Track {
    fn of(said: Said, timeout: u32, now: u64) -> Self {
        match Talk::of(said.talk).kind {
            Kind::Tcp => {
                let Cell::To(state) = cell(Direction::Original, said.letters, TcpState::None)
                else {
                    panic!("it may not begin a connection")
                };
                Self::Tcp {
                    state,
                    last: (said.letters, Direction::Original),
                    fin_seen: false,
                    simultaneous: false,
                    challenged: false,
                }
            }
            Kind::Udp => Self::Udp { young_until: Some(now + 2_000), stream: 120 },
            Kind::UdpLite => Self::Udp { young_until: None, stream: 120 },
            Kind::Gre => Self::Udp { young_until: None, stream: 180 },
            Kind::Echo | Kind::Esp => Self::Plain(timeout),
        }
    }
}

impl Entry {
    pub(super) fn original(&self, talk: usize) -> Tuple {
        Talk::of(talk).tuple(self.opened_by)
    }

    fn step(&mut self, dir: Direction, letters: &'static str, now: u64) -> Outcome {
        let replied = self.status.has(Status::SEEN_REPLY);
        match &mut self.track {
            Track::Tcp { .. } => self.segment(dir, letters),
            Track::Udp { young_until, stream } => {
                if !replied || young_until.is_some_and(|moment| now <= moment) {
                    return Outcome::Lives(Some(30));
                }
                self.status |= Status::ASSURED;
                Outcome::Lives(Some(*stream))
            }
            Track::Plain(seconds) => Outcome::Lives(Some(*seconds)),
        }
    }

    fn segment(&mut self, dir: Direction, letters: &'static str) -> Outcome {
        let Track::Tcp { state, last, fin_seen, simultaneous, challenged } = &mut self.track else {
            return Outcome::Invalid;
        };
        let replied = self.status.has(Status::SEEN_REPLY);
        let old = *state;
        let new = match cell(dir, letters, old) {
            Cell::Invalid => return Outcome::Invalid,
            Cell::Ignored => old,
            Cell::To(TcpState::SynSent) if matches!(old, TcpState::TimeWait | TcpState::Close) => {
                if *fin_seen || *last == ("R", dir) {
                    return Outcome::Over(Why::Reopened);
                }
                old
            }
            Cell::To(TcpState::TimeWait)
                if *challenged && (old, *last) == (TcpState::LastAck, ("S", !dir)) =>
            {
                *challenged = false;
                return Outcome::Lives(None);
            }
            Cell::To(TcpState::SynRecv)
                if *simultaneous && (dir, letters) == (Direction::Reply, "A") =>
            {
                TcpState::Established
            }
            Cell::To(new) => new,
        };
        let ignored = match cell(dir, letters, old) {
            Cell::To(TcpState::SynSent) => new != TcpState::SynSent,
            cell => cell == Cell::Ignored,
        };
        *last = (letters, dir);
        *state = new;
        *fin_seen |= new == TcpState::FinWait;
        *simultaneous |= new == TcpState::SynSent2;
        if ignored && (dir, letters) == (Direction::Original, "S") {
            (*simultaneous, *challenged) = (false, old == TcpState::LastAck);
        }
        if ignored {
            return Outcome::Lives(None);
        }
        if !replied && letters == "R" {
            return Outcome::Over(Why::Reset);
        }
        if !replied && letters == "S" && old == TcpState::SynSent {
            return Outcome::Lives(None);
        }
        let was_open = matches!(old, TcpState::SynRecv | TcpState::Established);
        if replied && was_open && new == TcpState::Established {
            self.status |= Status::ASSURED;
        }
        Outcome::Lives(Some(seconds(new, letters, self.status)))
    }
}

/// Linux's own timeouts, in seconds.
fn seconds(state: TcpState, letters: &str, status: Status) -> u32 {
    match state {
        _ if letters == "R" => 10,
        TcpState::Established if !status.has(Status::SEEN_REPLY) => 300,
        TcpState::None | TcpState::SynSent | TcpState::SynSent2 => 120,
        TcpState::SynRecv | TcpState::CloseWait => 60,
        TcpState::Established => 432_000,
        TcpState::FinWait | TcpState::TimeWait => 120,
        TcpState::LastAck => 30,
        TcpState::Close => 10,
    }
}
