//! Very many frames between ports of all manners.

use keeptrack_core::{Instant, Seed, SourcePlace, Storage};
use keeptrack_gateway::{BURST, Gateway, Keys, Memory, Reason, Side, Wake};
use keeptrack_tools::frames::{Churn, Frame};

use super::ports::{BUFFERS, Manners, Mock};

/// Far fewer slots than connections.
const SLOTS: usize = 256;

/// More calls of a port than these no round needs: as many frames as a burst has are received at
/// one port, sent or recycled at the other, and as many as it holds are reclaimed and recycled.
const CALLS: usize = 2 * (2 * BURST + 2 * BUFFERS + 2);

/// Rounds beyond those that each carry a frame: for the table, and for what is on its way.
const ROUNDS: usize = 100;

/// Frames that hosts say to gateways whose ports are joined.
const JOINED: usize = 2_000;

/// A gateway between two ports, and its clock.
struct Bench<'m> {
    gateway: Gateway<'m>,
    ports: [Mock; 2],
    now_ms: u64,
}

impl<'m> Bench<'m> {
    fn new(
        manners: Manners,
        storage: &'m mut Storage<SLOTS>,
        sources: &'m mut [SourcePlace],
    ) -> Self {
        let mut gateway = Gateway::waiting(&[]);
        let keys = Keys { table: Seed([7; 16]), sources: Seed([8; 16]) };
        let memory = Memory { connections: storage.lend(), sources };
        gateway.start(memory, keys).expect("there are slots");
        let ports = Side::BOTH.map(|side| Mock::new(side, manners));
        Self { gateway, ports, now_ms: 1_000_000 }
    }

    fn poll(&mut self) -> Wake {
        let [left, right] = &mut self.ports;
        let wake = self.gateway.poll(Instant::from_millis(self.now_ms), left, right);
        for port in &mut self.ports {
            assert!(port.call_count <= CALLS, "{} calls in a round", port.call_count);
            port.call_count = 0;
        }
        wake
    }

    /// Feeds frames in portions, with rounds and time between them.
    fn feed(&mut self, frames: impl Iterator<Item = Frame>) {
        for (frame, number) in frames.zip(0_u64..) {
            self.ports[frame.side as usize].incoming.push_back(frame.bytes);
            if number % 24 == 0 {
                self.now_ms += 7;
                let _ = self.poll();
            }
        }
        self.settle();
    }

    /// Rounds with ports that behave, until there is nothing more to do.
    fn settle(&mut self) {
        for port in &mut self.ports {
            port.behave(Manners::default());
        }
        // The links are looked at once a second.
        self.now_ms += 1_000;
        let mut wake = Wake::Now;
        let waiting: usize = self.ports.iter().map(|port| port.incoming.len()).sum();
        for _ in 0..ROUNDS + waiting {
            wake = self.poll();
            if wake != Wake::Now {
                break;
            }
        }
        assert_ne!(wake, Wake::Now, "it finds no end");
        // What was sent in the last round has left now.
        let _ = self.poll();
        assert!(self.ports.iter().all(|port| port.incoming.is_empty()), "frames are left lying");
    }

    /// That each frame is counted once, and each buffer is at home.
    fn assert_all_accounted_for(&self) {
        for side in Side::BOTH {
            let (from, to) = (&self.ports[side as usize], &self.ports[side.other() as usize]);
            let counts = self.gateway.counts().port(side);
            let dropped: u64 = Reason::ALL.iter().map(|why| counts.dropped(*why)).sum();
            assert_eq!(counts.received, from.received_count);
            assert_eq!(counts.received, counts.forwarded + dropped, "{counts:?}");
            assert_eq!(counts.forwarded, to.outgoing.len() as u64);
            assert_eq!(counts.dropped(Reason::Busy), to.refused_count);
            from.assert_all_home();
        }
    }
}

/// Runs that many frames between ports of these manners, and hands over the bench.
fn soaked(frame_count: usize, manners: Manners, check: impl FnOnce(&mut Bench<'_>)) {
    let mut storage = Box::new(Storage::<SLOTS>::new());
    let mut sources = vec![SourcePlace::EMPTY; SLOTS + 1];
    let mut bench = Bench::new(manners, &mut storage, &mut sources);
    bench.feed(Churn::new(1).take(frame_count));
    bench.assert_all_accounted_for();
    check(&mut bench);
}

/// What a gateway dropped for that reason.
fn dropped(bench: &Bench<'_>, why: Reason) -> u64 {
    Side::BOTH.iter().map(|side| bench.gateway.counts().port(*side).dropped(why)).sum()
}

#[test]
fn good_ports_carry_all_that_rules_let_pass_and_the_table_is_full_all_the_time() {
    soaked(200_000, Manners::default(), |bench| {
        let table = bench.gateway.table().unwrap();
        assert!(table.stats().early_drop > 10_000, "{:?}", table.stats());
        assert_eq!(dropped(bench, Reason::Busy), 0, "there is a place for each buffer");
        assert!(dropped(bench, Reason::Unreadable) > 0);
        assert!(dropped(bench, Reason::Filter) > 0);
    });
}

#[test]
fn ports_that_refuse_and_dawdle_lose_frames_and_no_buffer() {
    let manners = Manners { refuses: 20, lingers: 50, dawdles: 10, is_down: 0 };
    soaked(100_000, manners, |bench| assert!(dropped(bench, Reason::Busy) > 1_000));
}

#[test]
fn a_port_that_sends_nothing_for_long_runs_the_other_dry_and_both_go_on_afterwards() {
    let stuck = Manners { lingers: 100, ..Manners::default() };
    soaked(5_000, stuck, |bench| {
        bench.feed(Churn::new(2).take(5_000));
        bench.assert_all_accounted_for();
        assert!(bench.gateway.counts().port(Side::Left).forwarded > 1_000);
    });
}

#[test]
fn links_that_come_and_go_cost_what_was_on_its_way() {
    let manners = Manners { is_down: 30, ..Manners::default() };
    soaked(100_000, manners, |bench| assert!(dropped(bench, Reason::NoLink) > 1_000));
}

/// A switch joins both ports: what its hosts say comes in at both, and what goes out at one comes
/// back at the other.
#[test]
fn ports_that_are_joined_outside_do_not_carry_a_frame_for_ever() {
    soaked(0, Manners::default(), |bench| {
        let mut carried = 0;
        for frame in Churn::new(3).take(JOINED) {
            for port in &mut bench.ports {
                port.incoming.push_back(frame.bytes.clone());
            }
            for _ in 0..4 {
                bench.now_ms += 1;
                let _ = bench.poll();
                let [left, right] = &mut bench.ports;
                carried += left.outgoing.len() + right.outgoing.len();
                left.incoming.extend(right.outgoing.drain(..));
                right.incoming.extend(left.outgoing.drain(..));
            }
        }
        assert!(carried <= JOINED, "{carried} of {JOINED} frames");
        assert!(dropped(bench, Reason::Looped) > 100);
    });
}
