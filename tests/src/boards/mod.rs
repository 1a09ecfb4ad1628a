//! Boards at work, compared with a replay of what came in at their ports.

mod compare;
mod configuration;
mod fed;
mod frames;

pub use compare::{Compared, Difference, compare, handed};
pub use configuration::Configuration;
pub use fed::{Fed, fed};
