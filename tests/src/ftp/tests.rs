//! What the text says, of our tracker; and what no text can say.

use keeptrack_core::raw::{Helper, PolicyId, Raw, RawVerdict, Template};
use keeptrack_core::{
    Config, Conntrack, CtState, HelperDrop, HelperSlot, Helpers, Instant, LinkType, NoHelpers,
    Packet, Refuse, Restored, Seed, State, Stats, Status, Step, TcpState, TimeoutPolicy, Tracked,
};
use proptest::prelude::{any, prop, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};

use super::segment::{At, Family, Side, segment};
use super::{lines, ours, play, scenes};
use crate::memory::Owned;

#[test]
fn every_line_is_read_as_linux_reads_it() {
    let mut ours = ours().unwrap();
    let lines = lines().unwrap();
    assert!(lines.len() > 150);
    let differences = lines.iter().filter_map(|line| line.difference(&mut ours).unwrap());
    assert_eq!(differences.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn every_scene_is_played_as_linux_plays_it() {
    let mut ours = ours().unwrap();
    let scenes = scenes().unwrap();
    assert!(scenes.len() > 30);
    let differences = scenes.iter().flat_map(|scene| play(scene, &mut ours).unwrap());
    assert_eq!(differences.collect::<Vec<_>>(), [""; 0]);
}

/// A rule that gives every connection a helper.
struct All;

impl Raw for All {
    fn classify(&mut self, _packet: &Packet<'_>) -> RawVerdict {
        RawVerdict::Track(Template { helper: Some(Helper::Ftp), ..Template::NONE })
    }

    fn timeouts(&self, _id: PolicyId) -> Option<&TimeoutPolicy> {
        None
    }
}

type Tracker = Conntrack<Owned, Refuse, All, Helpers<Vec<HelperSlot>>>;

/// A tracker that listens to all connections.
struct Lab {
    ct: Tracker,
    now: Instant,
}

const FIRST: [u32; 2] = [1000, 5000];

impl Lab {
    /// With room for so many connections that have a helper, and so many that are expected.
    fn new(slot_count: usize, expect_max: usize) -> Self {
        let helpers = Helpers::new(vec![HelperSlot::EMPTY; slot_count], expect_max);
        let ct = Conntrack::new(Owned::new(16), Config::DEFAULT, Seed([3; 16])).unwrap();
        let ct = ct.on_full(Refuse).with_rules(All).with_helpers(helpers);
        Self { ct, now: Instant::from_millis(1000) }
    }

    /// Passes a segment of the control connection from that port: what it is, and why a helper
    /// drops it.
    fn pass(&mut self, port: u16, side: Side, at: At, text: &[u8]) -> Answer {
        let [client, server] =
            [(Side::Client, port), (Side::Server, 21)].map(|(side, port)| (address(side), port));
        let ends = if side == Side::Client { (client, server) } else { (server, client) };
        self.hear(&segment(ends, at, text))
    }

    fn hear(&mut self, frame: &[u8]) -> Answer {
        self.hear_cut(frame, 0)
    }

    /// Passes a frame of which the capture has left out so many bytes at the end.
    fn hear_cut(&mut self, frame: &[u8], cut_len: u32) -> Answer {
        while !matches!(self.ct.expire(self.now), Step::Idle) {}
        let packet = Packet::parse_cut(LinkType::Raw, frame, cut_len).unwrap();
        match self.ct.track(self.now, &packet) {
            Tracked::First(first) => {
                let state = first.state();
                first.confirm().unwrap();
                (Some(state), None)
            }
            Tracked::Known { state, change, .. } => (Some(state), change.dropped),
            _ => (None, None),
        }
    }

    /// Opens a control connection on which both sides have said a line; each goes on at 7 more.
    fn open(&mut self, port: u16) {
        let [client, server] = FIRST;
        self.pass(port, Side::Client, At { seq: client - 1, ack: 0, flags: "S" }, b"");
        self.pass(port, Side::Server, At { seq: server - 1, ack: client, flags: "SA" }, b"");
        self.pass(port, Side::Server, At { seq: server, ack: client, flags: "A" }, b"220 x\r\n");
        self.pass(port, Side::Client, At { seq: client, ack: server, flags: "A" }, b"USER\r\n");
    }

    /// The server announces a port, in its second line.
    fn passive(&mut self, port: u16, announced: u8) -> Option<HelperDrop> {
        let text = format!("227 192,0,2,2,0,{announced}\r\n");
        let at = At { seq: FIRST[1] + 7, ack: FIRST[0], flags: "A" };
        self.pass(port, Side::Server, at, text.as_bytes()).1
    }

    /// What the first packet of a connection to that port of the server is.
    fn first(&mut self, port: u16) -> Option<CtState> {
        let ends = ((address(Side::Client), 50_000 + port), (address(Side::Server), port));
        self.hear(&segment(ends, At { seq: 1, ack: 0, flags: "S" }, b"")).0
    }
}

type Answer = (Option<CtState>, Option<HelperDrop>);

fn address(side: Side) -> std::net::IpAddr {
    side.address(Family::V4)
}

/// Made, met, gone.
fn expectations(stats: &Stats) -> [u64; 3] {
    [stats.expect_create, stats.expect_new, stats.expect_delete]
}

/// Measured: what a SYN carries ends no line, what a SYN/ACK carries does, by a number that leaves
/// the SYN itself out.
#[test]
fn nothing_is_read_before_an_answer() {
    let mut lab = Lab::new(1, 1);
    let [client, server] = FIRST;
    for _ in 0..2 {
        lab.pass(1, Side::Client, At { seq: client, ack: 0, flags: "S" }, b"USER\r\n");
    }
    let answer = At { seq: server, ack: client + 1, flags: "SA" };
    lab.pass(1, Side::Server, answer, b"220 x\r\n");
    let line = At { seq: client + 6, ack: server + 1, flags: "A" };
    lab.pass(1, Side::Client, line, b"PORT 192,0,2,1,0,80\r\n");
    assert_eq!(lab.ct.expectations().count(), 0);
    let line = At { seq: server + 7, ack: client + 1, flags: "A" };
    lab.pass(1, Side::Server, line, b"227 192,0,2,2,0,80\r\n");
    assert_eq!(lab.ct.expectations().count(), 1);
}

/// Linux's timer for it is as coarse as 16 s: it went between 300 and 316 s, measured.
#[test]
fn it_is_expected_for_300_seconds() {
    for (seconds, state, counted) in
        [(299, CtState::Related, [1, 1, 1]), (300, CtState::New, [1, 0, 1])]
    {
        let mut lab = Lab::new(4, 4);
        lab.open(1);
        lab.passive(1, 80);
        lab.now = lab.now.after(seconds);
        assert_eq!(lab.first(80), Some(state), "{seconds}");
        assert_eq!(expectations(lab.ct.stats()), counted, "{seconds}");
    }
}

/// As /proc/net/stat/nf_conntrack counts them.
#[test]
fn expectations_are_counted_and_listed() {
    let mut lab = Lab::new(4, 4);
    lab.open(1);
    lab.passive(1, 80);
    lab.now = lab.now.after(2);
    let listed: Vec<_> = lab.ct.expectations().collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].tuple.to_string(), "src=192.0.2.1 dst=192.0.2.2 sport=0 dport=80");
    assert_eq!(listed[0].master.to_string(), "src=192.0.2.1 dst=192.0.2.2 sport=1 dport=21");
    assert_eq!(listed[0].expiry.since(lab.now), 298_000);
    lab.passive(1, 80);
    assert_eq!(expectations(lab.ct.stats()), [2, 0, 1], "the same again");
    lab.passive(1, 81);
    assert_eq!(expectations(lab.ct.stats()), [3, 0, 2], "another one");
    lab.first(81);
    assert_eq!(expectations(lab.ct.stats()), [3, 1, 3], "met");
    let conn = lab.ct.iter().find(|conn| conn.status().has(Status::EXPECTED)).unwrap();
    assert_eq!(conn.helper(), None, "whoever is expected has no helper");
    assert_eq!(lab.ct.iter().filter(|conn| conn.helper() == Some(Helper::Ftp)).count(), 1);
}

#[test]
fn what_a_control_connection_has_announced_goes_with_it() {
    let mut lab = Lab::new(1, 4);
    lab.open(1);
    lab.passive(1, 80);
    let tuple = lab.ct.iter().next().unwrap().tuple(keeptrack_core::Direction::Original);
    assert!(lab.ct.flush(lab.now, &tuple, keeptrack_core::Zone::DEFAULT));
    assert_eq!(lab.first(80), Some(CtState::New));
    assert_eq!(expectations(lab.ct.stats()), [1, 0, 1]);
    // Its place is free again.
    lab.open(2);
    assert_eq!((lab.passive(2, 80), lab.ct.stats().helper_full), (None, 1), "port 80 has one, too");
}

/// Linux drops the packet that announces one too many, with 4,096 of them, measured; and makes room
/// for that of a connection whose older announcement goes.
#[test]
fn a_full_table_of_expectations_drops_what_announces_more() {
    let mut lab = Lab::new(4, 1);
    for port in [1, 2] {
        lab.open(port);
    }
    assert_eq!(lab.passive(1, 80), None);
    assert_eq!(lab.passive(2, 81), Some(HelperDrop::ExpectFull));
    assert_eq!(lab.passive(1, 82), None);
    assert_eq!(lab.first(82), Some(CtState::Related));
    assert_eq!(lab.passive(2, 81), None);
    assert_eq!(lab.ct.stats().helper_drop_by(HelperDrop::ExpectFull), 1);
    assert_eq!(lab.ct.stats().helper_drop_count(), 1);
}

#[test]
fn a_connection_without_room_for_a_helper_has_none() {
    let mut lab = Lab::new(1, 4);
    lab.open(1);
    lab.open(2);
    assert_eq!(lab.passive(2, 80), None);
    assert_eq!((lab.ct.expectations().count(), lab.ct.stats().helper_full), (0, 1));
    assert_eq!(lab.ct.iter().filter(|conn| conn.helper().is_some()).count(), 1);

    let ct = Conntrack::new(Owned::<u16>::new(2), Config::DEFAULT, Seed([3; 16])).unwrap();
    let mut ct = ct.with_rules(All).with_helpers(NoHelpers);
    let ends = ((address(Side::Client), 1), (address(Side::Server), 21));
    let syn = segment(ends, At { seq: 1, ack: 0, flags: "S" }, b"");
    let packet = Packet::parse(LinkType::Raw, &syn).unwrap();
    let Tracked::First(first) = ct.track(Instant::default(), &packet) else { panic!() };
    assert_eq!(first.confirm().unwrap().conn.helper(), None);
}

/// Wherever the capture cuts a line, it is not read; that is counted.
#[test]
fn what_the_capture_has_cut_is_not_read() {
    let ends = ((address(Side::Server), 21), (address(Side::Client), 1));
    let at = At { seq: FIRST[1] + 7, ack: FIRST[0], flags: "A" };
    let whole = segment(ends, at, b"227 192,0,2,2,0,80\r\n");
    for len in 40..whole.len() {
        let mut lab = Lab::new(1, 1);
        lab.open(1);
        let cut_len = u32::try_from(whole.len() - len).unwrap();
        let answer = lab.hear_cut(&whole[..len], cut_len);
        assert_eq!(answer, (Some(CtState::Established), None));
        assert_eq!((lab.ct.expectations().count(), lab.ct.stats().helper_cut), (0, 1), "{len}");
    }
}

/// As a connection that conntrackd hands to a kernel: its first segments are taken to begin a line.
#[test]
fn a_restored_connection_is_listened_to_at_once() {
    let mut lab = Lab::new(1, 1);
    let ends = ((address(Side::Client), 1), (address(Side::Server), 21));
    let packet = segment(ends, At { seq: 1, ack: 1, flags: "A" }, b"");
    let mut open = Restored::new(Packet::parse(LinkType::Raw, &packet).unwrap().tuple, 60);
    open.state = Some(State::Tcp(TcpState::Established));
    open.status = Status::SEEN_REPLY | Status::ASSURED | Status::HELPER;
    assert!(lab.ct.restore(lab.now, &open).unwrap().conn.helper().is_some());
    let at = At { seq: 70, ack: 90, flags: "A" };
    lab.pass(1, Side::Client, at, b"PORT 192,0,2,1,0,80\r\n");
    assert_eq!(lab.ct.expectations().count(), 1);
    lab.pass(1, Side::Client, At { seq: 7000, ..at }, b"PORT 192,0,2,1,0,81\r\n");
    assert_eq!(lab.ct.stats().expect_create, 1, "and not again");
}

/// Lines of FTP that are bent, and noise.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let lines = lines().unwrap().into_iter().map(|line| line.text).collect::<Vec<_>>();
    let bent = (prop::sample::select(lines), any::<prop::sample::Index>(), any::<u8>());
    let bent = bent.prop_map(|(mut line, at, byte)| {
        let at = at.index(line.len());
        line[at] = byte;
        line
    });
    prop_oneof![bent, prop::collection::vec(any::<u8>(), 1..80)]
}

proptest! {
    /// Whatever the two sides of a few connections say, and whatever is expected of it.
    #[test]
    fn what_is_made_is_there_or_gone(
        said in prop::collection::vec(
            (1_u16..4, prop_oneof![Just(Side::Client), Just(Side::Server)], text(), 0_u32..200),
            1..60,
        ),
    ) {
        let mut lab = Lab::new(2, 1);
        let mut places = [FIRST.map(|place| place + 6); 4];
        for port in 1..4 {
            lab.open(port);
        }
        for (port, side, text, seconds) in said {
            lab.now = lab.now.after(seconds);
            let [seq, ack] = match (side, places[usize::from(port)]) {
                (Side::Client, places) => places,
                (Side::Server, [client, server]) => [server + 1, client],
            };
            let (_, dropped) = lab.pass(port, side, At { seq, ack, flags: "A" }, &text);
            if dropped.is_none() {
                places[usize::from(port)][side as usize] += u32::try_from(text.len()).unwrap();
            }
            let (stats, expected) = (lab.ct.stats(), lab.ct.expectations().count() as u64);
            assert!(expected <= 1);
            assert_eq!(stats.expect_create - stats.expect_delete, expected);
        }
    }
}
