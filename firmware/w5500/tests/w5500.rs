//! The driver against a model of its chip: frames come through both ways, no fault of a chip or a
//! bus stops a port for good, and no buffer is ever lost.

#[path = "w5500/bench.rs"]
mod bench;
#[path = "w5500/bus.rs"]
mod bus;
#[path = "w5500/cost.rs"]
mod cost;
#[path = "w5500/faults.rs"]
mod faults;
#[path = "w5500/frames.rs"]
mod frames;
#[path = "w5500/gateway.rs"]
mod gateway;
#[path = "w5500/random.rs"]
mod random;
