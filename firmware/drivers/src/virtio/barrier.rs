//! The order of what the processor does to memory and to a device's registers, as the device sees it.

use core::sync::atomic::{Ordering, fence};

/// All that was done before, to memory or to registers, is done before what follows.
///
/// Rust's fence orders what is done to memory. On Arm that orders registers as well; RISC-V has them
/// apart, so that a device might be told of a queue before what lies in it is there.
pub(super) fn barrier() {
    fence(Ordering::SeqCst);
    #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
    // SAFETY: the instruction changes nothing but the order of others.
    unsafe {
        core::arch::asm!("fence iorw, iorw", options(nostack, preserves_flags));
    }
}
