//! Seeded random packets through two judges: where do they differ, and how little shows it?
//!
//! A seed makes [`Settings`] and [`Sequence`]s of packets: a few sessions of every protocol, on few
//! addresses and ports, mostly as hosts would have them and now and then bent. [`find`] passes one
//! through both judges, and shrinking makes the shortest and simplest one that still differs, which
//! [`Regression`] keeps with the kernel's answers.

pub mod packet;
mod random;
mod regression;
mod run;
#[cfg(target_os = "linux")]
mod seeds;
mod sequence;
mod session;
mod settings;
mod shrink;

pub use random::Random;
pub use regression::Regression;
pub use run::{Difference, find};
#[cfg(target_os = "linux")]
pub use seeds::{AskedAgain, Findings, Found, Plan, ask_again};
pub use sequence::{Sequence, Step};
pub use session::Topic;
pub use settings::Settings;
