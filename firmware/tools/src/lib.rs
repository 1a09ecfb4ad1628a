//! What a PC needs beside a board: its image to flash, its wires, its emulator, its log in words, and
//! frames to send.
#![allow(clippy::disallowed_methods, reason = "who waits for a board does so by his own clock")]

pub mod feed;
pub mod flash;
pub mod frames;
pub mod graph;
pub mod log;
pub mod machine;
pub mod pcapng;
pub mod qmp;
pub mod scratch;
pub mod size;
pub mod status;
pub mod wires;

pub use keeptrack_gateway::Side;
