//! Linux's full table, forecast by the host program and compared with what kernels did.
//!
//! What a kernel does depends on the key of its hash, which nobody knows. So a forecast is made for
//! ten seeds, and a kernel's figure is to lie where an eleventh would in 99 of 100 cases.

mod crowd;
mod interval;
#[cfg(target_os = "linux")]
mod kernel;
mod lines;
mod measured;
mod relay;
mod summary;

use std::fmt;
use std::thread;

pub use crowd::{Content, Crowd, Fate, Offer, Setting};
pub use interval::Interval;
#[cfg(target_os = "linux")]
pub use kernel::against_kernel;
#[cfg(target_os = "linux")]
pub(crate) use kernel::{NEWCOMER_COUNT, entries, measure};
pub use measured::{MEASURED_MAX, measured};
pub use relay::{Figures, NAMES, Relay};
pub use summary::{Measured, Summary};

/// The seeds that a forecast is made for.
pub const SEEDS: std::ops::Range<u64> = 0..10;

/// Something that a kernel did, and whether the forecast says so.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What was counted, and where.
    pub name: String,
    /// What the kernel did, and what was forecast.
    pub said: String,
    /// Whether that is the same.
    pub agrees: bool,
}

impl Finding {
    /// A kernel's figure, and where an eleventh forecast would lie.
    #[must_use]
    pub fn of(name: String, kernel: f64, forecast: Interval) -> Self {
        let said = format!("kernel {kernel:>9.1}   forecast {forecast}");
        Self { name, said, agrees: forecast.has(kernel) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.agrees { "" } else { "DIFFERS" };
        write!(f, "{word:<8}{:<44} {}", self.name, self.said)
    }
}

/// What comes of each of the seeds; two at a time are tried.
///
/// # Errors
/// The first that there is.
pub fn each_seed<T: Send>(of: impl Fn(u64) -> Result<T, String> + Sync) -> Result<Vec<T>, String> {
    let half = |rest: u64| {
        let of = &of;
        move || SEEDS.filter(|seed| seed % 2 == rest).map(of).collect::<Result<Vec<T>, _>>()
    };
    thread::scope(|scope| {
        let even = scope.spawn(half(0));
        let odd = half(1)()?;
        let even = even.join().map_err(|_| "a replay died".to_owned())??;
        Ok(even.into_iter().chain(odd).collect())
    })
}
