//! Attacks on a table while real clients work, and who is served under which policy.
//!
//! Everything is simulated, packet by packet, and follows from a seed.

mod attacks;
mod choices;
mod clients;
mod plan;
mod policies;
mod queue;
mod report;
mod run;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use attacks::Attack;
pub use choices::{CHOICES, Choice, HOARDED, RANKED};
pub use plan::{Defence, Outcome, Plan, Share, Times};
pub use policies::{AnyOne, LeastRecent};
pub use report::{HELD_TIMES, Held, SERVED_TIMES, Served, rates};
pub use run::{RTT_MS, run};
