//! A peer at work, packet by packet, through the loop of a replay.

mod limits;
mod scan;
mod scenarios;

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;

use keeptrack_core::{
    Change, Config, Conn, Conntrack, Direction, Ends, Helpers, LinkType, Packet, Seed, TcpConfig,
    Why,
};

use super::{Keys, Peer, build};
use crate::front::Stamp;
use crate::lane::{Lane, Room};
use crate::memory::{Heap, helper_slots};
use crate::on_full::Policy;
use crate::rules;
use crate::settings::Settings;
use crate::stage::Stage;
use crate::verdict::{Left, Report, Rule, Verdict, What};

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const FIN_ACK: u8 = 0x11;

/// A peer at work.
struct Bench {
    lane: Lane,
    told: Told,
    now_ms: u64,
}

/// What a replay tells.
#[derive(Default)]
struct Told {
    /// What the last packet came to.
    last: Option<(&'static str, Rule)>,
    entry_count: usize,
    /// By source port, who had to make room, and why.
    victims: Vec<(u16, Rule)>,
    /// By source port, who is in the table, and when it was heard of last.
    present: BTreeMap<u16, (Conn, u64)>,
}

impl Bench {
    fn new(name: &str, typed: &str, max: usize) -> Self {
        let keys = Keys::parse(typed).unwrap();
        Self::of(build(name, &keys, max).unwrap().unwrap())
    }

    /// That peer at work, on a table of core's that has a thousand slots at the most.
    fn of(peer: Box<dyn Peer>) -> Self {
        let slot_count = peer.slots().min(1000);
        let tcp = TcpConfig { be_liberal: true, ..TcpConfig::DEFAULT };
        let config = Config { tcp, checksum: false, ..Config::LINUX };
        let limits = Settings::load(&[]).unwrap().fragments();
        let ct = Conntrack::new(Heap::new(slot_count).unwrap(), config, Seed([7; 16]))
            .unwrap()
            .with_helpers(Helpers::new(helper_slots(0).unwrap(), 0))
            .on_full::<Policy>(crate::on_full::Spec::linux().build_unlimited().policy)
            .with_rules(rules::load(&[], &[], &config.timeouts, rules::Known::default()).unwrap())
            .with_fragments(Stage::as_linux(limits));
        let lane = Lane::new((ct, Room::Fixed), Some(peer), None);
        Self { lane, told: Told::default(), now_ms: 0 }
    }

    fn at(&mut self, now_ms: u64) -> &mut Self {
        self.now_ms = now_ms;
        self
    }

    /// Passes a packet with that header above IPv4, and says what it came to.
    fn pass(&mut self, [source, destination]: [u8; 2], protocol: u8, above: &[u8]) -> &'static str {
        let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
        bytes.extend(Ipv4Addr::new(192, 0, 2, source).octets());
        bytes.extend(Ipv4Addr::new(192, 0, 2, destination).octets());
        bytes.extend(above);
        bytes[3] = u8::try_from(bytes.len()).unwrap();
        let packet = Packet::parse(LinkType::Raw, &bytes).unwrap();
        let now_ns = self.now_ms * 1_000_000;
        let stamp = Stamp { index: 0, time_ns: now_ns, now_ns };
        self.lane.pass(stamp, &Ok(packet), &mut self.told).unwrap();
        self.told.last.unwrap().0
    }

    /// A datagram of host 1 from that port to host 2.
    fn udp(&mut self, port: u16) -> &'static str {
        self.udp_to(2, port)
    }

    fn udp_to(&mut self, destination: u8, port: u16) -> &'static str {
        let [high, low] = port.to_be_bytes();
        self.pass([1, destination], 17, &[high, low, 0, 53, 0, 8, 0, 0])
    }

    /// A segment of host 1 from that port to host 2.
    fn tcp(&mut self, port: u16, flags: u8) -> &'static str {
        self.pass([1, 2], 6, &segment([port, 80], flags))
    }

    /// A segment back.
    fn answer(&mut self, port: u16, flags: u8) -> &'static str {
        self.pass([2, 1], 6, &segment([80, port], flags))
    }

    fn open(&mut self, port: u16) -> &'static str {
        let began = self.tcp(port, SYN);
        self.answer(port, SYN | ACK);
        self.tcp(port, ACK);
        began
    }

    fn rule(&self) -> Rule {
        self.told.last.unwrap().1
    }

    /// Who had to make room since the last call.
    fn victims(&mut self) -> Vec<(u16, Rule)> {
        std::mem::take(&mut self.told.victims)
    }
}

fn segment([source, destination]: [u16; 2], flags: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(source.to_be_bytes());
    bytes.extend(destination.to_be_bytes());
    let seq = u32::from(flags & SYN == 0);
    bytes.extend(seq.to_be_bytes());
    bytes.extend(u32::from(flags & ACK != 0).to_be_bytes());
    bytes.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    bytes
}

fn port(conn: &Conn) -> u16 {
    match conn.tuple(Direction::Original).ends {
        Ends::Ports { source, .. } => source,
        _ => 0,
    }
}

impl Report for Told {
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()> {
        self.entry_count = verdict.entry_count;
        if let What::New(conn, _) | What::Known(_, _, conn, Change { timeout: Some(_), .. }) =
            verdict.what
        {
            self.present.insert(port(&conn), (conn, verdict.time_ns / 1_000_000));
        }
        self.last = Some(match verdict.what {
            What::Refused(_, rule) => ("refused", rule),
            What::Bypassed(_, rule) => ("bypassed", rule),
            what => (what.name(), ""),
        });
        Ok(())
    }

    fn ended(&mut self, left: &Left<'_>) -> io::Result<()> {
        let port = port(&left.ended.conn);
        self.present.remove(&port);
        if left.ended.why == Why::DroppedEarly {
            self.victims.push((port, left.rule));
        }
        Ok(())
    }
}
