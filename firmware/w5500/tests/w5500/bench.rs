//! Two chips, and the one clock of everything.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use keeptrack_w5500_model::{Chip, Level};

/// A byte at 31.25 MHz.
pub(crate) const BYTE_NANOS: u64 = 256;

/// When everything begins: a clock of microseconds wraps 3 seconds later.
const START_NANOS: u64 = ((1 << u32::BITS) - 3_000_000) * 1_000;

/// What the ports share, as wires and time are shared.
pub(crate) type Shared = Rc<RefCell<Bench>>;

pub(crate) struct Bench {
    pub(crate) chips: [Box<Chip>; 2],
    pub(crate) now_nanos: u64,
    /// What has gone out at each chip.
    pub(crate) sent: [Vec<Vec<u8>>; 2],
    /// Bytes that each bus has moved for registers, and for frames.
    pub(crate) register_bytes: [u64; 2],
    pub(crate) frame_bytes: [u64; 2],
    /// When the transfer of each bus ends.
    pub(crate) transfer_ends: [Option<u64>; 2],
    /// What each INTn does, whatever its chip says.
    pub(crate) interrupts: [Line; 2],
    /// What each RSTn does, whatever its pin says.
    pub(crate) resets: [Line; 2],
    /// What each bus does.
    pub(crate) buses: [Health; 2],
    /// What a byte takes on a bus.
    pub(crate) byte_nanos: u64,
    /// What comes in at a chip by itself, whatever else is done meanwhile.
    pub(crate) floods: [Option<Flood>; 2],
}

/// The same frame, again and again.
pub(crate) struct Flood {
    pub(crate) frame: Vec<u8>,
    pub(crate) period_nanos: u64,
    pub(crate) next_nanos: u64,
    /// So many more.
    pub(crate) left: usize,
    /// How many were not lost.
    pub(crate) taken_count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Wired,
    Stuck(Level),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Well,
    /// Every access fails.
    Fails,
    /// A transfer begins, and does not end.
    Hangs,
}

impl Bench {
    pub(crate) fn new() -> Shared {
        Rc::new(RefCell::new(Self {
            chips: [(); 2].map(|()| Box::new(Chip::new())),
            now_nanos: START_NANOS,
            sent: Default::default(),
            register_bytes: [0; 2],
            frame_bytes: [0; 2],
            transfer_ends: [None; 2],
            interrupts: [Line::Wired; 2],
            resets: [Line::Wired; 2],
            buses: [Health::Well; 2],
            byte_nanos: BYTE_NANOS,
            floods: [None, None],
        }))
    }

    /// Time goes by, and frames go out.
    pub(crate) fn elapse(&mut self, nanos: u64) {
        let end = self.now_nanos + nanos;
        while self.now_nanos < end {
            let event = self.chips.iter().filter_map(|chip| chip.next_event()).min();
            let until = end.min(self.next_arrival().unwrap_or(end));
            let left = u32::try_from(until - self.now_nanos).unwrap_or(u32::MAX);
            let step = event.map_or(left, |event| event.min(left));
            self.now_nanos += u64::from(step);
            for (chip, sent) in self.chips.iter_mut().zip(&mut self.sent) {
                chip.elapse(step);
                sent.extend(chip.take_sent().map(<[u8]>::to_vec));
            }
            self.arrive();
        }
    }

    /// When the next frame of a flood comes in.
    fn next_arrival(&self) -> Option<u64> {
        let floods = self.floods.iter().flatten().filter(|flood| flood.left > 0);
        floods.map(|flood| flood.next_nanos.max(self.now_nanos)).min()
    }

    fn arrive(&mut self) {
        for (chip, flood) in self.chips.iter_mut().zip(&mut self.floods) {
            if let Some(flood) = flood
                && flood.left > 0
                && flood.next_nanos <= self.now_nanos
            {
                flood.left -= 1;
                flood.next_nanos += flood.period_nanos;
                flood.taken_count += usize::from(chip.deliver(&flood.frame));
            }
        }
    }

    /// As a counter of a board has it: it wraps.
    pub(crate) fn now_micros(&self) -> u32 {
        let wrapped = self.now_nanos / 1_000 % (1 << u32::BITS);
        u32::try_from(wrapped).unwrap_or_default()
    }

    pub(crate) fn is_interrupting(&self, side: usize) -> bool {
        match self.interrupts[side] {
            Line::Wired => self.chips[side].is_interrupting(),
            Line::Stuck(level) => level == Level::Low,
        }
    }

    /// Sleeps: until a transfer ends or an INTn falls, and no longer than until `end`.
    pub(crate) fn sleep(&mut self, end: u64) {
        let before = [0, 1].map(|side| self.is_interrupting(side));
        while self.now_nanos < end {
            let ends = self.transfer_ends.iter().zip(self.buses);
            let ends = ends.filter(|(_, health)| *health != Health::Hangs);
            let until = ends
                .filter_map(|(end, _)| *end)
                .chain([end])
                .min()
                .unwrap_or(end)
                .max(self.now_nanos);
            let until = until.min(self.next_arrival().unwrap_or(until));
            let event = self.chips.iter().filter_map(|chip| chip.next_event()).min();
            let step = event.map_or(u64::MAX, u64::from).min(until - self.now_nanos);
            if step == 0 && self.next_arrival() == Some(self.now_nanos) {
                self.arrive();
                continue;
            }
            if step == 0 {
                return;
            }
            self.elapse(step);
            if (0..2).any(|side| self.is_interrupting(side) && !before[side]) {
                return;
            }
        }
    }
}

/// A pin of the chip at one side.
pub(crate) struct Pin {
    pub(crate) bench: Shared,
    pub(crate) side: usize,
}

impl Pin {
    fn reset(&self, level: Level) {
        let mut bench = self.bench.borrow_mut();
        if bench.resets[self.side] == Line::Wired {
            bench.chips[self.side].set_reset(level);
        }
    }
}

impl ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.reset(Level::Low);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.reset(Level::High);
        Ok(())
    }
}

impl InputPin for Pin {
    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(self.bench.borrow().is_interrupting(self.side))
    }

    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(!self.bench.borrow().is_interrupting(self.side))
    }
}
