//! Records the frames handed to a board, in the order of each port, as a capture that any tool reads.
//!
//! Format: pcapng 1.0 (draft-ietf-opsawg-pcapng), little-endian: a section header, a description of
//! each port, a packet block a frame.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::Side;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

/// Ethernet, among the link types.
const ETHERNET: u32 = 1;
/// The option that names an interface.
const IF_NAME: u16 = 2;

/// A capture with the interfaces eth0 and eth1. Whoever hands frames to a board needs no times: when
/// a frame was read, the board knows, and says it in its log.
#[derive(Debug)]
pub struct Pcapng {
    out: BufWriter<File>,
}

impl Pcapng {
    /// Makes the file, or empties it.
    ///
    /// # Errors
    /// It cannot be written; with its name.
    pub fn create(path: &Path) -> io::Result<Self> {
        let named =
            |why: io::Error| io::Error::new(why.kind(), format!("{}: {why}", path.display()));
        let mut capture = Self { out: BufWriter::new(File::create(path).map_err(named)?) };
        capture.head().map_err(named)?;
        Ok(capture)
    }

    /// Adds a frame that was handed to the port on that side.
    ///
    /// # Errors
    /// The disk is full, or the frame longer than 4 GiB.
    pub fn frame(&mut self, side: Side, frame: &[u8]) -> io::Result<()> {
        self.frame_at(side, 0, frame)
    }

    /// Adds a frame that the port on that side received at that time, in microseconds.
    ///
    /// # Errors
    /// As for [`Self::frame`].
    pub fn frame_at(&mut self, side: Side, at_us: u64, frame: &[u8]) -> io::Result<()> {
        let interface: u32 = match side {
            Side::Left => 0,
            Side::Right => 1,
        };
        let len = u32::try_from(frame.len()).map_err(io::Error::other)?;
        let [high, low] = [at_us >> 32, at_us & 0xffff_ffff].map(u64::to_le_bytes);
        // The interface, the time's two halves, the length kept and the length there was.
        let mut body = [&interface.to_le_bytes()[..], &high[..4], &low[..4]].concat();
        body.extend([len, len].map(u32::to_le_bytes).concat());
        body.extend_from_slice(frame);
        pad(&mut body);
        self.block(ENHANCED_PACKET, &body)
    }

    /// Writes out what is still in memory.
    ///
    /// # Errors
    /// The disk is full.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn head(&mut self) -> io::Result<()> {
        let order = 0x1a2b_3c4d_u32.to_le_bytes();
        let version = [1_u16, 0].map(u16::to_le_bytes).concat();
        let unknown_len = u64::MAX.to_le_bytes();
        self.block(SECTION_HEADER, &[&order[..], &version, &unknown_len].concat())?;
        for side in Side::BOTH {
            let name = side.name().as_bytes();
            let name_len = u16::try_from(name.len()).map_err(io::Error::other)?;
            // No limit on the length of a packet.
            let mut body = [ETHERNET, 0].map(u32::to_le_bytes).concat();
            body.extend([IF_NAME, name_len].map(u16::to_le_bytes).concat());
            body.extend_from_slice(name);
            pad(&mut body);
            // The end of the options.
            body.extend([0; 4]);
            self.block(INTERFACE_DESCRIPTION, &body)?;
        }
        Ok(())
    }

    /// A block: its kind, and its length at both ends.
    fn block(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        let len = u32::try_from(body.len() + 12).map_err(io::Error::other)?.to_le_bytes();
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&len)?;
        self.out.write_all(body)?;
        self.out.write_all(&len)
    }
}

/// All that is in a block begins at a multiple of four.
fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}
