//! The simulation: hosts on both sides of a gateway, and its clock.
//!
//! A packet needs 10 ms from its source to the gateway and 40 ms from there to the server, and back
//! as long. So an answer comes 80 ms after what it answers, and a connection is assured after the
//! 100 ms of [`RTT_MS`]. The gateway lets in what sources open; a server opens nothing, and what is
//! INVALID is dropped, as by an ordinary filter.

use std::net::Ipv4Addr;

use keeptrack_core::raw::{PolicyId, Raw, RawVerdict, Template};
use keeptrack_core::{
    Class, Conntrack, Ended, Instant, LinkType, OnFull, Packet, Rank, Seed, Status, Step,
    TimeoutPolicy, Tracked, Why,
};

use super::clients::{Client, MILLI_NS, SECOND_NS, Service};
use super::plan::{Defence, Outcome, Plan};
use super::queue::Queue;
use super::server;
use super::wire::{End, Sent};
use crate::generate::Random;
use crate::memory::Owned;

/// The time from a SYN to the ACK that completes its handshake, both at the gateway.
pub const RTT_MS: u64 = 100;

const SOURCE_TO_GATEWAY_NS: u64 = 10 * MILLI_NS;
const GATEWAY_TO_SERVER_NS: u64 = 40 * MILLI_NS;
/// How often somebody looks whether the table is full.
const LOOK_NS: u64 = 100 * MILLI_NS;
/// The clients' network; the administrator is the last host of it.
const CLIENTS: [u8; 3] = [10, 0, 0];
const ADMIN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 255);
/// The administrator thinks little, so that many connections count.
const ADMIN_THINK_S: u32 = 2;

/// Simulates the plan.
///
/// # Panics
/// When there is no such table: it has no slots, or fewer than are reserved.
pub fn run<P: OnFull>(plan: &Plan, defence: Defence<P>) -> Outcome {
    let mut world = World::new(plan, defence);
    while let Some((now_ns, event)) = world.queue.pop() {
        if now_ns >= plan.times.end_s * SECOND_NS {
            break;
        }
        world.happen(now_ns, &event);
    }
    world.told()
}

#[derive(Debug)]
enum Event {
    /// A packet arrives at the gateway.
    Arrive(Sent),
    /// It arrives where it was sent to.
    Reach(Sent),
    /// The client in that place may have something to do.
    Wake(usize),
    /// The attacker opens the connection of that number.
    Open(u64),
    /// Is the table full?
    Look,
}

struct World<'p, P> {
    plan: &'p Plan,
    ct: Conntrack<Owned<u32>, P, AdminFirst>,
    /// The entries of a table that is full to all but the administrator.
    full_count: usize,
    /// The real clients; the administrator is the last.
    clients: Vec<Client>,
    random: Random,
    queue: Queue<Event>,
    outcome: Outcome,
}

impl<'p, P: OnFull> World<'p, P> {
    fn new(plan: &'p Plan, defence: Defence<P>) -> Self {
        let Defence { policy, reserve_count, config } = defence;
        let memory = Owned::new(plan.slot_count);
        let class = Class::at(0).expect("a first class");
        let ct = Conntrack::new(memory, config, Seed([7; 16]))
            .and_then(|ct| ct.reserve(class, reserve_count))
            .expect("a table");
        let ct = ct.on_full(policy).with_rules(AdminFirst(class));
        let mut world = Self {
            plan,
            ct,
            full_count: (plan.slot_count - reserve_count) * 99 / 100,
            clients: clients(plan),
            random: Random::new(plan.seed),
            queue: Queue::new(),
            outcome: Outcome::default(),
        };
        for (place, client) in world.clients.iter().enumerate() {
            world.queue.push(client.wakes_ns(), Event::Wake(place));
        }
        world.queue.push(plan.times.fill_s * SECOND_NS, Event::Open(0));
        world.queue.push(plan.times.count_from_s * SECOND_NS, Event::Look);
        world
    }

    fn happen(&mut self, now_ns: u64, event: &Event) {
        match *event {
            Event::Arrive(sent) => self.arrive(now_ns, sent),
            Event::Reach(sent) => self.reach(now_ns, &sent),
            Event::Wake(place) => self.wake(now_ns, place),
            Event::Open(number) => self.open(now_ns, number),
            Event::Look if now_ns < self.plan.times.count_to_s * SECOND_NS => {
                self.look();
                self.queue.push(now_ns + LOOK_NS, Event::Look);
            }
            Event::Look => {}
        }
    }

    fn look(&mut self) {
        self.outcome.full.add((self.ct.len() >= self.full_count).into(), 1);
        let ranks = self.ct.iter().filter_map(Rank::of);
        let dispensable_count = ranks.filter(|rank| *rank != Rank::Unassured).count();
        self.outcome.dispensable.add(dispensable_count as u64, self.plan.slot_count as u64);
    }

    /// A packet at the gateway; one that passes goes on to where it was sent to.
    fn arrive(&mut self, now_ns: u64, sent: Sent) {
        self.outcome.packet_count += 1;
        let now = Instant::from_nanos(now_ns);
        loop {
            match self.ct.expire(now) {
                Step::Ended(ended) => self.outcome.tell_end(&ended),
                Step::Working => {}
                Step::Idle => break,
            }
        }
        let bytes = sent.bytes();
        let packet = Packet::parse(LinkType::Raw, &bytes).expect("an IP packet");
        let passes = match self.ct.track(now, &packet) {
            Tracked::First(first) if sent.by == End::Source => match first.confirm() {
                Ok(confirmed) => {
                    confirmed.evicted.iter().for_each(|ended| self.outcome.tell_end(ended));
                    true
                }
                Err(_) => {
                    self.outcome.refused_count += u64::from(is_real(sent.flow.source));
                    false
                }
            },
            Tracked::Known { .. } => true,
            _ => false,
        };
        if passes {
            let on_the_way_ns = match sent.by {
                End::Source => GATEWAY_TO_SERVER_NS,
                End::Server => SOURCE_TO_GATEWAY_NS,
            };
            self.queue.push(now_ns + on_the_way_ns, Event::Reach(sent));
        }
    }

    fn reach(&mut self, now_ns: u64, sent: &Sent) {
        match (sent.by, self.plan.attack) {
            (End::Source, _) => {
                if let Some(answer) = server::answer(sent) {
                    self.queue.push(now_ns + GATEWAY_TO_SERVER_NS, Event::Arrive(answer));
                }
            }
            (End::Server, Some((attack, _))) if !is_real(sent.flow.source) => {
                self.send(now_ns, attack.hear(sent));
            }
            (End::Server, _) => {
                let place = place_of(sent.flow.source, self.clients.len());
                let Some(client) = self.clients.get_mut(place) else { return };
                let said = client.hear(now_ns, sent);
                self.queue.push(client.wakes_ns(), Event::Wake(place));
                self.send(now_ns, said);
            }
        }
    }

    /// A client that has heard something since wakes at another time.
    fn wake(&mut self, now_ns: u64, place: usize) {
        let Some(client) = self.clients.get_mut(place) else { return };
        if client.wakes_ns() == now_ns {
            let said = client.wake(now_ns);
            self.queue.push(client.wakes_ns(), Event::Wake(place));
            self.send(now_ns, said);
        }
    }

    /// The attacker's packets, which are timed as they come to the gateway.
    fn open(&mut self, now_ns: u64, number: u64) {
        let Some((attack, rate)) = self.plan.attack else { return };
        let sent = attack.open(number, &mut self.random);
        let mut wait_ns = SECOND_NS * attack.packets_of_two() / (2 * rate);
        if now_ns < self.plan.times.attack_s * SECOND_NS {
            wait_ns = wait_ns.min(10 * SECOND_NS / self.plan.slot_count as u64);
        }
        self.queue.push(now_ns + wait_ns, Event::Open(number + 1));
        self.arrive(now_ns, sent);
    }

    fn send(&mut self, now_ns: u64, said: impl IntoIterator<Item = Sent>) {
        for sent in said {
            self.queue.push(now_ns + SOURCE_TO_GATEWAY_NS, Event::Arrive(sent));
        }
    }

    /// What became of everybody, as far as it counts.
    fn told(self) -> Outcome {
        let Self { plan, clients, mut outcome, .. } = self;
        let counts = plan.times.count_from_s * SECOND_NS..plan.times.count_to_s * SECOND_NS;
        let Some((admin, clients)) = clients.split_last() else { return outcome };
        for begun in admin.begun().iter().filter(|begun| counts.contains(&begun.at_ns)) {
            outcome.admin.add(begun.is_served().into(), 1);
        }
        let begun = clients.iter().flat_map(Client::begun);
        for begun in begun.filter(|begun| counts.contains(&begun.at_ns)) {
            outcome.connections.add(begun.is_served().into(), 1);
            outcome.requests.add(begun.answered.into(), begun.wanted.into());
        }
        outcome
    }
}

impl Outcome {
    /// Counts a connection of a client that had to leave in its midst.
    fn tell_end(&mut self, ended: &Ended) {
        let Ended { conn, why } = ended;
        let is_open = conn.status().has(Status::ASSURED)
            && conn.state_name().is_none_or(|state| state == "ESTABLISHED");
        let source = conn.tuple(keeptrack_core::Direction::Original).source;
        let is_real = matches!(source, std::net::IpAddr::V4(source) if is_real(source));
        let had_to = matches!(why, Why::DroppedEarly | Why::Shrunk);
        self.open_evicted_count += u64::from(is_open && is_real && had_to);
    }
}

/// The rule by which the administrator's connections are of that class.
struct AdminFirst(Class);

impl Raw for AdminFirst {
    fn classify(&mut self, packet: &Packet<'_>) -> RawVerdict {
        let class = (packet.tuple.source == ADMIN).then_some(self.0);
        RawVerdict::Track(Template { class, ..Template::NONE })
    }

    fn timeouts(&self, _id: PolicyId) -> Option<&TimeoutPolicy> {
        None
    }
}

/// The real clients, and the administrator behind them.
fn clients(plan: &Plan) -> Vec<Client> {
    let [a, b, c] = CLIENTS;
    let client = |number: u8| {
        let service = if number.is_multiple_of(4) { Service::Names } else { Service::Web };
        (Ipv4Addr::new(a, b, c, number), service, plan.think_s)
    };
    let all = (0..plan.client_count).map(client).chain([(ADMIN, Service::Ssh, ADMIN_THINK_S)]);
    let seeds = (1..).map(|number| plan.seed.wrapping_mul(1000) + number);
    all.zip(seeds)
        .map(|((host, service, think_s), seed)| Client::new(host, service, think_s * 1000, seed))
        .collect()
}

fn is_real(host: Ipv4Addr) -> bool {
    host.octets().starts_with(&CLIENTS)
}

/// The place of a real host among so many.
fn place_of(host: Ipv4Addr, count: usize) -> usize {
    if host == ADMIN { count - 1 } else { host.octets()[3].into() }
}
