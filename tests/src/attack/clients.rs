//! The real clients: each opens a connection, asks a few times, closes it, thinks, and begins
//! again.
//!
//! They are a closed loop, as real hosts are: whoever is not answered sends the same packet again
//! one, three and seven seconds after the first time, and gives up after fifteen.

use std::net::Ipv4Addr;

use super::server::SERVER;
use super::wire::{ACK, Carried, End, FIN, Flow, SYN, Segment, Sent};
use crate::generate::Random;

/// A second and a millisecond, in the simulation's nanoseconds.
pub(super) const SECOND_NS: u64 = 1000 * MILLI_NS;
pub(super) const MILLI_NS: u64 = 1_000_000;

/// How long each attempt waits for its answer, in seconds.
const PATIENCE_S: [u64; 4] = [1, 2, 4, 8];
/// Bytes of a request.
const REQUEST_LEN: u16 = 100;
/// Where a client's own ports begin.
const FIRST_PORT: u16 = 32_768;
/// The shortest pause between an answer and the next request, and by how much it may be longer.
const PAUSE_MS: u32 = 500;
const LONGER_PAUSE_MS: u32 = 4500;

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// A few requests over one connection of TCP.
    Web,
    /// A datagram and its answer.
    Names,
    /// One request, by the administrator.
    Ssh,
}

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    service: Service,
    mean_think_ms: u32,
    random: Random,
    phase: Phase,
    /// What waits for an answer, and how often it was sent.
    sent: Sent,
    attempt: usize,
    /// The connections it has begun, the latest last.
    begun: Vec<Begun>,
    /// When it has thought enough for the next one, once the latest is served.
    ready_ns: u64,
    wakes_ns: u64,
}

/// A connection that a client has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    pub(super) at_ns: u64,
    /// How often it is to ask, and was answered.
    pub(super) wanted: u32,
    pub(super) answered: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Thinking,
    Opening,
    Asking,
    Pausing,
    Closing,
}

impl Client {
    /// A client that begins within the first thinking time.
    pub(super) fn new(address: Ipv4Addr, service: Service, mean_think_ms: u32, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let wakes_ns = u64::from(random.below(mean_think_ms)) * MILLI_NS;
        let flow = Flow {
            source: address,
            source_port: FIRST_PORT,
            server: SERVER,
            server_port: service.port(),
        };
        let sent = Sent { flow, by: End::Source, carried: Carried::Udp(REQUEST_LEN) };
        Self {
            service,
            mean_think_ms,
            random,
            phase: Phase::Thinking,
            sent,
            attempt: 0,
            begun: Vec::new(),
            ready_ns: wakes_ns,
            wakes_ns,
        }
    }

    /// When it next does something without having heard anything.
    pub(super) const fn wakes_ns(&self) -> u64 {
        self.wakes_ns
    }

    /// All that it has begun.
    pub(super) fn begun(&self) -> &[Begun] {
        &self.begun
    }

    /// What it sends when its time has come.
    pub(super) fn wake(&mut self, now_ns: u64) -> Option<Sent> {
        match self.phase {
            Phase::Thinking => Some(self.begin(now_ns)),
            Phase::Pausing => Some(self.ask(now_ns)),
            Phase::Opening | Phase::Asking | Phase::Closing => {
                self.attempt += 1;
                let Some(patience_s) = PATIENCE_S.get(self.attempt) else {
                    self.rest(now_ns);
                    return None;
                };
                self.wakes_ns = now_ns + patience_s * SECOND_NS;
                Some(self.sent)
            }
        }
    }

    /// What it sends when it has heard this.
    pub(super) fn hear(&mut self, now_ns: u64, heard: &Sent) -> Vec<Sent> {
        if heard.flow != self.sent.flow {
            return Vec::new();
        }
        match (self.phase, heard.carried) {
            (Phase::Asking, Carried::Udp(_)) => {
                self.count_answer(now_ns);
                self.rest(now_ns);
                Vec::new()
            }
            (_, Carried::Tcp(segment)) => self.hear_segment(now_ns, &segment),
            _ => Vec::new(),
        }
    }

    fn hear_segment(&mut self, now_ns: u64, heard: &Segment) -> Vec<Sent> {
        let Carried::Tcp(asked) = self.sent.carried else { return Vec::new() };
        if heard.ack != asked.end() {
            return Vec::new();
        }
        let received = heard.answered(ACK, 0);
        let acknowledged = Sent { carried: Carried::Tcp(received), ..self.sent };
        match self.phase {
            Phase::Opening if heard.flags & SYN != 0 => {
                self.sent = acknowledged;
                vec![acknowledged, self.ask(now_ns)]
            }
            Phase::Asking if heard.len > 0 => {
                self.sent = acknowledged;
                if self.count_answer(now_ns) {
                    let fin = Segment { flags: FIN | ACK, ..received };
                    return vec![self.send(now_ns, Phase::Closing, Carried::Tcp(fin))];
                }
                self.phase = Phase::Pausing;
                let pause_ms = PAUSE_MS + self.random.below(LONGER_PAUSE_MS);
                self.wakes_ns = now_ns + u64::from(pause_ms) * MILLI_NS;
                vec![acknowledged]
            }
            Phase::Closing if heard.flags & FIN != 0 => {
                self.rest(now_ns);
                vec![acknowledged]
            }
            _ => Vec::new(),
        }
    }

    fn begin(&mut self, now_ns: u64) -> Sent {
        let port = self.sent.flow.source_port;
        self.sent.flow.source_port = port.checked_add(1).unwrap_or(FIRST_PORT);
        let (wanted, phase, carried) = match self.service {
            Service::Names => (1, Phase::Asking, Carried::Udp(REQUEST_LEN)),
            Service::Ssh => (1, Phase::Opening, Carried::Tcp(Segment::SYN)),
            Service::Web => (1 + self.random.below(4), Phase::Opening, Carried::Tcp(Segment::SYN)),
        };
        self.begun.push(Begun { at_ns: now_ns, wanted, answered: 0 });
        self.send(now_ns, phase, carried)
    }

    /// The next request, which follows what was last sent.
    fn ask(&mut self, now_ns: u64) -> Sent {
        let carried = match self.sent.carried {
            Carried::Tcp(last) => Carried::Tcp(Segment { len: REQUEST_LEN, ..last }),
            other => other,
        };
        self.send(now_ns, Phase::Asking, carried)
    }

    fn send(&mut self, now_ns: u64, phase: Phase, carried: Carried) -> Sent {
        (self.phase, self.attempt) = (phase, 0);
        self.wakes_ns = now_ns + PATIENCE_S[0] * SECOND_NS;
        self.sent.carried = carried;
        self.sent
    }

    /// Counts an answer; whether it was the last that was wanted. Closing takes no time to think.
    fn count_answer(&mut self, now_ns: u64) -> bool {
        let Some(latest) = self.begun.last_mut() else { return false };
        latest.answered += 1;
        let is_served = latest.is_served();
        if is_served {
            self.think(now_ns);
        }
        is_served
    }

    /// It is done with a connection, served or not.
    fn rest(&mut self, now_ns: u64) {
        if !self.begun.last().is_some_and(Begun::is_served) {
            self.think(now_ns);
        }
        self.phase = Phase::Thinking;
        self.wakes_ns = self.ready_ns.max(now_ns + 1);
    }

    /// Between half and three halves of the mean.
    fn think(&mut self, now_ns: u64) {
        let think_ms = self.mean_think_ms / 2 + self.random.below(self.mean_think_ms);
        self.ready_ns = now_ns + u64::from(think_ms) * MILLI_NS;
    }
}

impl Begun {
    /// Whether all that was asked was answered.
    pub(super) const fn is_served(&self) -> bool {
        self.answered == self.wanted
    }
}

impl Service {
    /// The port that it is asked for at.
    pub(super) const fn port(self) -> u16 {
        match self {
            Self::Web => 80,
            Self::Names => 53,
            Self::Ssh => 22,
        }
    }
}
