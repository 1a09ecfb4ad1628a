//! The log's time, and what is noted and logged when the processor or the program goes on no more.

use cortex_m_rt::{ExceptionFrame, exception};
use keeptrack_log::Ending;

use crate::clock;
use crate::reset::{self, Note};

defmt::timestamp!("{=u64:tus}", clock::micros());

/// Notes and says what the processor would not do, and starts anew: no instruction of the image should
/// fault. The note is first: there may be no stack for the log.
// SAFETY: the handler runs on the stack of what has faulted, and does not go back to it.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    reset::note(Note::Fault { pc: frame.pc() });
    defmt::error!("fault at {=u32:#x}", frame.pc());
    reset::restart()
}

/// How the log has a program end that cannot go on.
// SAFETY: the name is the log's, for a board's only function of this type.
#[unsafe(no_mangle)]
fn _keeptrack_log_end(ending: Ending) -> ! {
    reset::note(match ending {
        Ending::Panicked { line } => Note::Panic { line },
        Ending::Failed => Note::GaveUp,
    });
    reset::restart()
}
