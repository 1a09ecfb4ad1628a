//! keeptrack's gateway on QEMU's riscv32 `virt` machine: a bridge of two virtio network ports.
//!
//! The keys of its hashes come from a virtio entropy device, and from nowhere else: who knows a key
//! can make chains of the table long, so until it has given enough there is no table, and the gateway
//! fails as its configuration says.
#![no_std]
#![no_main]

use keeptrack_core::{Instant, SourcePlace, Storage};
use keeptrack_drivers::memory;
use keeptrack_drivers::status::Status;
use keeptrack_drivers::virtio::{Entropy, EntropyMemory, Kind, Network, NetworkMemory};
use keeptrack_gateway::{Gateway, Memory, Wake};
use riscv_virt::slots::{self, Slot};
use riscv_virt::{clock, guard, irq};
use static_cell::{ConstStaticCell, StaticCell};

/// How many connections the table holds: what fits beside the ports and the stack.
const CONNECTIONS: usize = 3240;

/// Places of a port's queues, and its buffers.
const QUEUE_LEN: usize = 16;

/// How long the source of entropy may take before the log says that it does, in seconds.
const PATIENCE: u32 = 1;

static STORAGE: ConstStaticCell<Storage<CONNECTIONS>> = ConstStaticCell::new(Storage::new());

/// One more than there are connections: then no source is ever without a place.
static SOURCES: ConstStaticCell<[SourcePlace; CONNECTIONS + 1]> =
    ConstStaticCell::new([SourcePlace::EMPTY; CONNECTIONS + 1]);

static PORTS: ConstStaticCell<[NetworkMemory<QUEUE_LEN>; 2]> =
    ConstStaticCell::new([const { NetworkMemory::new() }; 2]);

static ENTROPY: ConstStaticCell<EntropyMemory> = ConstStaticCell::new(EntropyMemory::new());

static GATEWAY: StaticCell<Gateway<'static>> = StaticCell::new();

type Port = Network<Slot, QUEUE_LEN>;

#[riscv_rt::entry]
fn main() -> ! {
    guard::start();
    let status = Status::new(memory::stack());
    match Board::open(status) {
        Some(mut board) => loop {
            board.work();
        },
        None => {
            defmt::error!("the machine has fewer than two network devices");
            keeptrack_log::fail()
        }
    }
}

/// All that there is.
struct Board {
    gateway: &'static mut Gateway<'static>,
    left: Port,
    right: Port,
    source: Option<Entropy<Slot>>,
    /// What the table will lie in, until there is one.
    memory: Option<Memory<'static>>,
    patience: Option<Instant>,
    status: Status,
}

impl Board {
    /// None when a device is missing, or when this is called again.
    #[inline(never)] // Its copies of the gateway leave the stack.
    fn open(status: Status) -> Option<Self> {
        let gateway = GATEWAY.try_init_with(|| Gateway::waiting(memory::config()))?;
        let [left, right] = PORTS.try_take()?;
        let mut nics = slots::devices(Kind::Network);
        let mut open = |memory| {
            let (device, line) = nics.next()?;
            irq::enable(line);
            Some(Network::open(device, memory))
        };
        let (left, right) = (open(left)?, open(right)?);
        let source = slots::devices(Kind::Entropy).next().zip(ENTROPY.try_take());
        let source = source.map(|((device, line), memory)| {
            irq::enable(line);
            Entropy::open(device, memory)
        });
        let memory =
            Memory { connections: STORAGE.try_take()?.lend(), sources: SOURCES.try_take()? };
        let now = clock::now();
        Some(Self {
            gateway,
            left,
            right,
            source,
            memory: Some(memory),
            patience: Some(now.after(PATIENCE)),
            status,
        })
    }

    /// A round: carries frames, and sleeps when there are no more.
    fn work(&mut self) {
        let now = clock::now();
        self.start(now);
        let wake = self.gateway.poll(now, &mut self.left, &mut self.right);
        self.status.log(now);
        if let Wake::At(moment) = wake {
            self.sleep(moment);
        }
    }

    /// Makes the table as soon as there are keys for it.
    fn start(&mut self, now: Instant) {
        if self.memory.is_none() {
            return;
        }
        if let Some(keys) = self.source.as_mut().and_then(|source| source.poll(now)) {
            if let Some(memory) = self.memory.take()
                && let Err(why) = self.gateway.start(memory, keys)
            {
                defmt::error!("no table: {}", why);
            }
            self.patience = None;
        } else if self.patience.take_if(|moment| now >= *moment).is_some() {
            defmt::warn!("no entropy yet: without keys there are no rules");
        }
    }

    /// Sleeps until a device has something, unless one has it already; until `moment` at the latest.
    ///
    /// A device raises an interrupt only for what comes after the program has asked for it. So the
    /// ports are looked at once more, after that, before the processor stops.
    fn sleep(&mut self, moment: Instant) {
        let moment = self.patience.map_or(moment, |patience| moment.min(patience));
        clock::set_alarm(moment.min(self.status.next()));
        let may_sleep = [self.left.may_sleep(), self.right.may_sleep()];
        if may_sleep == [true; 2] {
            irq::sleep();
        }
        self.left.awake();
        self.right.awake();
        while let Some(line) = irq::claim() {
            self.left.acknowledge();
            self.right.acknowledge();
            if let Some(source) = &mut self.source {
                source.acknowledge();
            }
            irq::complete(line);
        }
    }
}
