//! The log's time, and what is logged when the processor goes on no more.

use cortex_m_rt::{ExceptionFrame, exception};
use keeptrack_log::fail;

use crate::clock;

defmt::timestamp!("{=u64:tus}", clock::micros());

/// Says what the processor would not do, and stops: no instruction of the image should fault.
// SAFETY: the handler runs on the stack of what has faulted, and does not go back to it.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    defmt::error!("fault at {=u32:#x}", frame.pc());
    fail()
}
