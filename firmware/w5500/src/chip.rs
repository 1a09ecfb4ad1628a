//! What the driver asks of the chip's registers and tells them, a burst each.

use w5500_ll::{
    BufferSize, Interrupt, LinkStatus, Mode, PhyCfg, Protocol, SOCKETS, Sn, SnReg, SocketCommand,
    SocketInterrupt, SocketInterruptMask, SocketMode, SocketStatus, VERSION,
};

use keeptrack_gateway::LinkState;

use crate::bus::Bus;
use crate::trouble::Trouble;

/// The only socket that has a MACRAW mode.
const SOCKET: Sn = Sn::Sn0;

/// What the chip keeps received frames in: all of the memory that it has for them.
pub(crate) const FIFO_LEN: u16 = 16 << 10;

/// Frames to anybody. What the filter for others' frames takes away is multicast, too.
const MODE: SocketMode = SocketMode::DEFAULT.set_protocol(Protocol::Macraw);

/// A frame has come in; a frame has gone out.
const INTERRUPTS: SocketInterruptMask =
    SocketInterruptMask::ALL_MASKED.unmask_recv().unmask_sendok();

/// How often the pointers are read until they agree: a frame that comes in meanwhile is against it,
/// and on a slow bus or in a flood the next one may be, too.
const READINGS: usize = 4;

/// What the socket's first registers say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) has_command: bool,
    pub(crate) interrupts: SocketInterrupt,
    /// A state that there is none of counts as another.
    pub(crate) status: Option<SocketStatus>,
}

/// Where the next bytes go to and come from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pointers {
    pub(crate) write_to: u16,
    pub(crate) read_to: u16,
}

/// The receive FIFO from this address on, as a bus has it.
pub(crate) const fn received(address: u16) -> (u16, u8) {
    (address, SOCKET.rx_block())
}

/// The send FIFO.
pub(crate) const fn to_send(address: u16) -> (u16, u8) {
    (address, SOCKET.tx_block())
}

/// The chip at the other end of a bus.
pub(crate) trait Chip: Bus {
    /// Whether a command is under way, what has happened, and what the socket is.
    fn look(&mut self) -> Result<Look, Trouble> {
        let mut bytes = [0; 3];
        self.burst(SnReg::CR, &mut bytes)?;
        let [command, interrupts, status] = bytes;
        Ok(Look {
            has_command: command != SocketCommand::Accepted as u8,
            interrupts: interrupts.into(),
            status: SocketStatus::try_from(status).ok(),
        })
    }

    /// Forgets what has happened.
    fn acknowledge(&mut self, interrupts: SocketInterrupt) -> Result<(), Trouble> {
        self.set_sn_ir(SOCKET, interrupts).map_err(|_| Trouble::Bus)
    }

    /// How many bytes of frames wait, of which the first is at `read_to`; none while frames come in so
    /// fast that the chip's pointers do not agree.
    fn waiting_len(&mut self, read_to: u16) -> Result<Option<u16>, Trouble> {
        for _ in 0..READINGS {
            let mut bytes = [0; 6];
            self.burst(SnReg::RX_RSR0, &mut bytes)?;
            let [len_high, len_low, rd_high, rd_low, wr_high, wr_low] = bytes;
            let len = u16::from_be_bytes([len_high, len_low]);
            let written_to = u16::from_be_bytes([wr_high, wr_low]);
            if u16::from_be_bytes([rd_high, rd_low]) != read_to || len > FIFO_LEN {
                return Err(Trouble::OutOfStep);
            }
            if written_to.wrapping_sub(read_to) == len {
                return Ok(Some(len));
            }
        }
        Ok(None)
    }

    /// The two bytes at an address of the receive FIFO.
    fn word(&mut self, at: u16) -> Result<u16, Trouble> {
        let mut bytes = [0; 2];
        let (address, block) = received(at);
        self.read(address, block, &mut bytes).map_err(|_| Trouble::Bus)?;
        Ok(u16::from_be_bytes(bytes))
    }

    /// Has what is before this address freed. It takes a moment.
    fn free(&mut self, read_to: u16) -> Result<(), Trouble> {
        self.set_sn_rx_rd(SOCKET, read_to).map_err(|_| Trouble::Bus)?;
        self.order(SocketCommand::Recv)
    }

    /// Has the frame sent that ends before this address.
    fn send(&mut self, write_to: u16) -> Result<(), Trouble> {
        self.set_sn_tx_wr(SOCKET, write_to).map_err(|_| Trouble::Bus)?;
        self.order(SocketCommand::Send)
    }

    /// Begins a command. None is under way.
    fn order(&mut self, command: SocketCommand) -> Result<(), Trouble> {
        self.set_sn_cr(SOCKET, command).map_err(|_| Trouble::Bus)
    }

    /// Has all registers begin anew. It takes a moment.
    fn reset(&mut self) -> Result<(), Trouble> {
        self.set_mr(Mode::DEFAULT.rst()).map_err(|_| Trouble::Bus)
    }

    /// Whether it is a W5500, and through with a reset.
    fn is_ready(&mut self) -> Result<bool, Trouble> {
        let version = self.version().map_err(|_| Trouble::Bus)?;
        let mode = self.mr().map_err(|_| Trouble::Bus)?;
        Ok(version == VERSION && mode == Mode::DEFAULT)
    }

    /// Says how the socket is to be opened: as one to all Ethernet frames, with all the memory. No
    /// other protocol answers.
    fn set_up(&mut self) -> Result<(), Trouble> {
        // The others first: at no time more is given away than there is.
        for socket in SOCKETS.into_iter().rev() {
            let size = if socket == SOCKET { BufferSize::KB16 } else { BufferSize::KB0 };
            let sizes = [size.into(); 2];
            let address = SnReg::RXBUF_SIZE.addr();
            self.write(address, socket.block(), &sizes).map_err(|_| Trouble::Bus)?;
        }
        self.set_mr(Mode::DEFAULT.enable_pb())
            .and_then(|()| self.set_imr(Interrupt::DEFAULT))
            .and_then(|()| self.set_simr(SOCKET.bitmask()))
            .and_then(|()| self.set_sn_mr(SOCKET, MODE))
            .and_then(|()| self.set_sn_imr(SOCKET, INTERRUPTS))
            .and_then(|()| self.set_sn_ir(SOCKET, u8::MAX))
            .map_err(|_| Trouble::Bus)
    }

    /// Where the FIFOs begin, once the socket is open.
    fn pointers(&mut self) -> Result<Pointers, Trouble> {
        let mut bytes = [0; 6];
        self.burst(SnReg::TX_WR0, &mut bytes)?;
        let [wr_high, wr_low, _, _, rd_high, rd_low] = bytes;
        Ok(Pointers {
            write_to: u16::from_be_bytes([wr_high, wr_low]),
            read_to: u16::from_be_bytes([rd_high, rd_low]),
        })
    }

    /// Whether there is a link.
    fn link(&mut self) -> Result<LinkState, Trouble> {
        let phy: PhyCfg = self.phycfgr().map_err(|_| Trouble::Bus)?;
        Ok(match phy.lnk() {
            LinkStatus::Up => LinkState::Up,
            LinkStatus::Down => LinkState::Down,
        })
    }

    /// The socket's registers from this one on.
    fn burst(&mut self, from: SnReg, bytes: &mut [u8]) -> Result<(), Trouble> {
        self.read(from.addr(), SOCKET.block(), bytes).map_err(|_| Trouble::Bus)
    }
}

impl<B: Bus> Chip for B {}
