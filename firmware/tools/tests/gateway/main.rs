//! The gateway's loop on a PC, for as many frames as a board sees in a minute, between ports that do
//! what real ones do at their worst: all frames are counted, all buffers come home, nothing stalls.

mod ports;
mod soak;
mod verdicts;
