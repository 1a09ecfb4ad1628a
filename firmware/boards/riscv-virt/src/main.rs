//! keeptrack's gateway on QEMU's riscv32 `virt` machine: a bridge of two virtio network ports.
#![no_std]
#![no_main]

mod clock;
mod console;
mod entropy;
mod fault;
mod full;
mod irq;
mod mmio;
mod net;
mod selfcheck;
mod virtio;

use core::convert::Infallible;
use core::mem::size_of;
use core::sync::atomic::{Ordering, fence};

use keeptrack_core::fragment::Follow;
use keeptrack_core::{Class, Config, Conntrack, IfName, Instant, Lent, NoHelpers, Storage};
use keeptrack_gateway::log::Log;
use keeptrack_gateway::{Action, ended, forward};
use static_cell::ConstStaticCell;
use virtio_drivers::transport::DeviceType;

use fault::Fault;
use net::{Buffer, Port, QUEUE_LEN};
use virtio::Device;

/// How many connections the table holds.
const CONNECTIONS: usize = 1024;

/// How many datagrams may come in parts at once.
const FOLLOWED: usize = 16;

/// How often the log says how full the table is, in seconds.
const STATUS_INTERVAL: u32 = 10;

static STORAGE: ConstStaticCell<Storage<CONNECTIONS>> = ConstStaticCell::new(Storage::new());

static BUFFERS: ConstStaticCell<[[Buffer; QUEUE_LEN]; 2]> =
    ConstStaticCell::new([const { [const { Buffer::EMPTY }; QUEUE_LEN] }; 2]);

#[riscv_rt::entry]
fn main() -> ! {
    let Err(fault) = run();
    defmt::error!("stopped: {}", fault);
    console::exit()
}

fn run() -> Result<Infallible, Fault> {
    selfcheck::run()?;
    // Frames come over a wire here: whoever sent them has finished their check sums.
    let config = Config { checksum: true, ..Config::DEFAULT };
    let [key, sources_key] = entropy::keys()?;
    let admin = Class::at(0).ok_or(Fault::NoClass)?;
    let mut gateway = Gateway {
        ct: Conntrack::new(STORAGE.take().lend(), config, key)?
            .with_fragments(Follow::new())
            .on_full(full::policy(sources_key))
            .with_rules(full::rules(admin)?)
            .reserve(admin, full::RESERVED)?,
        log: Log::default(),
    };
    let [left_buffers, right_buffers] = BUFFERS.take();
    let mut nics = virtio::devices(DeviceType::Network);
    let mut left = open(b"eth0", nics.next(), left_buffers)?;
    let mut right = open(b"eth1", nics.next(), right_buffers)?;
    defmt::info!(
        "boot: {=usize} connections of {=usize} bytes and {=usize} for all, {=usize} frames of \
         {=usize} bytes a port",
        gateway.ct.capacity(),
        keeptrack_core::bytes_an_entry::<u16>(),
        keeptrack_core::bytes_a_table::<u16>(),
        QUEUE_LEN,
        size_of::<Buffer>(),
    );
    let mut next_status = clock::now();
    loop {
        let now = clock::now();
        gateway.expire(now);
        gateway.relay(now, &mut left, &mut right)?;
        gateway.relay(now, &mut right, &mut left)?;
        if now >= next_status {
            gateway.status();
            next_status = now.after(STATUS_INTERVAL);
        }
        let wake = gateway.ct.next_expiry().map_or(next_status, |expiry| expiry.min(next_status));
        clock::set_alarm(wake);
        sleep(&mut left, &mut right);
    }
}

/// The table, and what is said of it.
struct Gateway {
    ct: Conntrack<Lent<'static>, full::Policy, full::Rules, NoHelpers, Follow<FOLLOWED>>,
    log: Log,
}

impl Gateway {
    /// Logs the connections that have run out.
    fn expire(&mut self, now: Instant) {
        for ended in ended(now, &mut self.ct) {
            self.log.ended(now, &ended);
        }
    }

    /// Logs how full the table is, and how large it would have had to be.
    fn status(&self) {
        self.log.status(&self.ct);
        let (.., ghost) = self.ct.policy();
        defmt::info!("{=usize} slots would have been enough for all", ghost.would_need());
    }

    /// Carries what came in at `from`: at most as many frames as a queue holds, so that the other
    /// direction has its turn.
    fn relay(&mut self, now: Instant, from: &mut Port, to: &mut Port) -> Result<(), Fault> {
        while let Some(buffer) = to.sent()? {
            from.fill(buffer)?;
        }
        for _ in 0..QUEUE_LEN {
            let Some(frame) = from.receive()? else { break };
            let action = forward(now, from.name(), frame.bytes(), &mut self.ct);
            self.log.action(now, &action);
            match action {
                Action::Forward(_) => to.send(frame)?,
                Action::Drop(_) => from.fill(frame.into_buffer())?,
            }
        }
        Ok(())
    }
}

fn open(
    name: &[u8],
    nic: Option<Device>,
    buffers: &'static mut [Buffer; QUEUE_LEN],
) -> Result<Port, Fault> {
    match (IfName::new(name), nic) {
        (Some(name), Some(nic)) => Port::open(name, nic, buffers),
        _ => Err(Fault::NoPort),
    }
}

/// Sleeps until a port or the alarm has something, unless a port has it already.
///
/// A device raises an interrupt only for what comes after the program has told it that it has seen
/// all the rest. So the ports are asked once more, behind a fence, before the processor stops.
fn sleep(left: &mut Port, right: &mut Port) {
    fence(Ordering::SeqCst);
    if !left.has_work() && !right.has_work() {
        irq::sleep();
    }
    while let Some(line) = irq::claim() {
        left.acknowledge();
        right.acknowledge();
        irq::complete(line);
    }
}
