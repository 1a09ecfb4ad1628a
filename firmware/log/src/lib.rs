//! A board's log: defmt's frames, each offered once to whoever reads them; and how the board's
//! program ends.
//!
//! A board has an implementation of `critical-section`. By itself the log goes through semihosting,
//! which an emulator answers; with the feature `rtt` into a ring in memory, which a debug probe reads
//! while the board runs. A reset empties the ring. So a board with RTT has a function
//!
//! ```ignore
//! #[unsafe(no_mangle)]
//! fn _keeptrack_log_end(ending: keeptrack_log::Ending) -> !
//! ```
//!
//! which starts it anew when its program has failed, and keeps why, so that the log of the next start
//! can say so. Nothing else of a board knows where its log goes.
//!
//! A frame that is not taken is lost, and the next one begins afresh: no log holds up the frames of
//! the network.
#![no_std]

mod ending;
#[cfg_attr(feature = "rtt", path = "rtt.rs")]
#[cfg_attr(not(feature = "rtt"), path = "semihosting.rs")]
mod output;

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use critical_section::RestoreState;
use defmt::Encoder;

pub use ending::{Ending, end_selfcheck, fail};
use output::Output;

#[defmt::global_logger]
struct Logger;

/// The log, for whoever is in a critical section.
struct Shared {
    is_in_use: AtomicBool,
    log: UnsafeCell<Log>,
}

// SAFETY: nobody looks inside but `Shared::with`, whose callers are in a critical section.
unsafe impl Sync for Shared {}

static LOG: Shared = Shared { is_in_use: AtomicBool::new(false), log: UnsafeCell::new(Log::NEW) };

// SAFETY: from `acquire` to `release` a frame lies in a critical section, so that no other context
// writes meanwhile; one that begins in the middle of another is left out.
unsafe impl defmt::Logger for Logger {
    fn acquire() {
        // SAFETY: the section ends in `release`, or right here.
        let restore = unsafe { critical_section::acquire() };
        // SAFETY: this is in the section.
        let was_begun = unsafe { LOG.with(|log| log.begin(restore)) };
        if was_begun != Some(true) {
            // SAFETY: the frame around this one is in a section of its own.
            unsafe { critical_section::release(restore) };
        }
    }

    unsafe fn flush() {
        // What a call has given to the host is with the host.
    }

    unsafe fn release() {
        // SAFETY: this is in the section that `acquire` began.
        let ended = unsafe { LOG.with(Log::end) };
        if let Some(Some(restore)) = ended {
            // SAFETY: `acquire` got this from the section that ends here.
            unsafe { critical_section::release(restore) };
        }
    }

    unsafe fn write(bytes: &[u8]) {
        // SAFETY: this is in the section that `acquire` began.
        unsafe { LOG.with(|log| log.write(bytes)) };
    }
}

impl Shared {
    /// Calls `act` with the log, unless this is the handler of a fault in the log itself.
    ///
    /// # Safety
    /// The caller is in a critical section.
    unsafe fn with<T>(&self, act: impl FnOnce(&mut Log) -> T) -> Option<T> {
        if self.is_in_use.load(Ordering::Relaxed) {
            return None;
        }
        self.is_in_use.store(true, Ordering::Relaxed);
        // SAFETY: in a critical section only a fault's handler can come here meanwhile, and has just
        // been sent away.
        let answer = act(unsafe { &mut *self.log.get() });
        self.is_in_use.store(false, Ordering::Relaxed);
        Some(answer)
    }
}

struct Log {
    encoder: Encoder,
    output: Output,
    /// How many frames are begun, one in the middle of another; only the first is written.
    depth: u8,
    restore: RestoreState,
}

impl Log {
    const NEW: Self = Self {
        encoder: Encoder::new(),
        output: Output::NEW,
        depth: 0,
        restore: RestoreState::invalid(),
    };

    /// Whether this is the first frame, which is written.
    fn begin(&mut self, restore: RestoreState) -> bool {
        self.depth = self.depth.saturating_add(1);
        if self.depth > 1 {
            return false;
        }
        self.restore = restore;
        self.encoder.start_frame(|bytes| self.output.gather(bytes));
        true
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.depth == 1 {
            self.encoder.write(bytes, |bytes| self.output.gather(bytes));
        }
    }

    /// The section's state from before, when the first frame ends.
    fn end(&mut self) -> Option<RestoreState> {
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 {
            return None;
        }
        self.encoder.end_frame(|bytes| self.output.gather(bytes));
        self.output.send();
        Some(self.restore)
    }
}
