//! The model as a WebAssembly module: one chip an instance, and one buffer for bytes in and out.

use core::arch::wasm32::unreachable;
use core::cell::UnsafeCell;
use core::panic::PanicInfo;

use crate::{Chip, Fault, Level, Link};

/// What any SPI frame and any Ethernet frame fits.
const BUFFER_LEN: usize = 32 << 10;

/// What [`next_event`] says when nothing happens by itself.
const NEVER: u32 = u32::MAX;

static INSTANCE: Alone = Alone(UnsafeCell::new((Chip::new(), [0; BUFFER_LEN])));

/// All that there is of an instance.
struct Alone(UnsafeCell<(Chip, [u8; BUFFER_LEN])>);

// SAFETY: an instance of the module has no second thread.
unsafe impl Sync for Alone {}

/// Where bytes and frames are given and taken: 32 KB.
// SAFETY, here and below: no other function of the module has the name.
#[unsafe(no_mangle)]
extern "C" fn buffer() -> *const u8 {
    with_buffer(|_, buffer| buffer.as_ptr())
}

/// SCSn: 1 is low, and begins a frame; 0 ends it.
#[unsafe(no_mangle)]
extern "C" fn select(is_low: u32) {
    with_chip(|chip| if is_low == 0 { chip.deselect() } else { chip.select() });
}

/// A byte each way.
#[unsafe(no_mangle)]
extern "C" fn exchange(mosi: u8) -> u8 {
    with_chip(|chip| chip.exchange(mosi))
}

/// The first `len` bytes of the buffer, each way.
#[unsafe(no_mangle)]
extern "C" fn exchange_in_place(len: usize) {
    with_buffer(|chip, buffer| {
        if let Some(bytes) = buffer.get_mut(..len) {
            chip.exchange_in_place(bytes);
        }
    });
}

/// 1 while INTn is low.
#[unsafe(no_mangle)]
extern "C" fn is_interrupting() -> u32 {
    with_chip(|chip| chip.is_interrupting().into())
}

/// RSTn: 1 is low.
#[unsafe(no_mangle)]
extern "C" fn set_reset(is_low: u32) {
    let level = if is_low == 0 { Level::High } else { Level::Low };
    with_chip(|chip| chip.set_reset(level));
}

/// The wire: 1 is somebody at its other end.
#[unsafe(no_mangle)]
extern "C" fn set_link(is_up: u32) {
    let link = if is_up == 0 { Link::Down } else { Link::Up };
    with_chip(|chip| chip.set_link(link));
}

/// The first `len` bytes of the buffer come in as a frame; 0 when it is lost.
#[unsafe(no_mangle)]
extern "C" fn deliver(len: usize) -> u32 {
    with_buffer(|chip, buffer| buffer.get(..len).is_some_and(|frame| chip.deliver(frame)).into())
}

/// The length of the frame that has gone out, which is in the buffer; 0 when there is none.
#[unsafe(no_mangle)]
extern "C" fn take_sent() -> usize {
    with_buffer(|chip, buffer| {
        let frame = chip.take_sent().unwrap_or(&[]);
        for (place, &byte) in buffer.iter_mut().zip(frame) {
            *place = byte;
        }
        frame.len()
    })
}

/// 1 while a frame is on the wire.
#[unsafe(no_mangle)]
extern "C" fn is_sending() -> u32 {
    with_chip(|chip| chip.is_sending().into())
}

/// Nanoseconds go by.
#[unsafe(no_mangle)]
extern "C" fn elapse(nanos: u32) {
    with_chip(|chip| chip.elapse(nanos));
}

/// Nanoseconds until the chip does something by itself.
#[unsafe(no_mangle)]
extern "C" fn next_event() -> u32 {
    with_chip(|chip| chip.next_event().unwrap_or(NEVER))
}

/// A fault by its number; 0 ends those that last. The answer is 0 when there is no such fault.
#[unsafe(no_mangle)]
extern "C" fn fault(number: u32, argument: u32) -> u32 {
    let [low, second, ..] = argument.to_le_bytes();
    let word = u16::from_le_bytes([low, second]);
    let fault = match number {
        1 => Some(Fault::ResetsItself),
        2 => Some(Fault::LiesAboutLength(word)),
        3 => Some(Fault::LiesAboutSize(word)),
        4 => Some(Fault::FillsFifo),
        5 => Some(Fault::DelaysCommand(argument)),
        6 => Some(Fault::ForgetsSent),
        7 => Some(Fault::Unplugged(low)),
        8 => Some(Fault::Garbles(argument)),
        9 => Some(Fault::Hangs),
        10 => Some(Fault::Overflows),
        11 => Some(Fault::TurnsBit),
        _ => None,
    };
    with_chip(|chip| match fault {
        Some(fault) => chip.fault(fault),
        None => chip.mend(),
    });
    (fault.is_some() || number == 0).into()
}

/// How often the driver did what the datasheet forbids.
#[unsafe(no_mangle)]
extern "C" fn misuse_count() -> u32 {
    with_chip(|chip| chip.misuse_count())
}

fn with_chip<T>(work: impl FnOnce(&mut Chip) -> T) -> T {
    with_buffer(|chip, _| work(chip))
}

fn with_buffer<T>(work: impl FnOnce(&mut Chip, &mut [u8; BUFFER_LEN]) -> T) -> T {
    // SAFETY: only exported functions come here, each once, and none of them calls another; whoever
    // has the buffer's address touches it between their calls.
    let (chip, buffer) = unsafe { &mut *INSTANCE.0.get() };
    work(chip, buffer)
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    unreachable()
}
