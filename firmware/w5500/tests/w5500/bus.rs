//! Two buses: one that waits, and one that moves frames byte by byte while time goes by.

use embedded_hal::spi::{Error, ErrorKind, ErrorType, Operation, SpiDevice};
use keeptrack_w5500::{Blocking, Bus, Direction, Finished, Registers, Transfer};

use crate::bench::{Bench, Health, Shared};

/// The chip at one side as embedded-hal has it.
pub(crate) struct Device {
    pub(crate) bench: Shared,
    pub(crate) side: usize,
}

#[derive(Debug)]
pub(crate) struct Broken;

impl Error for Broken {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Device {
    type Error = Broken;
}

impl SpiDevice for Device {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Broken> {
        let mut bench = self.bench.borrow_mut();
        if bench.buses[self.side] == Health::Fails {
            return Err(Broken);
        }
        bench.chips[self.side].select();
        for operation in operations {
            match operation {
                Operation::Read(bytes) => {
                    for byte in bytes.iter_mut() {
                        *byte = exchange(&mut bench, self.side, 0);
                    }
                }
                Operation::Write(bytes) => {
                    for byte in bytes.iter() {
                        exchange(&mut bench, self.side, *byte);
                    }
                }
                Operation::TransferInPlace(bytes) => {
                    for byte in bytes.iter_mut() {
                        *byte = exchange(&mut bench, self.side, *byte);
                    }
                }
                Operation::Transfer(..) | Operation::DelayNs(_) => panic!("nobody asks for it"),
            }
        }
        bench.chips[self.side].deselect();
        Ok(())
    }
}

fn exchange(bench: &mut Bench, side: usize, mosi: u8) -> u8 {
    let miso = bench.chips[side].exchange(mosi);
    bench.register_bytes[side] += 1;
    let nanos = bench.byte_nanos;
    bench.elapse(nanos);
    miso
}

/// A bus as a board with DMA has it.
pub(crate) struct Dma {
    device: Device,
    registers: Blocking<Device>,
    moving: Option<Moving>,
}

struct Moving {
    transfer: Transfer,
    from: u64,
    moved: usize,
}

impl Dma {
    pub(crate) fn new(bench: &Shared, side: usize) -> Self {
        let device = || Device { bench: bench.clone(), side };
        Self { device: device(), registers: Blocking::new(device()), moving: None }
    }
}

impl Registers for Dma {
    type Error = Broken;

    fn read(&mut self, address: u16, block: u8, bytes: &mut [u8]) -> Result<(), Broken> {
        assert!(self.moving.is_none(), "registers are read during a transfer");
        self.registers.read(address, block, bytes)
    }

    fn write(&mut self, address: u16, block: u8, bytes: &[u8]) -> Result<(), Broken> {
        assert!(self.moving.is_none(), "registers are written during a transfer");
        self.registers.write(address, block, bytes)
    }
}

impl Bus for Dma {
    fn start(&mut self, mut transfer: Transfer) {
        assert!(self.moving.is_none(), "two transfers at once");
        assert_eq!(transfer.bytes().as_ptr().addr() % 4, 3, "the frame is not aligned");
        let mut bench = self.device.bench.borrow_mut();
        let from = bench.now_nanos;
        let len = transfer.bytes().len() as u64;
        let is_well = bench.buses[self.device.side] != Health::Hangs;
        bench.transfer_ends[self.device.side] = is_well.then_some(from + len * bench.byte_nanos);
        bench.chips[self.device.side].select();
        self.moving = Some(Moving { transfer, from, moved: 0 });
    }

    fn finish(&mut self) -> Option<Finished<Broken>> {
        let mut moving = self.moving.take()?;
        let mut bench = self.device.bench.borrow_mut();
        let side = self.device.side;
        if bench.buses[side] == Health::Hangs {
            self.moving = Some(moving);
            return None;
        }
        let passed = (bench.now_nanos - moving.from) / bench.byte_nanos;
        let is_read = moving.transfer.direction() == Direction::Read;
        let bytes = moving.transfer.bytes();
        let due = usize::try_from(passed).unwrap_or(usize::MAX).min(bytes.len());
        for byte in &mut bytes[moving.moved..due] {
            let miso = bench.chips[side].exchange(*byte);
            if is_read {
                *byte = miso;
            }
        }
        moving.moved = due;
        if due < bytes.len() {
            self.moving = Some(moving);
            return None;
        }
        bench.frame_bytes[side] += due as u64;
        bench.transfer_ends[side] = None;
        bench.chips[side].deselect();
        let outcome = if bench.buses[side] == Health::Fails { Err(Broken) } else { Ok(()) };
        Some(Finished { transfer: moving.transfer, outcome })
    }

    fn abort(&mut self) -> Option<Transfer> {
        let mut bench = self.device.bench.borrow_mut();
        bench.transfer_ends[self.device.side] = None;
        bench.chips[self.device.side].deselect();
        self.moving.take().map(|moving| moving.transfer)
    }
}
