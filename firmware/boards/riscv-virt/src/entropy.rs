//! The keys of hashes, from the machine's entropy source.

use keeptrack_core::Seed;
use virtio_drivers::device::rng::VirtIORng;
use virtio_drivers::transport::DeviceType;

use crate::fault::Fault;
use crate::virtio::{Memory, devices};

/// Draws two keys: of the table, and of the sources that have a cap.
///
/// There is no second source and no fixed key: who knows a key can make chains of its table long,
/// so a board without entropy does not start.
pub(crate) fn keys() -> Result<[Seed; 2], Fault> {
    let source = devices(DeviceType::EntropySource).next().ok_or(Fault::NoEntropy)?;
    let mut source = VirtIORng::<Memory, _>::new(source.transport)?;
    let mut drawn = [0; 32];
    let mut drawn_len = 0;
    while let Some(rest) = drawn.get_mut(drawn_len..).filter(|rest| !rest.is_empty()) {
        match source.request_entropy(rest)? {
            0 => return Err(Fault::NoEntropy),
            len => drawn_len += len,
        }
    }
    let [mut one, mut other] = [[0; 16]; 2];
    let (front, back) = drawn.split_at(one.len());
    one.copy_from_slice(front);
    other.copy_from_slice(back);
    Ok([Seed(one), Seed(other)])
}
