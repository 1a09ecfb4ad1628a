//! Frames of one client and one server, short enough for the smallest machine.

/// The longest frame here.
const ROOM: usize = 128;

/// An Ethernet frame without its check sequence.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    bytes: [u8; ROOM],
    len: usize,
}

impl Frame {
    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    const EMPTY: Self = Self { bytes: [0; ROOM], len: 0 };

    fn put(&mut self, bytes: &[u8]) {
        for (place, byte) in self.bytes.iter_mut().skip(self.len).zip(bytes) {
            *place = *byte;
        }
        self.len = self.len.saturating_add(bytes.len());
    }
}

/// The version of IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4 without options.
    V4,
    /// IPv6 without extension headers.
    V6,
}

/// Who sends a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Who opened the connection.
    Client,
    /// Who answers.
    Server,
}

/// Who speaks to whom.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    /// Of the addresses.
    pub family: Family,
    /// The number of the client's host.
    pub client: u8,
    /// The client's port; the server's is 443.
    pub port: u16,
}

/// What a TCP segment says.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'s> {
    /// FIN, SYN, RST, PSH, ACK, URG from the lowest bit on.
    pub flags: u8,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement.
    pub ack: u32,
    /// Options, a multiple of four bytes.
    pub options: &'s [u8],
    /// How much it carries; zeros.
    pub payload_len: u8,
}

/// FIN.
pub const FIN: u8 = 0x01;
/// SYN.
pub const SYN: u8 = 0x02;
/// RST.
pub const RST: u8 = 0x04;
/// ACK.
pub const ACK: u8 = 0x10;

impl Flow {
    /// A frame with a TCP segment.
    #[must_use]
    pub fn tcp(self, sender: Sender, segment: &Segment<'_>) -> Frame {
        let header_len = 20_usize.saturating_add(segment.options.len());
        let len = header_len.saturating_add(segment.payload_len.into());
        let mut frame = self.ip(sender, 6, len);
        frame.put(&segment.seq.to_be_bytes());
        frame.put(&segment.ack.to_be_bytes());
        frame.put(&[low(header_len) << 2, segment.flags, 0x20, 0, 0, 0, 0, 0]);
        frame.put(segment.options);
        for _ in 0..segment.payload_len {
            frame.put(&[0]);
        }
        frame
    }

    /// A frame with a UDP datagram of twelve bytes.
    #[must_use]
    pub fn udp(self, sender: Sender) -> Frame {
        let mut frame = self.ip(sender, 17, 20);
        frame.put(&[0, 20, 0, 0]);
        frame.put(&[0; 12]);
        frame
    }

    /// The frame up to the ports.
    fn ip(self, sender: Sender, protocol: u8, len: usize) -> Frame {
        let mut frame = Frame::EMPTY;
        frame.put(match sender {
            Sender::Client => &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1],
            Sender::Server => &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2],
        });
        match self.family {
            Family::V4 => {
                let whole = low(len.saturating_add(20));
                frame.put(&[8, 0, 0x45, 0, 0, whole, 0, 0, 0x40, 0, 64, protocol, 0, 0]);
                let (client, server) = ([10, 9, 0, self.client], [198, 51, 100, 2]);
                self.ends(&mut frame, sender, &client, &server);
            }
            Family::V6 => {
                frame.put(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, low(len), protocol, 64]);
                let mut client = [0x20, 1, 0xd, 0xb8, 0, 9, 0, self.client, 0, 0, 0, 0, 0, 0, 0, 1];
                let mut server = client;
                (client[15], server[5]) = (7, 100);
                self.ends(&mut frame, sender, &client, &server);
            }
        }
        frame
    }

    fn ends(self, frame: &mut Frame, sender: Sender, client: &[u8], server: &[u8]) {
        let (client_port, server_port) = (self.port.to_be_bytes(), 443_u16.to_be_bytes());
        let (from_client, from_server) = (
            [client, server, &client_port, &server_port],
            [server, client, &server_port, &client_port],
        );
        for part in if sender == Sender::Client { from_client } else { from_server } {
            frame.put(part);
        }
    }
}

/// A length of a frame here.
fn low(len: usize) -> u8 {
    u8::try_from(len).unwrap_or(u8::MAX)
}
