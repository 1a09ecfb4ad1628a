//! Why the board stops.

use keeptrack_core::ConfigError;
use keeptrack_core::raw::RawError;

/// Why the board stops.
#[derive(defmt::Format)]
pub(crate) enum Fault {
    /// A check of the core failed: which.
    SelfCheck(&'static str),
    /// The table cannot be made.
    Config(ConfigError),
    /// The rules cannot be made.
    Rules(RawError),
    /// There is no class of connections.
    NoClass,
    /// There are fewer than two network devices.
    NoPort,
    /// There is no virtio-rng, or it gave nothing.
    NoEntropy,
    /// A device gave back a buffer under a number that it did not give out.
    Token(u16),
    /// A device or its driver failed.
    Virtio(#[defmt(Debug2Format)] virtio_drivers::Error),
}

impl From<ConfigError> for Fault {
    fn from(why: ConfigError) -> Self {
        Self::Config(why)
    }
}

impl From<RawError> for Fault {
    fn from(why: RawError) -> Self {
        Self::Rules(why)
    }
}

impl From<virtio_drivers::Error> for Fault {
    fn from(why: virtio_drivers::Error) -> Self {
        Self::Virtio(why)
    }
}
