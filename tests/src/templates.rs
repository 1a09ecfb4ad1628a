//! Zones and timeout policies: what a template makes of a packet and of the connection that it
//! begins.
//!
//! All of it was asked of Linux 6.18 with `-j CT` rules of iptables and policies of nfct.

use std::cell::Cell;
use std::rc::Rc;

use keeptrack_core::raw::{PolicyId, Raw, RawVerdict, Template};
use keeptrack_core::{
    Config, Conntrack, Instant, Invalid, LinkType, Packet, Protocol, Ranked, Seed, State, Step,
    TcpFlags, TcpState, TimeoutPolicy, Zone,
};

use crate::answer::{Answer, Filter, Verdict};
use crate::frames::{CLIENT, ROUTER, SERVER, chunk, error, ip, query, read, sctp, tcp, udp};
use crate::memory::Owned;

const SYN: TcpFlags = TcpFlags::SYN;
const ACK: TcpFlags = TcpFlags::ACK;

/// Rules that say of every packet what the test has just said.
struct Said {
    template: Rc<Cell<Template>>,
    policy: Rc<Cell<Option<TimeoutPolicy>>>,
    /// The policy as it was at the last packet.
    now: Option<TimeoutPolicy>,
}

impl Raw for Said {
    fn classify(&mut self, _packet: &Packet<'_>) -> RawVerdict {
        self.now = self.policy.get();
        RawVerdict::Track(self.template.get())
    }

    fn timeouts(&self, id: PolicyId) -> Option<&TimeoutPolicy> {
        self.now.as_ref().filter(|_| Some(id) == PolicyId::at(0))
    }
}

/// A tracker and what its rules say.
struct Lab {
    ct: Conntrack<Owned<u16>, Ranked, Said>,
    template: Rc<Cell<Template>>,
    policy: Rc<Cell<Option<TimeoutPolicy>>>,
    now: Instant,
}

impl Lab {
    fn new(config: Config) -> Self {
        let template = Rc::new(Cell::new(Template::NONE));
        let policy = Rc::new(Cell::new(None));
        let said = Said { template: Rc::clone(&template), policy: Rc::clone(&policy), now: None };
        let ct = Conntrack::new(Owned::new(16), config, Seed([5; 16])).unwrap();
        Self { ct: ct.with_rules(said), template, policy, now: Instant::from_millis(1) }
    }

    /// One whose rules give every connection that policy.
    fn under(policy: TimeoutPolicy) -> Self {
        let lab = Self::new(Config::DEFAULT);
        lab.policy.set(Some(policy));
        lab.template.set(Template { timeouts: PolicyId::at(0), ..Template::NONE });
        lab
    }

    fn hear(&mut self, packet: &[u8]) -> Answer {
        let packet = Packet::parse(LinkType::Raw, packet).unwrap();
        Answer::of(self.ct.track(self.now, &packet), Filter::Accepts)
    }

    fn hear_in(&mut self, zone: u16, packet: &[u8]) -> Answer {
        self.template.set(Template { zone: Zone(zone), ..Template::NONE });
        self.hear(packet)
    }

    /// The seconds that a packet gives its connection.
    fn seconds(&mut self, packet: &[u8]) -> Option<u32> {
        self.hear(packet).timeout
    }

    /// What `conntrack -L` prints.
    fn listed(&self) -> Vec<String> {
        let mut lines: Vec<_> =
            self.ct.iter().map(|conn| conn.list(self.now).to_string()).collect();
        lines.sort();
        lines
    }
}

fn to_server(protocol: Protocol, body: &[u8]) -> Vec<u8> {
    ip(protocol, CLIENT, SERVER, body)
}

fn to_client(protocol: Protocol, body: &[u8]) -> Vec<u8> {
    ip(protocol, SERVER, CLIENT, body)
}

fn asks() -> Vec<u8> {
    to_server(Protocol::UDP, &udp(5, 7))
}

fn answers() -> Vec<u8> {
    to_client(Protocol::UDP, &udp(7, 5))
}

#[test]
fn a_tuple_in_two_zones_is_two_connections() {
    let mut lab = Lab::new(Config::DEFAULT);
    assert_eq!(lab.hear_in(7, &asks()).verdict, Verdict::New);
    assert_eq!(lab.hear_in(0, &asks()).verdict, Verdict::New);
    assert_eq!(lab.hear_in(7, &answers()).verdict, Verdict::Established);
    assert_eq!(lab.hear_in(0, &asks()).verdict, Verdict::New, "nobody answered in this zone");
    let forth = "src=192.0.2.1 dst=198.51.100.2 sport=5 dport=7";
    let back = "src=198.51.100.2 dst=192.0.2.1 sport=7 dport=5";
    let expected = [
        format!("udp      17 30 {forth} [UNREPLIED] {back}"),
        format!("udp      17 30 {forth} {back} zone=7"),
    ];
    assert_eq!(lab.listed(), expected);
}

#[test]
fn an_answer_without_the_zone_begins_a_connection_of_its_own() {
    let mut lab = Lab::new(Config::DEFAULT);
    lab.hear_in(7, &asks());
    let heard = lab.hear_in(0, &answers());
    assert_eq!((heard.verdict, heard.dir), (Verdict::New, None));
    assert_eq!(lab.ct.len(), 2);
    // TCP's cannot begin one.
    lab.hear_in(7, &to_server(Protocol::TCP, &tcp((9, 80), SYN, (1, 0))));
    let syn_ack = to_client(Protocol::TCP, &tcp((80, 9), SYN | ACK, (5, 2)));
    assert!(matches!(lab.hear_in(8, &syn_ack).verdict, Verdict::Invalid(_)));
    assert_eq!(lab.hear_in(7, &syn_ack).verdict, Verdict::Established);
}

#[test]
fn an_icmp_error_is_looked_up_in_its_own_zone() {
    let mut lab = Lab::new(Config::DEFAULT);
    let unreachable = ip(Protocol::ICMP, ROUTER, CLIENT, &error(3, 1, &asks()));
    let unknown = Verdict::Invalid(Invalid::ErrorUnknown);
    lab.hear_in(7, &asks());
    assert_eq!(lab.hear_in(0, &unreachable).verdict, unknown, "about a connection of zone 7");
    assert_eq!(lab.hear_in(7, &unreachable).verdict, Verdict::Related);
    assert_eq!(lab.hear_in(8, &unreachable).verdict, unknown);
}

#[test]
fn a_connection_is_flushed_in_its_zone_only() {
    let mut lab = Lab::new(Config::DEFAULT);
    lab.hear_in(7, &asks());
    let tuple = read(&asks()).tuple;
    assert!(!lab.ct.flush(lab.now, &tuple, Zone::DEFAULT));
    assert!(lab.ct.flush(lab.now, &tuple, Zone(7)));
    let Step::Ended(ended) = lab.ct.expire(lab.now) else { panic!("it is over") };
    assert_eq!(ended.conn.zone(), Zone(7));
}

#[test]
fn tcp_lives_by_its_policy_and_by_linux_where_that_says_nothing() {
    let mut lab = Lab::under(TimeoutPolicy {
        tcp_syn_sent: 7,
        tcp_syn_sent2: 8,
        tcp_syn_recv: 9,
        tcp_established: 90,
        tcp_close: 3,
        ..TimeoutPolicy::LINUX
    });
    let client = |flags, numbers| to_server(Protocol::TCP, &tcp((3, 80), flags, numbers));
    let server = |flags, numbers| to_client(Protocol::TCP, &tcp((80, 3), flags, numbers));
    assert_eq!(lab.seconds(&client(SYN, (1000, 0))), Some(7));
    assert_eq!(lab.seconds(&server(SYN | ACK, (5000, 1001))), Some(9));
    assert_eq!(lab.seconds(&client(ACK, (1001, 5001))), Some(90));
    let fin = client(TcpFlags::FIN | ACK, (1001, 5001));
    assert_eq!(lab.seconds(&fin), Some(120), "FIN_WAIT is not in the policy");
    assert_eq!(lab.seconds(&client(TcpFlags::RST | ACK, (1002, 5001))), Some(3));
}

#[test]
fn syns_that_cross_have_a_timeout_that_only_a_policy_sets() {
    let config = Config {
        timeouts: TimeoutPolicy { tcp_syn_sent: 50, ..TimeoutPolicy::LINUX },
        ..Config::LINUX
    };
    let by_policy = TimeoutPolicy { tcp_syn_sent2: 8, ..config.timeouts };
    for (policy, seconds) in [(None, 120), (Some(by_policy), 8)] {
        let mut lab = Lab::new(config);
        lab.policy.set(policy);
        lab.template.set(Template { timeouts: PolicyId::at(0), ..Template::NONE });
        let forth = to_server(Protocol::TCP, &tcp((1, 2), SYN, (1000, 0)));
        let back = to_client(Protocol::TCP, &tcp((2, 1), SYN, (5000, 0)));
        assert_eq!(lab.seconds(&forth), Some(50));
        let crossed = lab.hear(&back);
        assert_eq!(crossed.conn.unwrap().state, Some(State::Tcp(TcpState::SynSent2)));
        assert_eq!(crossed.timeout, None, "a SYN in answer to a SYN gives no longer life");
        assert_eq!(lab.seconds(&back), Some(seconds));
        assert_eq!(lab.seconds(&forth), Some(seconds));
    }
}

#[test]
fn each_protocol_lives_by_its_policy() {
    let mut lab = Lab::under(TimeoutPolicy {
        udp: 10,
        udp_stream: 40,
        icmp: 12,
        gre: 13,
        gre_stream: 43,
        generic: 14,
        sctp_closed: 15,
        ..TimeoutPolicy::LINUX
    });
    let init = chunk(1, 0, &[0, 0, 0, 77, 0, 0, 4, 0, 0, 1, 0, 1, 0, 0, 0, 1]);
    let heartbeat = chunk(4, 0, &[0, 1, 0, 4]);
    let gre = [0, 0, 8, 0];
    for (packet, seconds) in [
        (asks(), 10),
        (to_server(Protocol::ICMP, &query(8, 0, 1)), 12),
        (to_server(Protocol::GRE, &gre), 13),
        (to_server(Protocol(50), &[0; 16]), 14),
        (to_server(Protocol::SCTP, &sctp((1, 2), 0, &[init])), 15),
        // nfct 1.4.7 has no name for it: it stays Linux's.
        (to_server(Protocol::SCTP, &sctp((3, 2), 9, &[heartbeat])), 30),
    ] {
        assert_eq!(lab.seconds(&packet), Some(seconds));
    }
    let gre_back = to_client(Protocol::GRE, &gre);
    assert_eq!(lab.seconds(&gre_back), Some(13), "the first answer is to an unanswered one");
    assert_eq!(lab.seconds(&gre_back), Some(43));
    lab.now = lab.now.after(3);
    assert_eq!(lab.seconds(&answers()), Some(10));
    assert_eq!(lab.seconds(&asks()), Some(40));
}

#[test]
fn a_policy_is_for_connections_that_begin_under_it_while_it_is_there() {
    let mut lab = Lab::new(Config::DEFAULT);
    let begun_before = to_server(Protocol::UDP, &udp(1, 7));
    assert_eq!(lab.seconds(&begun_before), Some(30));
    lab.policy.set(Some(TimeoutPolicy { udp: 10, ..TimeoutPolicy::LINUX }));
    lab.template.set(Template { timeouts: PolicyId::at(0), ..Template::NONE });
    assert_eq!(lab.seconds(&begun_before), Some(30), "it began without");
    assert_eq!(lab.seconds(&asks()), Some(10));
    lab.template.set(Template::NONE);
    assert_eq!(lab.seconds(&asks()), Some(10), "no rule need name it again");
    lab.policy.set(None);
    assert_eq!(lab.seconds(&asks()), Some(30), "it is gone");
}
