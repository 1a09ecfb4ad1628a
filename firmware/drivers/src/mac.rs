//! What a trunk asks of the MAC below it, which copies frames.

use keeptrack_gateway::{Faults, LinkState};

/// The longest frame that a MAC hands over: 1,500 bytes behind an Ethernet header and two tags.
pub const LONGEST: usize = 1522;

/// An Ethernet MAC that copies frames into and out of buffers.
///
/// As with [`Port`](keeptrack_gateway::Port), no method waits for the wire, and none gives up for
/// good.
pub trait Mac {
    /// Whether somebody is at the other end of the wire.
    fn link(&mut self) -> LinkState;

    /// Copies the next frame into `buffer`, without its check sequence: its length.
    fn receive(&mut self, buffer: &mut [u8]) -> Option<usize>;

    /// Sends a frame, of which nothing is needed afterwards.
    ///
    /// # Errors
    /// When there is no room for it now.
    fn transmit(&mut self, frame: &[u8]) -> Result<(), NoRoom>;

    /// Forgets why it has interrupted; to be called before frames are fetched. Those that come
    /// later interrupt again.
    fn acknowledge(&mut self);

    /// Whether a frame waits to be fetched.
    fn has_frame(&mut self) -> bool;

    /// What went wrong so far.
    fn faults(&self) -> Faults;
}

/// Why a frame was not sent: what was sent before it has not left yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoom;
