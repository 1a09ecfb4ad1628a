//! The classes of connections in a table without limits: what each holds, at the most and now, and
//! what the table would hold without it.

use std::collections::HashMap;
use std::net::IpAddr;

use keeptrack_core::{Change, Conn, Direction, Instant, Path, State, Status, TcpState, Timeout};

use super::change::{Class, Role};
use super::demand::{Holding, Waterline};
use super::members::{self, Of};
use super::states::{States, timeout_of};
use crate::path::Sighting;
use crate::verdict::{Left, Verdict, What};

/// The most classes that are counted at a time. What those hold that come later is told as one.
const MOST_CLASSES: usize = 4096;
/// The most addresses of the host that are learned.
const MOST_ADDRESSES: usize = 64;
/// The most servers that it is known to ask for a service.
const MOST_SERVERS: usize = 9;

/// What the classes hold.
#[derive(Debug, Default)]
pub(super) struct Classes {
    table: Waterline,
    /// When the first packet came.
    first: Option<Instant>,
    numbers: HashMap<Class, u16>,
    counters: Vec<Counter>,
    /// Numbers of counters that are to be used again.
    free: Vec<u16>,
    /// The connections in the table, by their numbers.
    members: HashMap<u64, Member>,
    states: States,
    /// Addresses of the host that captured.
    own: Vec<IpAddr>,
    /// Batches of packets that have been passed.
    batch_count: u32,
    /// Whether a class has been forgotten.
    has_forgotten: bool,
    /// Whether somebody has come or gone since the table was counted.
    has_changed: bool,
    pub(super) limits: Limits,
}

/// What is counted of a class.
#[derive(Debug)]
pub(super) struct Counter {
    pub(super) class: Class,
    pub(super) holding: Holding,
    pub(super) states: States,
    /// Connections that came because of what the class is for.
    pub(super) called: u64,
    /// Connections whose answers cross other hooks than the class's rules are at.
    pub(super) strayed: u64,
    /// In which batch its first connection came; `None`: nobody knows, one may have been forgotten.
    begun: Option<u32>,
    /// Whether it is tried: then it is not forgotten.
    is_kept: bool,
    /// Whom the host asked for the service; a few.
    pub(super) servers: Vec<IpAddr>,
}

/// What the capture does not tell.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Limits {
    /// Connections whose first packet nobody knows to have arrived or to have been sent.
    pub(super) undirected: u64,
    /// Connections of which some class was not counted: there were too many.
    pub(super) unlisted: u64,
    /// TCP connections that were picked up in their middle.
    pub(super) picked_up: u64,
    /// Of those, the ones that were never answered.
    pub(super) one_sided: u64,
    /// Connections that were open before the first packet, and of which no class is known.
    pub(super) open: u64,
}

/// A connection in the table.
#[derive(Debug)]
struct Member {
    /// The numbers of its classes' counters.
    classes: Vec<u16>,
    timeout: Option<Timeout>,
    path: Option<Path>,
    is_picked_up: bool,
}

/// A connection that comes.
struct Arrival<'c> {
    /// Where its first packet was seen.
    path: Option<Path>,
    classes: &'c [Of],
    is_picked_up: bool,
}

impl Classes {
    /// Of a host with these addresses.
    pub(super) fn new(own: Vec<IpAddr>) -> Self {
        Self { own, ..Self::default() }
    }

    /// A connection was open before the first packet.
    pub(super) fn was_open(&mut self, conn: &Conn) {
        let classes = members::open_classes(conn);
        self.limits.open += u64::from(classes.is_empty());
        let arrival = Arrival { path: None, classes: &classes, is_picked_up: false };
        self.enter(conn, &arrival, 0);
    }

    /// A packet has passed the table.
    pub(super) fn packet(&mut self, sighting: Option<&Sighting>, verdict: &Verdict) {
        let now = verdict.now();
        let since_ms = now.since(*self.first.get_or_insert(now));
        match (&verdict.what, sighting) {
            (What::New(conn, _), Some(sighting)) => {
                let classes = members::classes(conn, sighting);
                let is_picked_up = is_picked_up(conn);
                let arrival = Arrival { path: sighting.path, classes: &classes, is_picked_up };
                self.look_at(conn, &arrival);
                self.enter(conn, &arrival, since_ms);
            }
            (What::Known(_, _, conn, change), Some(sighting)) => {
                self.change(conn, (change, sighting.path), since_ms);
            }
            _ => {}
        }
        if self.has_changed {
            self.has_changed = false;
            self.table.set(verdict.entry_count);
        }
    }

    /// A connection has left the table.
    pub(super) fn ended(&mut self, left: &Left<'_>) {
        let Some(member) = self.members.remove(&left.ended.conn.number()) else { return };
        let at = Instant::from_millis(left.time_ns / 1_000_000);
        let since_ms = self.first.map_or(0, |first| at.since(first));
        if let Some(timeout) = member.timeout {
            self.states.leave(timeout, since_ms);
        }
        for number in member.classes {
            self.leave(number, member.timeout, since_ms);
        }
        self.has_changed = true;
    }

    /// The most entries at once.
    pub(super) fn peak(&self) -> usize {
        self.table.peak()
    }

    /// The most entries at once without those of a class.
    pub(super) fn peak_without(&self, counter: &Counter) -> usize {
        counter.holding.others(&self.table)
    }

    /// What entries live by, all of them.
    pub(super) const fn states(&self) -> &States {
        &self.states
    }

    /// What is counted of each class.
    pub(super) fn counters(&self) -> impl Iterator<Item = &Counter> {
        self.numbers.values().filter_map(|number| self.counters.get(usize::from(*number)))
    }

    /// The same of one class; `None` when it has been forgotten.
    pub(super) fn counter(&self, class: Class) -> Option<&Counter> {
        self.counters.get(usize::from(*self.numbers.get(&class)?))
    }

    /// A batch of packets has been passed.
    pub(super) const fn batch_passed(&mut self) {
        self.batch_count += 1;
    }

    /// Whether a class had connections before the batch that is being passed.
    pub(super) fn is_late(&self, counter: &Counter) -> bool {
        counter.begun != Some(self.batch_count)
    }

    /// Whether the host that captured is known: it does not only forward.
    pub(super) fn has_own(&self) -> bool {
        !self.own.is_empty()
    }

    /// Whether a network has an address of the host itself.
    pub(super) fn is_own(&self, network: IpAddr, len: u8) -> bool {
        self.own.iter().any(|own| members::is_in(*own, network, len))
    }

    /// What the first packet of a connection tells beside it.
    fn look_at(&mut self, conn: &Conn, arrival: &Arrival<'_>) {
        self.limits.undirected += u64::from(arrival.path.is_none());
        self.limits.picked_up += u64::from(arrival.is_picked_up);
        self.limits.one_sided += u64::from(arrival.is_picked_up);
        if arrival.path == Some(Path::Local) {
            self.learn(conn.tuple(Direction::Original).source);
        }
    }

    fn learn(&mut self, own: IpAddr) {
        if self.own.len() < MOST_ADDRESSES && !self.own.contains(&own) {
            self.own.push(own);
        }
    }

    fn enter(&mut self, conn: &Conn, arrival: &Arrival<'_>, since_ms: u64) {
        let &Arrival { path, classes, is_picked_up } = arrival;
        let timeout = timeout_of(conn);
        if let Some(timeout) = timeout {
            self.states.enter(timeout, since_ms);
        }
        let mut numbers = Vec::with_capacity(classes.len());
        for of in classes {
            let Some(number) = self.number(of.class) else { continue };
            let counter = &mut self.counters[usize::from(number)];
            counter.enter(&self.table, timeout, since_ms);
            counter.called += u64::from(of.is_called);
            counter.asks(conn, (*of, path));
            numbers.push(number);
        }
        self.limits.unlisted += u64::from(numbers.len() < classes.len());
        let member = Member { classes: numbers, timeout, path, is_picked_up };
        self.members.insert(conn.number(), member);
        self.has_changed = true;
    }

    /// A packet of a connection may have changed what it lives by, and the first answer tells which
    /// hooks answers cross.
    fn change(&mut self, conn: &Conn, (change, path): (&Change, Option<Path>), since_ms: u64) {
        if change.left.is_none() && change.status == Status::NONE {
            return;
        }
        let Some(member) = self.members.get_mut(&conn.number()) else { return };
        let (before, after) = (member.timeout, timeout_of(conn));
        if before != after {
            member.timeout = after;
            restate(&mut self.states, (before, after), since_ms);
            for number in &member.classes {
                let states = &mut self.counters[usize::from(*number)].states;
                restate(states, (before, after), since_ms);
            }
        }
        if change.status.has(Status::SEEN_REPLY) {
            self.limits.one_sided -= u64::from(std::mem::take(&mut member.is_picked_up));
            self.answered(conn, path, since_ms);
        }
    }

    /// An answer was seen there: it does not cross the hooks of some of the connection's classes.
    fn answered(&mut self, conn: &Conn, path: Option<Path>, since_ms: u64) {
        let Some(member) = self.members.get_mut(&conn.number()) else { return };
        let (Some(Path::Arrives), Some(answer @ (Path::Arrives | Path::Local))) =
            (member.path, path)
        else {
            return;
        };
        let strays = |class: Class| match class {
            Class::Service { role: Role::Through, .. } => answer == Path::Local,
            Class::Service { .. } => answer == Path::Arrives,
            _ => false,
        };
        let counters = &self.counters;
        let of = |number: &u16| counters.get(usize::from(*number));
        let (strayed, stay): (Vec<u16>, Vec<u16>) = member
            .classes
            .iter()
            .partition(|number| of(number).is_some_and(|counter| strays(counter.class)));
        let timeout = member.timeout;
        member.classes = stay;
        for number in strayed {
            self.counters[usize::from(number)].strayed += 1;
            self.leave(number, timeout, since_ms);
            self.has_changed = true;
        }
        if answer == Path::Local {
            self.learn(conn.tuple(Direction::Original).destination);
        }
    }

    fn leave(&mut self, number: u16, timeout: Option<Timeout>, since_ms: u64) {
        if let Some(counter) = self.counters.get_mut(usize::from(number)) {
            counter.holding.leave(&self.table);
            if let Some(timeout) = timeout {
                counter.states.leave(timeout, since_ms);
            }
        }
    }

    /// The number of a class; `None` when there are too many.
    fn number(&mut self, class: Class) -> Option<u16> {
        if let Some(number) = self.numbers.get(&class) {
            return Some(*number);
        }
        if self.numbers.len() >= MOST_CLASSES {
            self.forget();
        }
        let counter = Counter {
            class,
            holding: Holding::begun(&self.table),
            states: States::default(),
            called: 0,
            strayed: 0,
            begun: Some(self.batch_count).filter(|_| !self.has_forgotten),
            is_kept: false,
            servers: Vec::new(),
        };
        let number = match self.free.pop() {
            Some(number) => {
                self.counters[usize::from(number)] = counter;
                number
            }
            None if self.counters.len() < MOST_CLASSES => {
                self.counters.push(counter);
                u16::try_from(self.counters.len() - 1).ok()?
            }
            None => return None,
        };
        self.numbers.insert(class, number);
        Some(number)
    }

    /// Does not forget a class from now on.
    pub(super) fn keep(&mut self, class: Class) {
        let number = self.numbers.get(&class).copied().map(usize::from);
        if let Some(counter) = number.and_then(|number| self.counters.get_mut(number)) {
            counter.is_kept = true;
        }
    }

    /// Forgets classes that hold nothing now and never held much: half of those that do.
    fn forget(&mut self) {
        let is_idle = |counter: &&Counter| counter.holding.held == 0 && !counter.is_kept;
        let idle = self.counters().filter(is_idle);
        let mut peaks: Vec<usize> = idle.map(|counter| counter.holding.peak).collect();
        let Some(half) = peaks.len().checked_sub(1).map(|last| last / 2) else { return };
        let (_, &mut cut, _) = peaks.select_nth_unstable(half);
        self.has_forgotten = true;
        let counters = &self.counters;
        let free = &mut self.free;
        self.numbers.retain(|_, number| {
            let stays = counters.get(usize::from(*number)).is_some_and(|counter| {
                counter.is_kept || counter.holding.held > 0 || counter.holding.peak > cut
            });
            if !stays {
                free.push(*number);
            }
            stays
        });
    }
}

impl Counter {
    fn enter(&mut self, table: &Waterline, timeout: Option<Timeout>, since_ms: u64) {
        self.holding.enter(table);
        if let Some(timeout) = timeout {
            self.states.enter(timeout, since_ms);
        }
    }

    /// Takes note of whom the host asks, if that is what a connection is for. Seen from its answer
    /// on, it begins with the server.
    fn asks(&mut self, conn: &Conn, (of, path): (Of, Option<Path>)) {
        let is_asked =
            of.is_called && matches!(of.class, Class::Service { role: Role::Client, .. });
        if !is_asked {
            return;
        }
        let tuple = conn.tuple(Direction::Original);
        let asked = if path == Some(Path::Local) { tuple.destination } else { tuple.source };
        if self.servers.len() < MOST_SERVERS && !self.servers.contains(&asked) {
            self.servers.push(asked);
        }
    }
}

fn restate(
    states: &mut States,
    (before, after): (Option<Timeout>, Option<Timeout>),
    since_ms: u64,
) {
    if let Some(before) = before {
        states.leave(before, since_ms);
    }
    if let Some(after) = after {
        states.enter(after, since_ms);
    }
}

/// Whether the first packet that was seen of a connection does not open it.
fn is_picked_up(conn: &Conn) -> bool {
    matches!(conn.state(), Some(State::Tcp(state)) if state != TcpState::SynSent)
}

#[cfg(test)]
mod tests {
    use keeptrack_core::{Config, Conntrack, LinkType, Packet, Protocol, Seed, Storage, Tracked};

    use super::*;

    /// The connection that a datagram begins between these ports of two hosts.
    fn conn([from, to]: [u8; 2], ports: [u8; 4]) -> Conn {
        let ip = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, from, 192, 0, 2, to];
        let bytes = [&ip[..], &ports, &[0, 8, 0, 0]].concat();
        let mut storage = Storage::<4>::new();
        let mut ct = Conntrack::new(storage.lend(), Config::DEFAULT, Seed([7; 16])).unwrap();
        let packet = Packet::parse(LinkType::Raw, &bytes).unwrap();
        let Tracked::First(first) = ct.track(Instant::default(), &packet) else { panic!() };
        *first.conn()
    }

    #[test]
    fn whom_a_host_asks_is_told_by_an_answer_too_but_not_by_its_own_callers() {
        let class = Class::Service { protocol: Protocol::UDP, port: 53, role: Role::Client };
        let (asked, answer) = (conn([1, 2], [200, 0, 0, 53]), conn([3, 1], [0, 53, 200, 0]));
        let stranger = conn([4, 1], [0, 53, 0, 80]);
        let mut classes = Classes::default();
        let seen = [(asked, Path::Local, true), (answer, Path::Arrives, true)];
        for (conn, path, is_called) in seen.into_iter().chain([(stranger, Path::Arrives, false)]) {
            let of = [Of { class, is_called }];
            let arrival = Arrival { path: Some(path), classes: &of, is_picked_up: false };
            classes.enter(&conn, &arrival, 0);
        }
        let servers = [[192, 0, 2, 2], [192, 0, 2, 3]].map(IpAddr::from);
        assert_eq!(classes.counter(class).unwrap().servers, servers);
    }

    #[test]
    fn a_class_that_had_connections_before_a_batch_is_late() {
        let class = Class::Loopback;
        let of = [Of { class, is_called: true }];
        let arrival = Arrival { path: Some(Path::Loops), classes: &of, is_picked_up: false };
        let mut classes = Classes::default();
        classes.batch_passed();
        classes.enter(&conn([1, 2], [200, 0, 0, 53]), &arrival, 0);
        assert!(!classes.is_late(classes.counter(class).unwrap()));
        classes.batch_passed();
        assert!(classes.is_late(classes.counter(class).unwrap()));
    }
}
