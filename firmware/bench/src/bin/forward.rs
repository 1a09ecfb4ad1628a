//! Counts what a forwarded frame takes in the gateway: with tracking, by its built-in rules, less what
//! it takes without.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use keeptrack_bench::frame::{ACK, Family, Flow, Frame, SYN, Segment, Sender};
use keeptrack_bench::report::say;
use keeptrack_bench::stopwatch::Stopwatch;
use keeptrack_core::{
    Config, Conntrack, Instant, Invalid, LinkType, Packet, Seed, SourcePlace, Storage, Tracked,
};
use keeptrack_gateway::{Faults, Gateway, Keys, LinkState, Memory, Port};

const SLOTS: usize = 48;

/// The head of a configuration that is none, of a gateway that then lets everything pass.
static OPEN: [u8; 16] = *b"KTGW\x01\x00\x0f\x0f\0\0\0\0\0\0\0\0";

/// The longest frame without its check sequence.
const LONGEST: usize = 1514;

#[entry]
fn main() -> ! {
    static mut STORAGE: Storage<SLOTS> = Storage::new();
    static mut SOURCES: [SourcePlace; SLOTS + 1] = [SourcePlace::EMPTY; SLOTS + 1];
    static mut CHECKED: Storage<1> = Storage::new();
    let watch = Stopwatch::start();
    let mut bench = Bench { watch, now: Instant::from_millis(1_000_000) };
    let gateway = &mut Gateway::waiting(&OPEN);
    let off = bench.frames(gateway);
    *gateway = Gateway::waiting(&[]);
    let memory = Memory { connections: STORAGE.lend(), sources: SOURCES };
    let keys = Keys { table: Seed([7; 16]), sources: Seed([8; 16]) };
    if gateway.start(memory, keys).is_err() {
        semihosting::process::exit(3);
    }
    let on = bench.frames(gateway);
    for ((name, on), off) in ["forward-64", "forward-1514"].into_iter().zip(on).zip(off) {
        say(name, on.saturating_sub(off));
    }
    say("checksum-1514", bench.checksum(CHECKED));
    semihosting::process::exit(0)
}

struct Bench {
    watch: Stopwatch,
    now: Instant,
}

impl Bench {
    /// The most that a round takes with a short frame of an open connection, and with a long one.
    fn frames(&mut self, gateway: &mut Gateway<'_>) -> [u32; 2] {
        let flow = Flow { family: Family::V4, client: 1, port: 40_000 };
        let syn = Segment { flags: SYN, seq: 100, ack: 0, options: &[], payload_len: 0 };
        let syn_ack = Segment { flags: SYN | ACK, seq: 300, ack: 101, ..syn };
        let ack = Segment { flags: ACK, seq: 101, ack: 301, options: &[], payload_len: 10 };
        self.round(gateway, flow.tcp(Sender::Client, &syn).bytes(), Sender::Client);
        self.round(gateway, flow.tcp(Sender::Server, &syn_ack).bytes(), Sender::Server);
        self.round(gateway, flow.tcp(Sender::Client, &ack).bytes(), Sender::Client);
        let data = Segment { seq: 111, ..ack };
        let short = self.round(gateway, flow.tcp(Sender::Client, &data).bytes(), Sender::Client);
        let data = Segment { seq: 121, ..ack };
        let long = lengthened(&flow.tcp(Sender::Client, &data));
        [short, self.round(gateway, &long, Sender::Client)]
    }

    /// What it takes to verify the check sum of a long packet, and to refuse it: it is wrong.
    fn checksum(&mut self, storage: &mut Storage<1>) -> u32 {
        let config = Config { checksum: true, ..Config::DEFAULT };
        let Ok(mut table) = Conntrack::new(storage.lend(), config, Seed([7; 16])) else { return 0 };
        let flow = Flow { family: Family::V4, client: 1, port: 40_000 };
        let ack = Segment { flags: ACK, seq: 101, ack: 301, options: &[], payload_len: 10 };
        let long = lengthened(&flow.tcp(Sender::Client, &ack));
        let Ok(packet) = &Packet::parse(LinkType::Ethernet, &long) else { return 0 };
        let (is_wrong, ticks) = self.watch.ticks(|| {
            let tracked = table.track(self.now, packet);
            matches!(tracked, Tracked::Invalid { why: Invalid::Checksum, .. })
        });
        if is_wrong { ticks } else { 0 }
    }

    /// What a round takes that carries a frame, from the client's port on the left or from the
    /// server's on the right.
    fn round(&mut self, gateway: &mut Gateway<'_>, frame: &[u8], sender: Sender) -> u32 {
        let (mut left, mut right) = (Wire::default(), Wire::default());
        // The status and the links are looked at by the first round of some seconds.
        _ = gateway.poll(self.now, &mut left, &mut right);
        match sender {
            Sender::Client => left.comes = Some(frame),
            Sender::Server => right.comes = Some(frame),
        }
        let (_, ticks) = self.watch.ticks(|| gateway.poll(self.now, &mut left, &mut right));
        let is_carried = match sender {
            Sender::Client => right.goes.is_some(),
            Sender::Server => left.goes.is_some(),
        };
        if !is_carried {
            semihosting::process::exit(4);
        }
        ticks
    }
}

/// The same segment with as much payload as there is room for.
fn lengthened(frame: &Frame) -> [u8; LONGEST] {
    let mut long = [0; LONGEST];
    for (place, byte) in long.iter_mut().zip(frame.bytes()) {
        *place = *byte;
    }
    let [.., high, low] = 1500_u32.to_be_bytes();
    (long[16], long[17]) = (high, low);
    long
}

/// A port whose frames lie in memory.
#[derive(Debug, Default)]
struct Wire<'f> {
    comes: Option<&'f [u8]>,
    goes: Option<&'f [u8]>,
}

impl<'f> Port for Wire<'f> {
    type Frame = &'f [u8];

    fn link(&mut self) -> LinkState {
        LinkState::Up
    }

    fn receive(&mut self) -> Option<&'f [u8]> {
        self.comes.take()
    }

    fn transmit(&mut self, frame: &'f [u8]) -> Result<(), &'f [u8]> {
        self.goes = Some(frame);
        Ok(())
    }

    fn reclaim(&mut self) -> Option<&'f [u8]> {
        None
    }

    fn recycle(&mut self, _frame: &'f [u8]) {}

    fn faults(&self) -> Faults {
        Faults::default()
    }
}
