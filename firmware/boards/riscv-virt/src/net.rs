//! A network port: frames come in and go out in the buffers that the device itself filled.
//!
//! A buffer is in one place at a time: with a device, or in a [`Frame`]. It goes round: one port
//! fills it, the other sends it, and it comes back to be filled again. So there are as many buffers
//! a direction as a queue has places, and no queue is ever too full.

use core::array::from_fn;

use keeptrack_core::IfName;
use virtio_drivers::device::net::VirtIONetRaw;
use virtio_drivers::transport::mmio::MmioTransport;

use crate::fault::Fault;
use crate::irq;
use crate::virtio::{Device, Memory};

/// Places of a queue, and so buffers a direction.
pub(crate) const QUEUE_LEN: usize = 16;

/// Room for virtio's header, an Ethernet header with two tags, and 1500 bytes.
const BUFFER_LEN: usize = 1536;

/// What one frame lies in.
#[repr(C, align(4))]
pub(crate) struct Buffer([u8; BUFFER_LEN]);

impl Buffer {
    /// Zeroes.
    pub(crate) const EMPTY: Self = Self([0; BUFFER_LEN]);
}

/// A frame that came in, behind virtio's header.
pub(crate) struct Frame {
    buffer: &'static mut Buffer,
    header_len: usize,
    len: usize,
}

impl Frame {
    /// Its bytes, from the Ethernet header on.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.with_header().get(self.header_len..).unwrap_or(&[])
    }

    /// The buffer, without the frame.
    pub(crate) fn into_buffer(self) -> &'static mut Buffer {
        self.buffer
    }

    fn with_header(&self) -> &[u8] {
        self.buffer.0.get(..self.header_len.saturating_add(self.len)).unwrap_or(&[])
    }
}

/// A port of the bridge.
pub(crate) struct Port {
    name: IfName,
    nic: VirtIONetRaw<Memory, MmioTransport<'static>, QUEUE_LEN>,
    /// What the device has, under the numbers that it gave.
    filling: [Option<&'static mut Buffer>; QUEUE_LEN],
    sending: [Option<Frame>; QUEUE_LEN],
}

impl Port {
    /// Starts the device, and gives it `buffers` to fill.
    pub(crate) fn open(
        name: IfName,
        device: Device,
        buffers: &'static mut [Buffer; QUEUE_LEN],
    ) -> Result<Self, Fault> {
        let nic = VirtIONetRaw::new(device.transport)?;
        let (filling, sending) = (from_fn(|_| None), from_fn(|_| None));
        let mut port = Self { name, nic, filling, sending };
        for buffer in buffers {
            port.fill(buffer)?;
        }
        irq::enable(device.line);
        Ok(port)
    }

    /// What a rule calls it.
    pub(crate) fn name(&self) -> &IfName {
        &self.name
    }

    /// Gives the device a buffer to fill.
    pub(crate) fn fill(&mut self, buffer: &'static mut Buffer) -> Result<(), Fault> {
        // SAFETY: the buffer is put away until `receive` has it back from the device.
        let token = unsafe { self.nic.receive_begin(&mut buffer.0)? };
        put(&mut self.filling, token, buffer)
    }

    /// The next frame that came in.
    pub(crate) fn receive(&mut self) -> Result<Option<Frame>, Fault> {
        let Some(token) = self.nic.poll_receive() else { return Ok(None) };
        let buffer = take(&mut self.filling, token)?;
        // SAFETY: `fill` got this token for this buffer.
        let (header_len, len) = unsafe { self.nic.receive_complete(token, &mut buffer.0)? };
        Ok(Some(Frame { buffer, header_len, len }))
    }

    /// Sends a frame, of this port or of another.
    pub(crate) fn send(&mut self, frame: Frame) -> Result<(), Fault> {
        // What the header said of the frame when it came does not hold when it goes.
        self.nic.fill_buffer_header(&mut frame.buffer.0)?;
        // SAFETY: the frame is put away until `sent` has it back from the device.
        let token = unsafe { self.nic.transmit_begin(frame.with_header())? };
        put(&mut self.sending, token, frame)
    }

    /// The next buffer whose frame has left.
    pub(crate) fn sent(&mut self) -> Result<Option<&'static mut Buffer>, Fault> {
        let Some(token) = self.nic.poll_transmit() else { return Ok(None) };
        let frame = take(&mut self.sending, token)?;
        // SAFETY: `send` got this token for this frame.
        unsafe { self.nic.transmit_complete(token, frame.with_header())? };
        Ok(Some(frame.into_buffer()))
    }

    /// Whether a frame has come in, or has left.
    pub(crate) fn has_work(&mut self) -> bool {
        self.nic.poll_receive().is_some() || self.nic.poll_transmit().is_some()
    }

    /// Tells the device that its interrupt was seen.
    pub(crate) fn acknowledge(&mut self) {
        self.nic.ack_interrupt();
    }
}

/// Puts away what the device has from now on.
fn put<T>(places: &mut [Option<T>], token: u16, given: T) -> Result<(), Fault> {
    let place = places.get_mut(usize::from(token)).ok_or(Fault::Token(token))?;
    *place = Some(given);
    Ok(())
}

/// What the device gives back.
fn take<T>(places: &mut [Option<T>], token: u16) -> Result<T, Fault> {
    places.get_mut(usize::from(token)).and_then(Option::take).ok_or(Fault::Token(token))
}
