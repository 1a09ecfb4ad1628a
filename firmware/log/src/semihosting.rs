//! The log's way to an emulator: its host's standard output, and its exit code.
//!
//! A frame is gathered here and leaves in one call, since every call stops the machine; none is made
//! again for the same bytes. The host itself may keep the machine waiting: QEMU does so as long as
//! nobody reads its output.

use semihosting::fd::{AsFd, OwnedFd};
use semihosting::process::ExitCode;
use semihosting::sys::arm_compat::{OpenMode, sys_open};
use semihosting::sys::write;

use crate::Ending;

/// Longer frames leave in several calls.
const GATHERED_LEN: usize = 128;

/// The host's standard output, and what is not there yet.
pub(crate) struct Output {
    host: Option<OwnedFd>,
    gathered: [u8; GATHERED_LEN],
    gathered_len: usize,
}

impl Output {
    pub(crate) const NEW: Self = Self { host: None, gathered: [0; GATHERED_LEN], gathered_len: 0 };

    /// Adds to the frame.
    pub(crate) fn gather(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.gathered_len == GATHERED_LEN {
                self.send();
            }
            if let Some(place) = self.gathered.get_mut(self.gathered_len) {
                *place = *byte;
                self.gathered_len += 1;
            }
        }
    }

    /// The frame is complete.
    pub(crate) fn send(&mut self) {
        let mut rest = self.gathered.get(..self.gathered_len).unwrap_or(&[]);
        self.gathered_len = 0;
        if self.host.is_none() {
            self.host = sys_open(c":tt", OpenMode::WRONLY_TRUNC).ok();
        }
        let Some(host) = &self.host else { return };
        // No file has this number. That it is asked here spares the image the library's panic.
        if host.as_raw_fd() == -1 {
            return;
        }
        while !rest.is_empty() {
            // A call that takes nothing is the last.
            let Ok(taken @ 1..) = write(host.as_fd(), rest) else { return };
            rest = rest.get(taken..).unwrap_or(&[]);
        }
    }
}

/// Ends the machine, all being well.
pub(crate) fn succeed() -> ! {
    ExitCode::SUCCESS.exit_process()
}

/// Ends the machine: the emulator's exit code is 1.
pub(crate) fn stop() -> ! {
    ExitCode::FAILURE.exit_process()
}

/// As [`stop`]: there is nobody to tell why.
pub(crate) fn fail(_: Ending) -> ! {
    stop()
}
