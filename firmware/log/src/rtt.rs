//! The log's way to a debug probe: RTT, a ring in memory that the probe finds and empties while the
//! board runs.
//!
//! It is filled by whole frames: one for which there is no room is lost. So is all that comes when
//! the ring is full and nobody reads it.

use core::hint::spin_loop;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::Ending;

/// How many bytes the ring has, of which one stays empty: a power of two.
const RING_LEN: u32 = 1024;

type Ring = [AtomicU8; RING_LEN as usize];

/// What a probe looks for, by its symbol or by its first bytes.
#[repr(C)]
struct Control {
    id: [u8; 16],
    up_count: u32,
    down_count: u32,
    up: Channel,
}

/// A ring whose bytes go up to the probe.
#[repr(C)]
struct Channel {
    /// Ends with zero. By this one a probe knows that there are defmt's frames in it.
    name: &'static [u8; 6],
    ring: &'static Ring,
    ring_len: u32,
    /// Where the board goes on; nobody else writes it.
    write: AtomicU32,
    /// Where the probe goes on; nobody else writes it.
    read: AtomicU32,
    /// What becomes of what does not fit, 0: it is left out.
    flags: u32,
}

static RING: Ring = [const { AtomicU8::new(0) }; RING_LEN as usize];

// SAFETY: the name is RTT's, and nobody else's in a program with one log.
#[unsafe(no_mangle)]
static _SEGGER_RTT: Control = Control {
    id: *b"SEGGER RTT\0\0\0\0\0\0",
    up_count: 1,
    down_count: 0,
    up: Channel {
        name: b"defmt\0",
        ring: &RING,
        ring_len: RING_LEN,
        write: AtomicU32::new(0),
        read: AtomicU32::new(0),
        flags: 0,
    },
};

/// A frame on its way into the ring, where the probe does not see it before it is complete.
pub(crate) struct Output {
    /// Where its next byte goes.
    write: u32,
    is_too_long: bool,
}

impl Output {
    pub(crate) const NEW: Self = Self { write: 0, is_too_long: false };

    /// Adds to the frame.
    pub(crate) fn gather(&mut self, bytes: &[u8]) {
        let read = _SEGGER_RTT.up.read.load(Ordering::Acquire);
        for byte in bytes {
            let next = self.write.wrapping_add(1) % RING_LEN;
            if next == read {
                self.is_too_long = true;
            }
            if self.is_too_long {
                return;
            }
            if let Some(place) = _SEGGER_RTT.up.ring.get(self.write as usize) {
                place.store(*byte, Ordering::Relaxed);
            }
            self.write = next;
        }
    }

    /// The frame is complete.
    pub(crate) fn send(&mut self) {
        let write = &_SEGGER_RTT.up.write;
        if self.is_too_long {
            *self = Self { write: write.load(Ordering::Relaxed), is_too_long: false };
        } else {
            write.store(self.write, Ordering::Release);
        }
    }
}

/// Stands still, all being well: the probe may still read the log.
pub(crate) fn succeed() -> ! {
    stop()
}

/// Stands still: the probe may still read why.
pub(crate) fn stop() -> ! {
    loop {
        spin_loop();
    }
}

/// Ends as the board does.
pub(crate) fn fail(ending: Ending) -> ! {
    _keeptrack_log_end(ending)
}

// SAFETY: the crate's documentation asks each board for a function of this name and type.
unsafe extern "Rust" {
    /// Starts the board anew, and keeps why.
    safe fn _keeptrack_log_end(ending: Ending) -> !;
}
