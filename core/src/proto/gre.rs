//! GRE: a connection is a stream once it is answered.

use crate::config::Config;
use crate::status::Status;
use crate::timeout::Timeout;

/// The seconds that the connection lives from this packet on.
pub(super) fn packet(status: &mut Status, config: &Config) -> u32 {
    if !status.has(Status::SEEN_REPLY) {
        return config.timeouts.seconds(Timeout::Gre);
    }
    *status |= Status::ASSURED;
    config.timeouts.seconds(Timeout::GreStream)
}
