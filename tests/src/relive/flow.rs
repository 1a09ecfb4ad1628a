//! The flows of a capture: who opened each, and what either end did, packet by packet.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::path::Path;

use keeptrack::capture::Capture;
use keeptrack_core::{Ends, Inner, LinkType, Packet, Protocol, Tcp, TcpFlags, Transport, Tuple};

/// One of the two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What an end did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// The client began a connection of TCP.
    Open,
    /// So many bytes in one packet.
    Say(usize),
    /// It has said all.
    Finish,
    /// It gave the connection up.
    Reset,
    /// The client waits no longer.
    Leave,
}

/// What an end did, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Since the first packet of the capture.
    pub(super) time_ns: u64,
    pub(super) side: Side,
    pub(super) act: Act,
}

/// What a flow speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Tcp,
    Udp,
    /// Echo requests; the port of both ends is their identifier.
    Ping,
}

/// What a server does with who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It hears, and answers as the steps say.
    Accepts,
    Refuses,
    /// It neither answers nor refuses.
    Ignores,
}

/// A flow.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) kind: Kind,
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    pub(super) answer: Answer,
    /// Whether it was open before the capture began.
    pub(super) is_early: bool,
    pub(super) steps: Vec<Step>,
}

/// The flows of a capture.
#[derive(Debug)]
pub(super) struct Flows {
    /// In the order of their first packets.
    pub(super) flows: Vec<Flow>,
    /// How many have no socket: connections older than the capture, of which only one end is left.
    pub(super) left_out: usize,
}

/// How long a client of a capture waits after its last packet.
const PATIENCE_NS: u64 = 1_000_000_000;
/// The length of a header of UDP, and of an echo request.
const HEADER_LEN: u32 = 8;

/// The flows as far as the capture has been read.
#[derive(Default)]
struct Reader {
    flows: Vec<Flow>,
    /// Which flow it is, by its ends as either of them has them.
    known: HashMap<(Kind, SocketAddr, SocketAddr), usize>,
    /// The sequence number that comes next, by flow and by who says it.
    next_seq: HashMap<(usize, SocketAddr), u32>,
    /// The packets that errors of ICMP speak of.
    refused: HashSet<Tuple>,
}

impl Flows {
    /// Reads a capture of Ethernet frames.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let fault = |error: keeptrack::capture::Error| error.to_string();
        let mut capture = Capture::open(file).map_err(fault)?;
        let mut reader = Reader::default();
        let mut first_ns = None;
        while let Some(record) = capture.next() {
            let record = record.map_err(fault)?;
            let time_ns = record.time_ns - *first_ns.get_or_insert(record.time_ns);
            // What the capture has cut was said all the same.
            let cut_len = record
                .wire_len
                .saturating_sub(u32::try_from(record.data.len()).unwrap_or(u32::MAX));
            if let Ok(packet) = Packet::parse_cut(LinkType::Ethernet, record.data, cut_len) {
                reader.take(time_ns, &packet);
            }
        }
        Ok(reader.finish())
    }
}

impl Flow {
    fn has(&self, side: Side) -> bool {
        self.steps.iter().any(|step| step.side == side)
    }
}

impl Reader {
    fn take(&mut self, time_ns: u64, packet: &Packet<'_>) {
        let Tuple { source, destination, protocol, ends } = packet.tuple;
        let said = Act::Say(packet.segment_len.saturating_sub(HEADER_LEN) as usize);
        let (kind, from, to) = match (packet.transport, ends) {
            (Transport::Tcp(_), Ends::Ports { source, destination }) => {
                (Kind::Tcp, source, destination)
            }
            (Transport::Udp, Ends::Ports { source, destination }) if protocol == Protocol::UDP => {
                (Kind::Udp, source, destination)
            }
            (Transport::Query, Ends::Query { id, .. }) => (Kind::Ping, id, id),
            (Transport::Error(Inner::Tuple(tuple)), _) => {
                self.refused.insert(tuple);
                return;
            }
            _ => return,
        };
        let (from, to) = (SocketAddr::new(source, from), SocketAddr::new(destination, to));
        let number = self.number(kind, from, to);
        match packet.transport {
            Transport::Tcp(tcp) => self.take_segment(number, (time_ns, from), &tcp),
            _ => self.step(number, (time_ns, from), said),
        }
    }

    /// The number of the flow between those, which may be a new one.
    fn number(&mut self, kind: Kind, from: SocketAddr, to: SocketAddr) -> usize {
        if let Some(number) = self.known.get(&(kind, from, to)) {
            return *number;
        }
        let number = self.flows.len();
        self.known.insert((kind, from, to), number);
        self.known.insert((kind, to, from), number);
        let answer = if kind == Kind::Tcp { Answer::Ignores } else { Answer::Accepts };
        let (is_early, steps) = (false, Vec::new());
        self.flows.push(Flow { kind, client: from, server: to, answer, is_early, steps });
        number
    }

    fn step(&mut self, number: usize, (time_ns, from): (u64, SocketAddr), act: Act) {
        let flow = &mut self.flows[number];
        let side = if flow.client == from { Side::Client } else { Side::Server };
        flow.steps.push(Step { time_ns, side, act });
    }

    /// Takes what a segment says that no earlier one has said: the rest is done by TCP itself.
    fn take_segment(&mut self, number: usize, seen: (u64, SocketAddr), tcp: &Tcp) {
        let flow = &mut self.flows[number];
        let is_first = flow.steps.is_empty();
        let is_client = flow.client == seen.1;
        if !is_client && flow.answer == Answer::Ignores {
            let refuses = tcp.flags.has(TcpFlags::RST);
            flow.answer = if refuses { Answer::Refuses } else { Answer::Accepts };
        }
        if is_first {
            flow.is_early = !tcp.flags.has(TcpFlags::SYN);
            self.step(number, seen, Act::Open);
        }
        if tcp.flags.has(TcpFlags::SYN) {
            return;
        }
        if tcp.flags.has(TcpFlags::RST) {
            self.step(number, seen, Act::Reset);
            return;
        }
        let next_seq = self.next_seq.entry((number, seen.1)).or_insert(tcp.seq);
        let is_old = tcp.seq.wrapping_sub(*next_seq) > u32::MAX / 2;
        let has_finished = tcp.flags.has(TcpFlags::FIN);
        if is_old {
            return;
        }
        *next_seq = tcp.seq.wrapping_add(tcp.payload_len + u32::from(has_finished));
        if tcp.payload_len > 0 {
            self.step(number, seen, Act::Say(tcp.payload_len as usize));
        }
        if has_finished {
            self.step(number, seen, Act::Finish);
        }
    }

    fn finish(self) -> Flows {
        let Self { mut flows, refused, .. } = self;
        let all_count = flows.len();
        flows.retain(|flow| !flow.is_early || flow.has(Side::Server));
        for flow in &mut flows {
            if refused.contains(&datagram(flow)) {
                flow.answer = Answer::Refuses;
            }
            let last_ns = flow.steps.last().map_or(0, |step| step.time_ns);
            let waits = flow.kind == Kind::Tcp && flow.answer == Answer::Ignores;
            let time_ns = if waits { last_ns + PATIENCE_NS } else { last_ns };
            flow.steps.push(Step { time_ns, side: Side::Client, act: Act::Leave });
        }
        Flows { left_out: all_count - flows.len(), flows }
    }
}

/// The tuple of a flow of UDP.
fn datagram(flow: &Flow) -> Tuple {
    let ends = Ends::Ports { source: flow.client.port(), destination: flow.server.port() };
    let (source, destination) = (flow.client.ip(), flow.server.ip());
    Tuple { source, destination, protocol: Protocol::UDP, ends }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Act, Answer, Flow, Flows, Kind};

    #[test]
    fn a_mail_relay_is_read_as_its_hosts_were() {
        let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/mail-relay.pcapng");
        let Flows { flows, left_out } = Flows::read(Path::new(capture)).unwrap();
        let count = |is: &dyn Fn(&Flow) -> bool| flows.iter().filter(|flow| is(flow)).count();
        let answered = |flow: &Flow, answer| flow.kind == Kind::Tcp && flow.answer == answer;
        // As tshark counts them; each of the 8 who speak on behind a reboot is left out.
        assert_eq!((flows.len(), left_out), (2631, 8));
        assert_eq!(count(&|flow| flow.client.ip().is_loopback()), 924);
        assert_eq!(count(&|flow| flow.kind == Kind::Ping), 40);
        assert_eq!(count(&|flow| answered(flow, Answer::Refuses)), 330);
        assert_eq!(count(&|flow| answered(flow, Answer::Ignores)), 243);
        assert_eq!(count(&|flow| flow.is_early), 5);
        let resets = |flow: &Flow| flow.steps.iter().any(|step| step.act == Act::Reset);
        assert_eq!(count(&|flow| answered(flow, Answer::Accepts) && resets(flow)), 27);
        assert!(flows.iter().all(|flow| flow.steps.last().unwrap().act == Act::Leave));
    }
}
