//! virtio over MMIO registers: a network port, and a source of entropy.
//!
//! One descriptor a buffer and no optional features: a device fills or sends one buffer at a time,
//! and is told of each at once, behind a fence, so that no frame waits for the next. Whatever a
//! device answers is checked against what it was given; one that contradicts itself is reset, and
//! begins afresh with the same buffers. No crate is used for this: nothing here may panic, and a
//! queue takes half a kilobyte, not the two pages that a driver of a large system spends.

mod barrier;
mod device;
mod entropy;
mod lent;
mod network;
mod queue;

pub use device::{Device, Kind};
pub use entropy::{Entropy, EntropyMemory};
pub use network::{FRAME_LEN, Frame, Network, NetworkMemory};

/// A device does not do what it says, or contradicts what it said.
#[derive(Debug, PartialEq, Eq)]
struct Broken;
