//! The chip: what its pins do, and what is on its wire.

use crate::fault::{Answers, Fault};
use crate::frame::{Access, Block, Phase, Target};
use crate::registers::{COMMON_COUNT, common, socket};
use crate::socket::{Around, Lies, Longest, Socket};

/// How long RSTn must be low at least.
pub const RESET_NANOS: u32 = 500_000;

/// How long the chip answers nothing after that, while its clock settles.
pub const BOOT_NANOS: u32 = 1_000_000;

/// The memory of all sockets together, in each direction, in KB.
const MEMORY_KB: u32 = 16;

/// A frame that [`Fault::FillsFifo`] takes in: to all, from nobody, of the type for experiments.
const JUNK: [u8; 60] = {
    let mut junk = [0; 60];
    let head = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x55, 0x88, 0xb5];
    let mut at = 0;
    while at < head.len() {
        junk[at] = head[at];
        at += 1;
    }
    junk
};

/// A W5500.
#[derive(Debug)]
pub struct Chip {
    common: [u8; COMMON_COUNT],
    socket: Socket,
    /// What the other sockets have of the memory, in KB: to receive, and to send.
    others: [[u8; 2]; 7],
    phase: Phase,
    address: u16,
    power: Power,
    link: Link,
    negotiation: Negotiation,
    answers: Answers,
}

/// What a pin is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// 0 V.
    Low,
    /// 3.3 V.
    High,
}

/// Whether somebody is at the other end of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Somebody is.
    Up,
    /// Nobody is.
    Down,
}

/// How long its PHY and the one at the other end take to agree after a reset, in nanoseconds: real ones
/// take seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Negotiation {
    nanos: u32,
    left: u32,
}

/// What RSTn has done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    /// RSTn has been low for so long.
    Reset(u32),
    /// It takes so much longer until it answers.
    Boots(u32),
    Runs,
    /// It waits for RSTn.
    Hangs,
}

impl Chip {
    /// One that runs, and has a link, also at once after a reset; and that takes in what it could send.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "for statics")]
    pub const fn new() -> Self {
        let mut new = Self {
            common: [0; COMMON_COUNT],
            socket: Socket::new(),
            others: [[2; 2]; 7],
            phase: Phase::Idle,
            address: 0,
            power: Power::Runs,
            link: Link::Up,
            negotiation: Negotiation { nanos: 0, left: 0 },
            answers: Answers::Whole,
        };
        new.begin_anew();
        new
    }

    /// SCSn goes low: a frame begins.
    pub fn select(&mut self) {
        if matches!(self.power, Power::Reset(_) | Power::Boots(_)) {
            self.socket.misuse();
        }
        self.phase = Phase::AddressHigh;
    }

    /// A byte goes each way.
    #[inline]
    pub fn exchange(&mut self, mosi: u8) -> u8 {
        let miso = if self.power == Power::Runs { self.answer(mosi) } else { 0 };
        self.answers.pass(miso)
    }

    /// Bytes go each way: what comes takes the place of what went.
    pub fn exchange_in_place(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.exchange(*byte);
        }
    }

    /// SCSn goes high: the frame ends.
    pub fn deselect(&mut self) {
        self.phase = Phase::Idle;
    }

    /// Whether INTn is low.
    #[must_use]
    pub fn is_interrupting(&self) -> bool {
        let sockets = self.common[common::SIMR] & self.sockets_interrupting();
        let itself = self.common[common::IMR] & self.common[usize::from(common::IR)];
        self.power == Power::Runs && !self.is_unplugged() && (sockets | itself) != 0
    }

    /// RSTn changes.
    pub fn set_reset(&mut self, level: Level) {
        match (self.power, level) {
            (Power::Runs | Power::Boots(_) | Power::Hangs, Level::Low) => {
                self.lose_all();
                self.power = Power::Reset(0);
            }
            (Power::Reset(nanos), Level::High) => {
                if nanos < RESET_NANOS {
                    self.socket.misuse();
                }
                self.power = Power::Boots(BOOT_NANOS);
            }
            _ => {}
        }
    }

    /// Somebody plugs the wire in or pulls it out.
    pub fn set_link(&mut self, link: Link) {
        self.link = link;
    }

    /// From the next reset on there is no link for so long after it.
    pub fn set_negotiation(&mut self, nanos: u32) {
        self.negotiation.nanos = nanos;
    }

    /// What it takes in at the most.
    pub fn set_longest(&mut self, longest: Longest) {
        self.socket.longest = longest;
    }

    /// A frame comes in, without its check sequence; `false` when it is lost: there is no link, the
    /// socket is not open, the frame is none or for somebody else, or the FIFO is too full.
    pub fn deliver(&mut self, frame: &[u8]) -> bool {
        let own = &self.common[common::SHAR..];
        let own = own.first_chunk().copied().unwrap_or_default();
        let is_there = self.power == Power::Runs && !self.is_unplugged();
        is_there && self.agreed() == Link::Up && self.socket.deliver(frame, own)
    }

    /// The frame that has gone out, if one has since it was asked last. The next does not go out
    /// before this one is taken.
    pub fn take_sent(&mut self) -> Option<&[u8]> {
        self.socket.take_sent()
    }

    /// Whether a frame is on the wire: SEND was taken, and the frame is not through.
    #[must_use]
    pub const fn is_sending(&self) -> bool {
        self.socket.is_sending()
    }

    /// How many nanoseconds it takes until the chip does something by itself, if it is about to.
    #[must_use]
    pub fn next_event(&self) -> Option<u32> {
        let agrees = Some(self.negotiation.left).filter(|&left| left > 0);
        let next = match self.power {
            Power::Reset(_) | Power::Hangs => return None,
            Power::Boots(nanos) => Some(nanos.max(1)),
            Power::Runs => self.socket.next_event(self.agreed()),
        };
        [next, agrees].into_iter().flatten().min()
    }

    /// Time goes by.
    pub fn elapse(&mut self, nanos: u32) {
        let mut left = nanos;
        while left > 0 {
            let step = self.next_event().map_or(left, |event| event.min(left));
            self.pass(step);
            left -= step;
        }
    }

    /// Does this wrong, now or at the next occasion.
    pub fn fault(&mut self, fault: Fault) {
        let lies = &mut self.socket.lies;
        match fault {
            Fault::ResetsItself => self.lose_all(),
            Fault::LiesAboutLength(length) => lies.length = Some(length),
            Fault::LiesAboutSize(size) => lies.size = Some(size),
            Fault::FillsFifo => while self.deliver(&JUNK) {},
            Fault::Overflows => {
                while self.deliver(&JUNK) {}
                self.socket.deliver_part(&JUNK);
            }
            Fault::DelaysCommand(nanos) => lies.command_nanos = Some(nanos),
            Fault::ForgetsSent => lies.forgets_sent = true,
            Fault::TurnsBit => lies.turns_bit = true,
            Fault::Unplugged(level) => {
                self.lose_all();
                self.answers = Answers::Constant(level);
            }
            Fault::Garbles(seed) => self.answers = Answers::Garbled(seed.max(1)),
            Fault::Hangs => self.power = Power::Hangs,
        }
    }

    /// Ends the faults that last, and forgets those whose occasion did not come.
    pub fn mend(&mut self) {
        self.answers = Answers::Whole;
        self.socket.lies = Lies::NONE;
    }

    /// How often the driver did what the datasheet forbids: a command before the last is through, a
    /// SEND before SENDOK or of what is no frame, a RECV beyond what there is, an OPEN with more
    /// memory than there is or in another mode than MACRAW, an SPI frame that says its own length or
    /// comes while the chip resets, a RSTn that is too short.
    #[must_use]
    pub const fn misuse_count(&self) -> u32 {
        self.socket.misuse_count()
    }

    #[inline]
    fn answer(&mut self, mosi: u8) -> u8 {
        match self.phase {
            Phase::Bytes(target) => {
                let address = self.address;
                self.address = address.wrapping_add(1);
                match target.access {
                    Access::Read => self.read(target.block, address),
                    Access::Write if self.is_unplugged() => 0,
                    Access::Write => {
                        self.write(target.block, address, mosi);
                        0
                    }
                }
            }
            _ => self.head(mosi),
        }
    }

    /// The bytes in front: the chip counts them meanwhile, which no datasheet promises.
    fn head(&mut self, mosi: u8) -> u8 {
        let (next, miso) = match self.phase {
            Phase::AddressHigh => {
                self.address = u16::from(mosi) << 8;
                (Phase::AddressLow, 1)
            }
            Phase::AddressLow => {
                self.address |= u16::from(mosi);
                (Phase::Control, 2)
            }
            Phase::Control => match Target::of(mosi) {
                Some(target) => (Phase::Bytes(target), 3),
                None => {
                    self.socket.misuse();
                    (Phase::Idle, 3)
                }
            },
            phase @ (Phase::Idle | Phase::Bytes(_)) => (phase, 0),
        };
        self.phase = next;
        miso
    }

    fn read(&mut self, block: Block, address: u16) -> u8 {
        match (block, address) {
            (Block::Receive, _) => self.socket.read_fifo(address),
            (Block::Socket(0), socket::SR) => self.socket.read_state(),
            (Block::Socket(0), _) => self.socket.read(address),
            (Block::Socket(number), socket::RXBUF_SIZE) => self.memory(number)[0],
            (Block::Socket(number), socket::TXBUF_SIZE) => self.memory(number)[1],
            (Block::Common, common::SIR) => self.sockets_interrupting(),
            (Block::Common, common::PHYCFGR) if self.agreed() == Link::Up => {
                common::PHY_IDLE | common::PHY_FAST | common::PHY_LINK
            }
            (Block::Common, common::PHYCFGR) => common::PHY_IDLE,
            (Block::Common, _) => self.common.get(usize::from(address)).copied().unwrap_or(0),
            (Block::Socket(_) | Block::Transmit | Block::Elsewhere, _) => 0,
        }
    }

    fn write(&mut self, block: Block, address: u16, value: u8) {
        match (block, address) {
            (Block::Transmit, _) => self.socket.write_fifo(address, value),
            (Block::Socket(0), _) => self.socket.write(address, value),
            (Block::Socket(number), socket::RXBUF_SIZE | socket::TXBUF_SIZE) => {
                let which = usize::from(address - socket::RXBUF_SIZE);
                self.others[usize::from(number - 1)][which] = value;
            }
            (Block::Common, common::MR) if value & common::MR_RST != 0 => self.begin_anew(),
            (Block::Common, common::IR) => self.common[usize::from(common::IR)] &= !value,
            (Block::Common, common::SIR | common::PHYCFGR | common::VERSIONR) => {}
            (Block::Common, _) => {
                if let Some(register) = self.common.get_mut(usize::from(address)) {
                    *register = value;
                }
            }
            (Block::Socket(_) | Block::Receive | Block::Elsewhere, _) => {}
        }
    }

    /// What a socket has of the memory, in KB.
    fn memory(&self, number: u8) -> [u8; 2] {
        let other = number.checked_sub(1).and_then(|at| self.others.get(usize::from(at)));
        let first = [socket::RXBUF_SIZE, socket::TXBUF_SIZE].map(|size| self.socket.read(size));
        other.copied().unwrap_or(first)
    }

    /// Whether no more memory is given away than there is, and the first socket has all of it: the
    /// model's FIFOs have one length.
    fn has_memory(&self) -> bool {
        let given = (0..8).map(|number| self.memory(number).map(u32::from));
        let [receive, send] =
            given.fold([0, 0], |[rx, tx], [more_rx, more_tx]| [rx + more_rx, tx + more_tx]);
        let first = self.memory(0).map(u32::from);
        first == [MEMORY_KB; 2] && receive == MEMORY_KB && send == MEMORY_KB
    }

    fn sockets_interrupting(&self) -> u8 {
        u8::from(self.socket.is_interrupting())
    }

    fn is_unplugged(&self) -> bool {
        matches!(self.answers, Answers::Constant(_))
    }

    /// Whether there is a link, as the chip sees it.
    fn agreed(&self) -> Link {
        if self.negotiation.left > 0 { Link::Down } else { self.link }
    }

    /// All is as after power-up, and the link has to be found anew.
    fn lose_all(&mut self) {
        self.begin_anew();
        self.negotiation.left = self.negotiation.nanos;
    }

    /// Registers as after power-up.
    const fn begin_anew(&mut self) {
        self.common = [0; COMMON_COUNT];
        let mut at = 0;
        while at < common::RESET.len() {
            let (register, value) = common::RESET[at];
            self.common[register] = value;
            at += 1;
        }
        self.others = [[2; 2]; 7];
        self.socket.reset();
    }

    fn pass(&mut self, nanos: u32) {
        let link = self.agreed();
        if !matches!(self.power, Power::Reset(_) | Power::Hangs) {
            self.negotiation.left = self.negotiation.left.saturating_sub(nanos);
        }
        match &mut self.power {
            Power::Reset(passed) => *passed = passed.saturating_add(nanos),
            Power::Hangs => {}
            Power::Boots(left) => {
                *left = left.saturating_sub(nanos);
                if *left == 0 {
                    self.power = Power::Runs;
                }
            }
            Power::Runs => {
                let around = Around { link, has_memory: self.has_memory() };
                self.socket.pass(nanos, around);
            }
        }
    }
}

const _: () = assert!(size_of::<Chip>() < 40 << 10, "it is a static of an emulator");
