//! A capture of any length: a gateway's traffic, made as it is written, the same each time.

use std::io::{self, Write};

use keeptrack_core::TcpFlags;

/// How many connections are under way at once.
const TALK_COUNT: usize = 1024;
/// The payload of the longest frame, of 1,500 bytes: without headers of Ethernet, IPv4 and TCP.
const MAX_PAYLOAD_LEN: u16 = 1500 - 14 - 20 - 20;
/// The first second of the capture.
const START_S: u64 = 1_700_000_000;
/// The longest time between two packets: 10,000 packets a second on average.
const MAX_GAP_US: u32 = 200;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Packets.
    pub packet_count: u64,
    /// Connections to which they belong.
    pub connection_count: u64,
}

/// Writes a pcap of at least that many bytes: TCP and UDP connections that open, talk and end.
///
/// # Errors
/// When it cannot be written.
pub fn write(out: &mut impl Write, byte_count: u64) -> io::Result<Written> {
    let header = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, 1];
    out.write_all(&header.map(u32::to_le_bytes).concat())?;
    let mut noise = Noise(0x6b65_6570);
    let mut frame = Frame::new(&mut noise);
    let mut written = Written { packet_count: 0, connection_count: 0 };
    let mut talks: Vec<Option<Talk>> = vec![None; TALK_COUNT];
    let (mut len, mut now_us) = (24, 0);
    while len < byte_count {
        let Some(slot) = talks.get_mut(noise.below(1024) as usize) else { break };
        let talk = slot.get_or_insert_with(|| {
            written.connection_count += 1;
            Talk::new(written.connection_count, &mut noise)
        });
        now_us += u64::from(noise.below(MAX_GAP_US));
        let bytes = frame.of(&talk.say(), talk, &mut noise);
        let whole = u32::try_from(START_S + now_us / 1_000_000).map_err(io::Error::other)?;
        let fraction = u32::try_from(now_us % 1_000_000).map_err(io::Error::other)?;
        let frame_len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        out.write_all(&[whole, fraction, frame_len, frame_len].map(u32::to_le_bytes).concat())?;
        out.write_all(bytes)?;
        len += 16 + u64::from(frame_len);
        written.packet_count += 1;
        if talk.is_over() {
            *slot = None;
        }
    }
    out.flush()?;
    Ok(written)
}

/// A connection under way.
#[derive(Debug, Clone)]
struct Talk {
    protocol: u8,
    client: [u8; 4],
    server: [u8; 4],
    port: u16,
    /// How many packets were said, and how many there are to be.
    said: u32,
    packet_count: u32,
    /// The sequence numbers that client and server will use next.
    next_seq: [u32; 2],
}

/// A packet of a connection.
struct Said {
    from: Side,
    flags: TcpFlags,
    payload_len: u16,
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Client,
    Server,
}

impl Talk {
    /// The connection of that number, whose client and port no other one has for a long time.
    fn new(number: u64, noise: &mut Noise) -> Self {
        let [a, b, c, d, ..] = number.to_le_bytes();
        let [server, ..] = noise.next().to_le_bytes();
        let is_tcp = noise.below(2) == 0;
        Self {
            protocol: if is_tcp { TCP } else { UDP },
            client: [10, c, b, a],
            server: [198, 51, 100, server],
            port: 32_768 + u16::from(d),
            said: 0,
            packet_count: if is_tcp { 10 + noise.below(64) } else { 2 },
            next_seq: [noise.next(), noise.next()],
        }
    }

    /// The next packet: of TCP a handshake, a request, data with an acknowledgement after each two
    /// segments, and the end from both sides; of UDP a question and an answer.
    fn say(&mut self) -> Said {
        let (step, left) = (self.said, self.packet_count - self.said);
        self.said += 1;
        let ack = TcpFlags::ACK;
        let (from, flags, payload_len) = match (self.protocol, step, left) {
            (UDP, 0, _) => (Side::Client, ack, 50),
            (UDP, ..) => (Side::Server, ack, 180),
            (_, 0, _) => (Side::Client, TcpFlags::SYN, 0),
            (_, 1, _) => (Side::Server, TcpFlags(TcpFlags::SYN.0 | ack.0), 0),
            (_, 2, _) | (_, _, 1) => (Side::Client, ack, 0),
            (_, 3, _) => (Side::Client, ack, 400),
            (_, _, 3) => (Side::Client, TcpFlags(TcpFlags::FIN.0 | ack.0), 0),
            (_, _, 2) => (Side::Server, TcpFlags(TcpFlags::FIN.0 | ack.0), 0),
            (_, step, _) if step % 3 == 0 => (Side::Client, ack, 0),
            _ => (Side::Server, ack, MAX_PAYLOAD_LEN),
        };
        Said { from, flags, payload_len }
    }

    fn is_over(&self) -> bool {
        self.said == self.packet_count
    }

    /// Takes the sequence number and the acknowledgement of a segment.
    fn count(&mut self, said: &Said) -> (u32, u32) {
        let [client, server] = &mut self.next_seq;
        let (own, other) = match said.from {
            Side::Client => (client, server),
            Side::Server => (server, client),
        };
        let seq = *own;
        let is_counted = u32::from(said.flags.0 & (TcpFlags::SYN.0 | TcpFlags::FIN.0) != 0);
        *own = own.wrapping_add(u32::from(said.payload_len) + is_counted);
        (seq, if said.flags == TcpFlags::SYN { 0 } else { *other })
    }
}

/// Room for a frame, and what payloads are made of.
struct Frame {
    bytes: Vec<u8>,
    payload: Vec<u8>,
}

impl Frame {
    fn new(noise: &mut Noise) -> Self {
        let payload = (0..MAX_PAYLOAD_LEN).flat_map(|_| noise.next().to_le_bytes()).collect();
        Self { bytes: Vec::new(), payload }
    }

    /// The frame of a packet. Its check sums are 0, as a card leaves them that computes them later.
    fn of(&mut self, said: &Said, talk: &mut Talk, noise: &mut Noise) -> &[u8] {
        let (client, server) = ((talk.client, talk.port), (talk.server, 443));
        let (source, destination) =
            if said.from == Side::Client { (client, server) } else { (server, client) };
        let header_len = if talk.protocol == TCP { 20 } else { 8 };
        let [high, low] = (20 + header_len + said.payload_len).to_be_bytes();
        let bytes = &mut self.bytes;
        bytes.clear();
        bytes.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
        bytes.extend([0x45, 0, high, low, 0, 0, 0x40, 0, 64, talk.protocol, 0, 0]);
        bytes.extend(source.0);
        bytes.extend(destination.0);
        bytes.extend(source.1.to_be_bytes());
        bytes.extend(destination.1.to_be_bytes());
        if talk.protocol == TCP {
            let (seq, ack) = talk.count(said);
            bytes.extend(seq.to_be_bytes());
            bytes.extend(ack.to_be_bytes());
            bytes.extend([0x50, said.flags.0, 0xff, 0xff, 0, 0, 0, 0]);
        } else {
            bytes.extend((header_len + said.payload_len).to_be_bytes());
            bytes.extend([0, 0]);
        }
        let from = noise.below(MAX_PAYLOAD_LEN.into()) as usize;
        bytes.extend(self.payload.iter().skip(from).take(said.payload_len.into()));
        bytes
    }
}

/// Numbers without a pattern, the same each time: splitmix64 of Steele, Lea and Flood.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 32) as u32
    }

    /// A number below `end`; the small preference of low ones does not matter here.
    fn below(&mut self, end: u32) -> u32 {
        self.next() % end
    }
}
