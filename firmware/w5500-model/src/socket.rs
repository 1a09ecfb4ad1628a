//! The first socket in MACRAW mode: its registers, its two FIFOs, and its commands.

use crate::chip::Link;
use crate::registers::{SOCKET_COUNT, socket};

/// What a FIFO holds: all of the memory, since no other socket has any.
pub const FIFO_LEN: usize = 16 << 10;

/// The longest frame that MACRAW sends, without its check sequence.
pub const LONGEST: usize = 1514;

/// The longest frame that it takes in: the datasheet does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Longest {
    /// As long as what it sends.
    Untagged,
    /// With two VLAN tags, 8 bytes longer.
    Tagged,
}

/// The shortest: an Ethernet header.
const SHORTEST: usize = 14;

/// What says the length of a frame that came in, in front of it.
const LENGTH_LEN: usize = 2;

/// How long a command takes. The datasheet says no number; drivers that ask at once find it done.
const COMMAND_NANOS: u32 = 100;

/// A byte at 100 Mbit/s; and what goes with a frame: preamble, check sequence, gap.
const BYTE_NANOS: u32 = 80;
const BESIDES_LEN: u32 = 8 + 4 + 12;

#[derive(Debug)]
pub(crate) struct Socket {
    registers: [u8; SOCKET_COUNT],
    receive: [u8; FIFO_LEN],
    transmit: [u8; FIFO_LEN],
    /// RX_RD as of the last RECV: what is before it is free.
    freed: u16,
    /// The command under way, and what it still takes; never ends when that is [`u32::MAX`].
    command: Option<(u8, u32)>,
    /// The frame on the wire: its length, and what it still takes.
    sending: Option<(usize, u32)>,
    sent: [u8; LONGEST],
    sent_len: usize,
    misuse_count: u32,
    pub(crate) longest: Longest,
    pub(crate) lies: Lies,
}

/// What it is about to do wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lies {
    pub(crate) length: Option<u16>,
    pub(crate) size: Option<u16>,
    pub(crate) command_nanos: Option<u32>,
    pub(crate) forgets_sent: bool,
    pub(crate) turns_bit: bool,
}

/// What a socket has to do with beside itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    pub(crate) link: Link,
    /// Whether all sockets together are given the memory that there is.
    pub(crate) has_memory: bool,
}

impl Longest {
    const fn len(self) -> usize {
        match self {
            Self::Untagged => LONGEST,
            Self::Tagged => LONGEST + 8,
        }
    }
}

impl Lies {
    pub(crate) const NONE: Self = Self {
        length: None,
        size: None,
        command_nanos: None,
        forgets_sent: false,
        turns_bit: false,
    };
}

impl Socket {
    pub(crate) const fn new() -> Self {
        let mut new = Self {
            registers: [0; SOCKET_COUNT],
            receive: [0; FIFO_LEN],
            transmit: [0; FIFO_LEN],
            freed: 0,
            command: None,
            sending: None,
            sent: [0; LONGEST],
            sent_len: 0,
            misuse_count: 0,
            longest: Longest::Untagged,
            lies: Lies::NONE,
        };
        new.reset();
        new
    }

    /// As after power-up, but for the FIFOs, whose memory no reset clears, and for a frame that has
    /// gone out.
    pub(crate) const fn reset(&mut self) {
        self.registers = [0; SOCKET_COUNT];
        let mut at = 0;
        while at < socket::RESET.len() {
            let (register, value) = socket::RESET[at];
            self.registers[register] = value;
            at += 1;
        }
        self.freed = 0;
        self.command = None;
        self.sending = None;
        self.lies = Lies::NONE;
    }

    pub(crate) fn read(&self, address: u16) -> u8 {
        match address {
            socket::TX_FSR => self.free_len().to_be_bytes()[0],
            0x21 => self.free_len().to_be_bytes()[1],
            socket::RX_RSR => self.received_len().to_be_bytes()[0],
            0x27 => self.received_len().to_be_bytes()[1],
            _ => self.registers.get(usize::from(address)).copied().unwrap_or(0),
        }
    }

    /// What the socket is.
    pub(crate) fn read_state(&mut self) -> u8 {
        let turned = u8::from(core::mem::take(&mut self.lies.turns_bit));
        self.read(socket::SR) ^ turned
    }

    /// Writes a register.
    pub(crate) fn write(&mut self, address: u16, value: u8) {
        match address {
            socket::CR => self.begin(value),
            // What is written as 1 is cleared.
            socket::IR => self.registers[usize::from(socket::IR)] &= !value,
            socket::SR
            | socket::TX_FSR..socket::TX_WR
            | socket::RX_RSR..socket::RX_RD
            | socket::RX_WR..socket::IMR => {}
            _ => {
                if let Some(register) = self.registers.get_mut(usize::from(address)) {
                    *register = value;
                }
            }
        }
    }

    pub(crate) fn read_fifo(&self, address: u16) -> u8 {
        self.receive[usize::from(address) % FIFO_LEN]
    }

    pub(crate) fn write_fifo(&mut self, address: u16, value: u8) {
        self.transmit[usize::from(address) % FIFO_LEN] = value;
    }

    /// Whether an interrupt that is not masked is raised.
    pub(crate) fn is_interrupting(&self) -> bool {
        self.read(socket::IR) & self.read(socket::IMR) != 0
    }

    /// Takes a frame in, unless it is for somebody else or there is no room.
    pub(crate) fn deliver(&mut self, frame: &[u8], own: [u8; 6]) -> bool {
        let needed_len = frame.len() + LENGTH_LEN;
        let room = FIFO_LEN - usize::from(self.stored_len());
        let is_wanted = self.is_open()
            && (SHORTEST..=self.longest.len()).contains(&frame.len())
            && needed_len <= room
            && self.passes_filter(frame, own);
        if is_wanted {
            let length = u16::try_from(needed_len).unwrap_or(u16::MAX);
            let said = self.lies.length.take().unwrap_or(length);
            self.store(said, frame, length);
        }
        is_wanted
    }

    /// Takes in as much of a frame as there is room for, which is less than all of it.
    pub(crate) fn deliver_part(&mut self, frame: &[u8]) {
        let said = u16::try_from(frame.len() + LENGTH_LEN).unwrap_or(u16::MAX);
        let room = u16::try_from(FIFO_LEN).unwrap_or(u16::MAX) - self.stored_len();
        if self.is_open() && room < said {
            self.store(said, frame, room);
        }
    }

    /// The first `len` bytes of a frame and of the length that is said of it, in front.
    fn store(&mut self, said: u16, frame: &[u8], len: u16) {
        let from = self.word(socket::RX_WR);
        for (address, &byte) in (0..len).zip(said.to_be_bytes().iter().chain(frame)) {
            self.receive[usize::from(from.wrapping_add(address)) % FIFO_LEN] = byte;
        }
        self.set_word(socket::RX_WR, from.wrapping_add(len));
        self.raise(socket::IR_RECV);
    }

    /// The frame that has gone out, once.
    pub(crate) fn take_sent(&mut self) -> Option<&[u8]> {
        match core::mem::take(&mut self.sent_len) {
            0 => None,
            len => self.sent.get(..len),
        }
    }

    pub(crate) const fn is_sending(&self) -> bool {
        self.sending.is_some()
    }

    /// How long it takes until something ends by itself.
    pub(crate) fn next_event(&self, link: Link) -> Option<u32> {
        let command = self.command.map(|(_, nanos)| nanos).filter(|&nanos| nanos != u32::MAX);
        // Who takes frames is the wire: it is as slow as that.
        let sending = self.sending.filter(|_| link == Link::Up && self.sent_len == 0);
        let sending = sending.map(|(_, nanos)| nanos);
        [command, sending].into_iter().flatten().min().map(|nanos| nanos.max(1))
    }

    /// Lets time go by, no more than until the next event.
    pub(crate) fn pass(&mut self, nanos: u32, around: Around) {
        if let Some((command, left)) = self.command {
            self.command = match left {
                u32::MAX => Some((command, left)),
                _ => Some((command, left.saturating_sub(nanos))),
            };
        }
        if let Some((len, left)) = self.sending
            && around.link == Link::Up
        {
            self.sending = Some((len, left.saturating_sub(nanos)));
            if left <= nanos && self.sent_len == 0 {
                self.end_sending(len);
            }
        }
        if let Some((command, 0)) = self.command {
            self.command = None;
            self.registers[usize::from(socket::CR)] = 0;
            self.run(command, around);
        }
    }

    /// How often the driver did what the datasheet forbids.
    pub(crate) const fn misuse_count(&self) -> u32 {
        self.misuse_count
    }

    pub(crate) fn misuse(&mut self) {
        self.misuse_count = self.misuse_count.wrapping_add(1);
    }

    fn begin(&mut self, command: u8) {
        if self.command.is_some() {
            return self.misuse();
        }
        self.registers[usize::from(socket::CR)] = command;
        let nanos = self.lies.command_nanos.take().unwrap_or(COMMAND_NANOS);
        self.command = Some((command, nanos));
    }

    fn run(&mut self, command: u8, around: Around) {
        match command {
            socket::OPEN => self.open(around),
            socket::CLOSE => {
                self.registers[usize::from(socket::SR)] = socket::CLOSED;
                self.sending = None;
            }
            socket::SEND if self.is_open() => self.send(),
            socket::RECV if self.is_open() => self.free(),
            // A closed socket ignores them.
            socket::SEND | socket::RECV => {}
            _ => self.misuse(),
        }
    }

    fn open(&mut self, around: Around) {
        let is_macraw = self.registers[socket::MR] & socket::MR_PROTOCOL == socket::MR_MACRAW;
        if !is_macraw || !around.has_memory {
            return self.misuse();
        }
        for pointer in [socket::TX_RD, socket::TX_WR, socket::RX_RD, socket::RX_WR] {
            self.set_word(pointer, 0);
        }
        self.freed = 0;
        self.lies.size = None;
        self.registers[usize::from(socket::SR)] = socket::OPEN_MACRAW;
    }

    /// Sends what is between the pointers as one frame.
    fn send(&mut self) {
        let from = self.word(socket::TX_RD);
        let frame_len = usize::from(self.word(socket::TX_WR).wrapping_sub(from));
        if self.sending.is_some() || !(SHORTEST..=LONGEST).contains(&frame_len) {
            return self.misuse();
        }
        let bytes = u32::try_from(frame_len).unwrap_or(u32::MAX) + BESIDES_LEN;
        self.sending = Some((frame_len, bytes * BYTE_NANOS));
    }

    fn end_sending(&mut self, frame_len: usize) {
        let from = self.word(socket::TX_RD);
        for (address, byte) in (0..).zip(self.sent.iter_mut().take(frame_len)) {
            *byte = self.transmit[usize::from(from.wrapping_add(address)) % FIFO_LEN];
        }
        self.sent_len = frame_len;
        self.sending = None;
        let to = from.wrapping_add(u16::try_from(frame_len).unwrap_or(0));
        self.set_word(socket::TX_RD, to);
        if !core::mem::take(&mut self.lies.forgets_sent) {
            self.raise(socket::IR_SENDOK);
        }
    }

    /// Frees what has been read.
    fn free(&mut self) {
        let read_to = self.word(socket::RX_RD);
        if read_to.wrapping_sub(self.freed) > self.stored_len() {
            return self.misuse();
        }
        self.freed = read_to;
    }

    fn is_open(&self) -> bool {
        self.registers[usize::from(socket::SR)] == socket::OPEN_MACRAW
    }

    fn passes_filter(&self, frame: &[u8], own: [u8; 6]) -> bool {
        let is_off = self.registers[socket::MR] & socket::MR_FILTER == 0;
        is_off || frame.starts_with(&own) || frame.starts_with(&[0xff; 6])
    }

    fn stored_len(&self) -> u16 {
        self.word(socket::RX_WR).wrapping_sub(self.freed)
    }

    /// What it says of that.
    fn received_len(&self) -> u16 {
        self.lies.size.unwrap_or_else(|| self.stored_len())
    }

    fn free_len(&self) -> u16 {
        let kept = self.word(socket::TX_WR).wrapping_sub(self.word(socket::TX_RD));
        u16::from(self.read(socket::TXBUF_SIZE)).wrapping_mul(1 << 10).wrapping_sub(kept)
    }

    fn raise(&mut self, interrupt: u8) {
        self.registers[usize::from(socket::IR)] |= interrupt;
    }

    fn word(&self, register: u16) -> u16 {
        let high = self.registers[usize::from(register)];
        let low = self.registers[usize::from(register) + 1];
        u16::from_be_bytes([high, low])
    }

    fn set_word(&mut self, register: u16, value: u16) {
        let [high, low] = value.to_be_bytes();
        self.registers[usize::from(register)] = high;
        self.registers[usize::from(register) + 1] = low;
    }
}
