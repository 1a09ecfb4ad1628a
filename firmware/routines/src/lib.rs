//! The routines by which compiled code copies, fills and compares memory, for Armv7-M.
//!
//! Those that come with Rust are written for all processors at once, and are long: a copy between
//! places that are aligned differently has a loop of its own for each way of moving, because many
//! processors cannot read a word from any address. Armv7-M can, so that one loop is enough, and all
//! of them take 160 bytes of flash instead of 1,350. It suffices to link this crate, for Rust's are
//! weak symbols. On other processors it is empty.
#![no_std]

#[cfg(armv7m)]
mod armv7m;
