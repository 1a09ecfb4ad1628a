//! keeptrack's gateway on Arm's MPS2 board with a Cortex-M3: a bridge of two VLANs of one trunk.
//!
//! The keys of its hashes come from how the clocks of the processor and of the Ethernet chip run
//! apart, and from nowhere else: who knows a key can make chains of the table long, so until there
//! are keys there is no table, and the gateway fails as its configuration says.
#![no_std]
#![no_main]

use keeptrack_core::{Instant, SourcePlace, Storage};
use keeptrack_drivers::entropy::Entropy;
use keeptrack_drivers::lan9118::Lan9118;
use keeptrack_drivers::memory;
use keeptrack_drivers::status::Status;
use keeptrack_drivers::trunk::{Buffer, Trunk, TrunkPort, VlanId};
use keeptrack_gateway::{Gateway, Memory, Wake};
use mps2_an385::ethernet::{CHIP, Chip};
use mps2_an385::{clock, clocks, irq};
use static_cell::{ConstStaticCell, StaticCell};

/// How many connections the table holds: what fits beside the buffers and the stack.
const CONNECTIONS: usize = 696;

/// Frames on their way: those of one port while the other is served.
const BUFFERS: usize = 8;

/// The VLANs of the trunk that are eth0 and eth1.
const VLANS: [VlanId; 2] = match [VlanId::new(10), VlanId::new(20)] {
    [Some(left), Some(right)] => [left, right],
    _ => panic!("the number of a VLAN is 1 to 4094"),
};

static STORAGE: ConstStaticCell<Storage<CONNECTIONS>> = ConstStaticCell::new(Storage::new());

/// One more than there are connections: then no source is ever without a place.
static SOURCES: ConstStaticCell<[SourcePlace; CONNECTIONS + 1]> =
    ConstStaticCell::new([SourcePlace::EMPTY; CONNECTIONS + 1]);

static FRAMES: ConstStaticCell<[Buffer; BUFFERS]> =
    ConstStaticCell::new([const { Buffer::EMPTY }; BUFFERS]);

static TRUNK: StaticCell<Ports> = StaticCell::new();

static GATEWAY: StaticCell<Gateway<'static>> = StaticCell::new();

type Ports = Trunk<'static, Lan9118<Chip>, BUFFERS>;
type Port = TrunkPort<'static, 'static, Lan9118<Chip>, BUFFERS>;

#[cortex_m_rt::entry]
fn main() -> ! {
    let status = Status::new(memory::stack());
    clock::start();
    irq::start();
    match Board::open(status) {
        Some(mut board) => loop {
            board.work();
        },
        // Nothing else has taken what it takes.
        None => keeptrack_log::fail(),
    }
}

/// All that there is.
struct Board {
    gateway: &'static mut Gateway<'static>,
    trunk: &'static Ports,
    left: Port,
    right: Port,
    entropy: Entropy,
    /// Whether the log has said that there is none.
    is_without_entropy: bool,
    /// What the table will lie in, until there is one.
    memory: Option<Memory<'static>>,
    status: Status,
}

impl Board {
    /// None when this is called again.
    #[inline(never)] // What it needs of the stack is free again when it is done.
    fn open(status: Status) -> Option<Self> {
        let gateway = GATEWAY.try_init_with(|| Gateway::waiting(memory::config()))?;
        let mut chip = Lan9118::new(CHIP);
        if let Err(why) = chip.start() {
            defmt::error!("no network: {}", why);
        }
        let frames = FRAMES.try_take()?;
        let trunk: &Ports = TRUNK.try_init_with(|| Trunk::new(chip, VLANS, frames))?;
        let [left, right] = trunk.ports();
        let memory =
            Memory { connections: STORAGE.try_take()?.lend(), sources: SOURCES.try_take()? };
        Some(Self {
            gateway,
            trunk,
            left,
            right,
            entropy: Entropy::new(),
            is_without_entropy: false,
            memory: Some(memory),
            status,
        })
    }

    /// A round: carries frames, and sleeps when there are no more.
    fn work(&mut self) {
        clock::acknowledge();
        self.trunk.acknowledge();
        irq::acknowledge();
        self.start();
        let now = clock::now();
        let wake = self.gateway.poll(now, &mut self.left, &mut self.right);
        self.status.log(now);
        if let Wake::At(moment) = wake {
            self.sleep(moment);
        }
    }

    /// Makes the table as soon as there are keys for it.
    fn start(&mut self) {
        if self.memory.is_none() {
            return;
        }
        match self.entropy.add(&clocks::readings()) {
            Ok(None) => {}
            Ok(Some(keys)) => {
                if let Some(memory) = self.memory.take()
                    && let Err(why) = self.gateway.start(memory, keys)
                {
                    defmt::error!("no table: {}", why);
                }
            }
            Err(why) => {
                if !self.is_without_entropy {
                    defmt::warn!("no entropy, {}: without keys there are no rules", why);
                }
                self.is_without_entropy = true;
            }
        }
    }

    /// Sleeps until a frame comes in, unless there is one or keys are wanted; until `moment` at the
    /// latest.
    fn sleep(&mut self, moment: Instant) {
        if self.memory.is_none() && !self.trunk.has_frame() {
            clock::set_alarm(moment.min(self.status.next()));
            irq::sleep();
        }
    }
}
