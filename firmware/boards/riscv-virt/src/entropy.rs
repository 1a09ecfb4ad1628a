//! The key of the table's hash, from the machine's entropy source.

use keeptrack_core::Seed;
use virtio_drivers::device::rng::VirtIORng;
use virtio_drivers::transport::DeviceType;

use crate::fault::Fault;
use crate::virtio::{Memory, devices};

/// Draws a key.
///
/// There is no second source and no fixed key: who knows the key can make chains of the table long,
/// so a board without entropy does not start.
pub(crate) fn seed() -> Result<Seed, Fault> {
    let source = devices(DeviceType::EntropySource).next().ok_or(Fault::NoEntropy)?;
    let mut source = VirtIORng::<Memory, _>::new(source.transport)?;
    let mut key = [0; 16];
    let mut drawn_len = 0;
    while let Some(rest) = key.get_mut(drawn_len..).filter(|rest| !rest.is_empty()) {
        match source.request_entropy(rest)? {
            0 => return Err(Fault::NoEntropy),
            len => drawn_len += len,
        }
    }
    Ok(Seed(key))
}
