//! keeptrack's gateway on a Raspberry Pi Pico with two W5500.
//!
//! The keys of its hashes come from the chip's ring oscillator, and from nowhere else: who knows a key
//! can make chains of the table long, so until there are keys there is no table, and the gateway
//! fails as its configuration says.
#![no_std]
#![no_main]

use keeptrack_core::{Instant, SourcePlace, Storage};
use keeptrack_drivers::entropy::Entropy;
use keeptrack_drivers::leds::{Condition, Leds};
use keeptrack_drivers::memory;
use keeptrack_drivers::status::Status;
use keeptrack_gateway::{Gateway, Keys, Memory, Wake};
use keeptrack_w5500::{Buffer, Pins, W5500};
use rp2040_hal::Watchdog;
use rp2040_hal::fugit::MicrosDurationU32;
use rp2040_w5500::pins::{Input, Output};
use rp2040_w5500::reset::Reason;
use rp2040_w5500::spi::SpiBus;
use rp2040_w5500::start::{self, Parts, Wire};
use rp2040_w5500::{clock, irq, ring};
use static_cell::{ConstStaticCell, StaticCell};

/// How many connections the table holds: with these, 32 KB of RAM are left.
const CONNECTIONS: usize = 1500;

/// Frames of a port that are on their way; the chip itself holds 16 KB of them.
const BUFFERS: usize = 4;

/// A gateway that has gone no round for so long is started anew. It sleeps for a second at the most.
const PATIENCE: MicrosDurationU32 = MicrosDurationU32::secs(2);

/// How long readings that are of no use are left alone, in milliseconds: frames are carried meanwhile.
const RETRY_MS: u64 = 100;

static STORAGE: ConstStaticCell<Storage<CONNECTIONS>> = ConstStaticCell::new(Storage::new());

/// One more than there are connections: then no source is ever without a place.
static SOURCES: ConstStaticCell<[SourcePlace; CONNECTIONS + 1]> =
    ConstStaticCell::new([SourcePlace::EMPTY; CONNECTIONS + 1]);

static FRAMES: ConstStaticCell<[[Buffer; BUFFERS]; 2]> =
    ConstStaticCell::new([const { [const { Buffer::EMPTY }; BUFFERS] }; 2]);

static GATEWAY: StaticCell<Gateway<'static>> = StaticCell::new();

static BOARD: StaticCell<Board> = StaticCell::new();

type Port = W5500<SpiBus, Output, Input, fn() -> u32, BUFFERS>;

#[cortex_m_rt::entry]
fn main() -> ! {
    let stack = memory::stack();
    let reason = Reason::take(&stack);
    let status = Status::new(stack);
    match gateway().and_then(|gateway| Board::open(gateway, status, reason)) {
        Some(board) => loop {
            board.start();
            board.work();
        },
        // The clocks did not start; or this is called again, which nobody does.
        None => keeptrack_log::fail(),
    }
}

/// All that there is.
struct Board {
    gateway: &'static mut Gateway<'static>,
    left: Port,
    right: Port,
    leds: Leds<Output>,
    watchdog: Watchdog,
    entropy: Entropy,
    /// When readings for it are taken again.
    next_readings: Instant,
    /// Whether the log has said that there is none.
    is_without_entropy: bool,
    /// What the table will lie in, until there is one.
    memory: Option<Memory<'static>>,
    status: Status,
}

impl Board {
    /// None when the clocks do not start, or when this is called again.
    #[inline(never)] // What it needs of the stack is free again when it is done.
    fn open(
        gateway: &'static mut Gateway<'static>,
        status: Status,
        reason: Reason,
    ) -> Option<&'static mut Self> {
        let Parts { mut watchdog, left, right, lamps } = start::parts()?;
        defmt::info!("reset: {}", reason);
        watchdog.start(PATIENCE);
        let [frames_left, frames_right] = FRAMES.try_take()?;
        let memory =
            Memory { connections: STORAGE.try_take()?.lend(), sources: SOURCES.try_take()? };
        BOARD.try_init_with(|| Self {
            gateway,
            left: port(left, frames_left),
            right: port(right, frames_right),
            leds: Leds::new(lamps),
            watchdog,
            entropy: Entropy::new(),
            next_readings: Instant::default(),
            is_without_entropy: false,
            memory: Some(memory),
            status,
        })
    }

    /// A round: carries frames, and sleeps when there are no more.
    #[inline(never)] // As above.
    fn work(&mut self) {
        self.watchdog.feed();
        clock::acknowledge();
        irq::acknowledge();
        let now = clock::now();
        let wake = self.gateway.poll(now, &mut self.left, &mut self.right);
        if now >= self.leds.next() {
            self.leds.show(now, &Condition::of(self.gateway));
        }
        self.status.log(now);
        if let Wake::At(moment) = wake {
            self.sleep(moment);
        }
    }

    /// Makes the table as soon as there are keys for it.
    fn start(&mut self) {
        if self.memory.is_some()
            && let Some(keys) = self.keys()
            && let Some(memory) = self.memory.take()
            && let Err(why) = self.gateway.start(memory, keys)
        {
            defmt::error!("no table: {}", why);
        }
    }

    /// The keys, once there is enough to make them of.
    #[inline(never)] // What it needs of the stack is free again when it is done.
    fn keys(&mut self) -> Option<Keys> {
        let now = clock::now();
        if now < self.next_readings {
            return None;
        }
        match self.entropy.add(&ring::readings()) {
            Ok(keys) => keys,
            Err(why) => {
                if !self.is_without_entropy {
                    defmt::warn!("no entropy, {}: without keys there are no rules", why);
                }
                self.is_without_entropy = true;
                self.next_readings = Instant::from_millis(now.as_millis().saturating_add(RETRY_MS));
                None
            }
        }
    }

    /// Sleeps until a port goes on, unless one can at once or keys are wanted; until `moment` at the
    /// latest.
    fn sleep(&mut self, moment: Instant) {
        if self.memory.is_none() && self.left.may_sleep() && self.right.may_sleep() {
            clock::set_alarm(moment.min(self.status.next()).min(self.leds.next()));
            irq::sleep();
        }
    }
}

#[inline(never)] // As above.
fn gateway() -> Option<&'static mut Gateway<'static>> {
    GATEWAY.try_init_with(|| Gateway::waiting(memory::config()))
}

fn port(wire: Wire, frames: &'static mut [Buffer; BUFFERS]) -> Port {
    let pins = Pins { reset: wire.reset, interrupt: wire.interrupt };
    W5500::open(wire.bus, pins, clock::counter, frames)
}
