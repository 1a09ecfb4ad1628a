//! The virtio drivers against models of their devices: frames and keys come through, no lie of a
//! device stops them, and no buffer is ever lost.

#[path = "virtio/chip.rs"]
mod chip;
#[path = "virtio/entropy.rs"]
mod entropy;
#[path = "virtio/lies.rs"]
mod lies;
#[path = "virtio/memory.rs"]
mod memory;
#[path = "virtio/network.rs"]
mod network;
