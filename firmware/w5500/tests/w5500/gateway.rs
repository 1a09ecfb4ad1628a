//! A gateway that lets everything pass, and sleeps whenever its ports let it.

use std::{array, iter};

use keeptrack_gateway::{Faults, LinkState, Port};
use keeptrack_w5500::{Blocking, Buffer, Bus, Clock, Pins, W5500};

use crate::bench::{Bench, Pin, Shared};
use crate::bus::{Device, Dma};

/// The buffers of a port: few, as on a small board.
pub(crate) const BUFFERS: usize = 4;

/// What a round of a gateway takes the processor.
const ROUND_NANOS: u64 = 10_000;

/// From one look at the links to the next.
const SECOND_NANOS: u64 = 1_000_000_000;

/// A frame is on its way for no longer: it is not for a look at the link that it is found.
const SOON_NANOS: u64 = 50_000_000;

type Time = Box<dyn FnMut() -> u32>;

pub(crate) struct Gateway<B> {
    pub(crate) bench: Shared,
    pub(crate) ports: [W5500<B, Pin, Pin, Time, BUFFERS>; 2],
    pub(crate) links: [LinkState; 2],
    /// What a port had no room for.
    pub(crate) refused_count: usize,
    /// Whether it has slept while an INTn was low and its bus free.
    has_overslept: bool,
    next_look: u64,
}

/// One with buses that move frames by themselves.
pub(crate) fn with_dma() -> Gateway<Dma> {
    started(Dma::new)
}

/// One with buses that wait.
pub(crate) fn with_blocking() -> Gateway<Blocking<Device>> {
    started(|bench, side| Blocking::new(Device { bench: bench.clone(), side }))
}

fn started<B: Bus>(bus: impl Fn(&Shared, usize) -> B) -> Gateway<B> {
    let mut gateway = Gateway::new(bus);
    gateway.run_for(2 * SECOND_NANOS);
    assert_eq!(gateway.links, [LinkState::Up; 2]);
    gateway
}

/// A frame that tells its number. No two bytes of it are the length of a frame.
pub(crate) fn frame(number: u32, len: usize) -> Vec<u8> {
    let mut state = number;
    let parts = [0, 7, 14, 21].map(|shift| number >> shift);
    let rest = iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 24
    });
    let bytes = parts.into_iter().chain(rest);
    bytes.take(len).map(|byte| byte.to_le_bytes()[0] | 0x80).collect()
}

/// The number that it tells.
pub(crate) fn number(frame: &[u8]) -> Option<u32> {
    let parts = frame.first_chunk::<4>()?.map(|part| u32::from(part & 0x7f));
    Some(parts.into_iter().rev().fold(0, |number, part| number << 7 | part))
}

/// What [`Gateway::is_well`] carries.
pub(crate) fn farewell() -> Vec<Vec<u8>> {
    (0..20).map(|number| frame(number, 60 + 40 * number as usize)).collect()
}

impl<B: Bus> Gateway<B> {
    pub(crate) fn new(bus: impl Fn(&Shared, usize) -> B) -> Self {
        let bench = Bench::new();
        let ports = array::from_fn(|side| {
            let buffers = Box::leak(Box::new([const { Buffer::EMPTY }; BUFFERS]));
            let pin = || Pin { bench: bench.clone(), side };
            let of_clock = bench.clone();
            let clock: Time = Box::new(move || of_clock.borrow().now_micros());
            let pins = Pins { reset: pin(), interrupt: pin() };
            W5500::open(bus(&bench, side), pins, clock, buffers)
        });
        let links = [LinkState::Down; 2];
        Self { bench, ports, links, refused_count: 0, has_overslept: false, next_look: 0 }
    }

    /// A round, and sleep for no longer than until `end`.
    pub(crate) fn round(&mut self, end: u64) {
        let now = self.now();
        if now >= self.next_look {
            self.links = self.ports.each_mut().map(Port::link);
            self.next_look = now + SECOND_NANOS;
        }
        let [left, right] = &mut self.ports;
        self.refused_count += relay(left, right, self.links[1]);
        self.refused_count += relay(right, left, self.links[0]);
        self.bench.borrow_mut().elapse(ROUND_NANOS);
        // Both are asked, as each does what it has to do by that.
        let may_sleep = self.ports.each_mut().map(W5500::may_sleep);
        if may_sleep == [true; 2] {
            let bench = self.bench.borrow();
            let is_free = |side: usize| bench.transfer_ends[side].is_none();
            self.has_overslept |= (0..2).any(|side| bench.is_interrupting(side) && is_free(side));
            drop(bench);
            self.bench.borrow_mut().sleep(self.next_look.min(end));
        }
    }

    pub(crate) fn run_for(&mut self, nanos: u64) {
        let end = self.now() + nanos;
        while self.now() < end {
            self.round(end);
        }
    }

    /// Frames come in at both sides, as fast as the FIFOs have room; and have gone out soon.
    pub(crate) fn carry(&mut self, frames: [&[Vec<u8>]; 2]) {
        let mut waiting = frames.map(<[_]>::iter).map(Iterator::peekable);
        let mut end = self.now() + SOON_NANOS;
        self.has_overslept = false;
        let first = [0, 1].map(|side| self.bench.borrow().sent[side].len());
        let want = [first[0] + frames[1].len(), first[1] + frames[0].len()];
        while [0, 1].map(|side| self.bench.borrow().sent[side].len()) != want {
            let faults = [0, 1].map(|side| self.faults(side));
            assert!(self.now() < end, "{want:?} from {first:?}: {faults:?}");
            for (side, waiting) in waiting.iter_mut().enumerate() {
                while waiting.next_if(|frame| self.deliver(side, frame)).is_some() {
                    end = self.now() + SOON_NANOS;
                }
            }
            self.round(end);
        }
        assert!(!self.has_overslept);
        for (side, first) in first.into_iter().enumerate() {
            assert!(self.bench.borrow().sent[side][first..] == *frames[1 - side], "at {side}");
        }
    }

    /// All is well: frames go both ways, and each port has all its buffers.
    pub(crate) fn is_well(&mut self) {
        self.run_for(3 * SECOND_NANOS);
        assert_eq!(self.links, [LinkState::Up; 2]);
        let frames = farewell();
        self.carry([&frames, &frames]);
        self.run_for(SOON_NANOS);
        for side in [0, 1] {
            for _ in 0..=BUFFERS {
                assert!(self.deliver(side, &frames[0]));
            }
            let held: Vec<_> = (0..200)
                .filter_map(|_| {
                    self.bench.borrow_mut().elapse(ROUND_NANOS);
                    self.ports[side].receive()
                })
                .collect();
            assert_eq!(held.len(), BUFFERS, "side {side} has lost buffers");
            for frame in held {
                self.ports[side].recycle(frame);
            }
            self.run_for(SOON_NANOS);
        }
    }

    pub(crate) fn deliver(&self, side: usize, frame: &[u8]) -> bool {
        self.bench.borrow_mut().chips[side].deliver(frame)
    }

    pub(crate) fn faults(&self, side: usize) -> Faults {
        self.ports[side].faults()
    }

    /// How often the drivers did what the datasheet forbids.
    pub(crate) fn misuse_count(&self) -> u32 {
        self.bench.borrow().chips.iter().map(|chip| chip.misuse_count()).sum()
    }

    fn now(&self) -> u64 {
        self.bench.borrow().now_nanos
    }
}

/// As the gateway's loop does it.
fn relay<P: Port>(from: &mut P, to: &mut P, link: LinkState) -> usize {
    while let Some(frame) = to.reclaim() {
        from.recycle(frame);
    }
    let mut refused_count = 0;
    for _ in 0..16 {
        let Some(frame) = from.receive() else { break };
        let address = frame.as_ref().as_ptr().addr();
        assert_eq!(address % 4, 2, "an IP header is not aligned");
        let sent = if link == LinkState::Up { to.transmit(frame) } else { Err(frame) };
        if let Err(frame) = sent {
            from.recycle(frame);
            refused_count += 1;
        }
    }
    refused_count
}

/// Clocks are given as what the driver asks for.
const _: fn(&mut Time) -> u32 = <Time as Clock>::now_us;
