//! The packets: frames of made-up connections, all of them from one number.

use keeptrack_core::TcpFlags;

/// Bytes from the beginning of one frame to that of the next.
pub(crate) const FRAME_LEN: usize = 96;

/// A frame as Ethernet carries it, with bytes behind the packet that belong to nobody.
pub(crate) type Frame = [u8; FRAME_LEN];

/// Of ten connections so many are IPv4.
const IPV4_OF_TEN: u64 = if cfg!(feature = "ipv4-only") { 10 } else { 8 };
/// Of ten connections so many are TCP.
const TCP_OF_TEN: u64 = 6;

/// Who sends a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The host that opened the connection.
    Client,
    /// The other one.
    Server,
}

/// A connection, whose properties follow from its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    client: [u8; 16],
    server: [u8; 16],
    ports: [u16; 2],
    is_ipv4: bool,
    is_tcp: bool,
}

impl Flow {
    /// The connection of that number.
    pub(crate) fn new(number: u64) -> Self {
        let mut random = Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (client, server, ports) = (random.bytes(), random.bytes(), random.next().to_le_bytes());
        Self {
            client,
            server,
            ports: [u16::from_le_bytes([ports[0], ports[1]]), 443],
            is_ipv4: random.below(10) < IPV4_OF_TEN,
            is_tcp: random.below(10) < TCP_OF_TEN,
        }
    }

    /// Whether it is TCP; else it is UDP.
    pub(crate) fn is_tcp(&self) -> bool {
        self.is_tcp
    }

    /// Its first packet: a SYN, or a datagram.
    pub(crate) fn first(&self) -> Frame {
        self.frame(Sender::Client, TcpFlags::SYN)
    }

    /// What follows until both sides have spoken, and again: the handshake's end, two datagrams.
    pub(crate) fn handshake(&self) -> [Frame; 2] {
        [
            self.frame(Sender::Server, TcpFlags::SYN | TcpFlags::ACK),
            self.frame(Sender::Client, TcpFlags::ACK),
        ]
    }

    /// A packet of the open connection: an ACK, or a datagram.
    pub(crate) fn next(&self, sender: Sender) -> Frame {
        self.frame(sender, TcpFlags::ACK)
    }

    fn frame(&self, sender: Sender, flags: TcpFlags) -> Frame {
        let (source, destination, ports) = match sender {
            Sender::Client => (&self.client, &self.server, self.ports),
            Sender::Server => (&self.server, &self.client, [self.ports[1], self.ports[0]]),
        };
        let (protocol, transport_len) = if self.is_tcp { (6, 20) } else { (17, 8) };
        let mut frame = [0; FRAME_LEN];
        let transport = if self.is_ipv4 {
            frame[12..14].copy_from_slice(&[0x08, 0x00]);
            let header = [0x45, 0, 0, 20 + transport_len, 0, 0, 0, 0, 64, protocol];
            frame[14..24].copy_from_slice(&header);
            frame[26..30].copy_from_slice(&source[..4]);
            frame[30..34].copy_from_slice(&destination[..4]);
            &mut frame[34..]
        } else {
            frame[12..14].copy_from_slice(&[0x86, 0xdd]);
            frame[14..22].copy_from_slice(&[0x60, 0, 0, 0, 0, transport_len, protocol, 64]);
            frame[22..38].copy_from_slice(source);
            frame[38..54].copy_from_slice(destination);
            &mut frame[54..]
        };
        transport[..2].copy_from_slice(&ports[0].to_be_bytes());
        transport[2..4].copy_from_slice(&ports[1].to_be_bytes());
        match self.is_tcp {
            true => transport[12..16].copy_from_slice(&[0x50, flags.0, 0x02, 0]),
            false => transport[5] = transport_len,
        }
        frame
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same frames on every machine.
#[derive(Debug)]
pub(crate) struct Random(pub u64);

impl Random {
    /// 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn bytes(&mut self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_le_bytes()
    }
}
