//! The other ends of an emulated board's wires: one frame in, one frame out, at either port.
//!
//! A wire is a pair of unix datagram sockets in a folder: the emulator binds `NAME.board`, this side
//! binds `NAME.wire`, and a datagram is a frame. A board's file `wires` says which wires it has, a
//! line each: the name of a port, whose frames the wire carries as they are, or a name and
//! `PORT=VLAN` for each port of a trunk, whose frames it carries with an 802.1Q tag. Behind
//! that may stand `longest=BYTES`, where ports take no longer frames, tags included; and `loses`, where
//! the board or its emulator loses frames for which it has no room: at others they wait in the queue of
//! the socket.

mod plan;

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::Side;
use plan::{Carries, Plan, Planned, WhenFull};

pub use plan::tagged;

/// Longer than any frame that a board sends.
const LONGEST: usize = 4096;

/// How long a board may leave its wires alone before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a sender waits for a place in a full queue, of which a board empties thousands a second.
const MOMENT: Duration = Duration::from_micros(50);

/// This side's ends of all wires of a board. Several threads may send and receive at once.
#[derive(Debug)]
pub struct Wires {
    wires: Vec<Wire>,
}

#[derive(Debug)]
struct Wire {
    socket: UnixDatagram,
    board: PathBuf,
    carries: Carries,
    when_full: WhenFull,
    longest: Option<usize>,
}

impl Wires {
    /// Binds the wires that `board/wires` names, in `folder`: before the emulator starts, which
    /// loses what it sends to a socket that is not there.
    ///
    /// # Errors
    /// The file cannot be read or says something else than wires, or a socket cannot be bound.
    pub fn open(board: &Path, folder: &Path) -> io::Result<Self> {
        let wires = Plan::read(&board.join("wires"))?.0.into_iter().map(|planned| {
            let Planned { name, carries, when_full, longest } = planned;
            let socket = bind(&folder.join(format!("{name}.wire")))?;
            let board = folder.join(format!("{name}.board"));
            Ok(Wire { socket, board, carries, when_full, longest })
        });
        Ok(Self { wires: wires.collect::<io::Result<_>>()? })
    }

    /// Sends a frame to the port on that side, and waits while the board's queue is full.
    ///
    /// # Errors
    /// [`is_unplugged`] when no board is there; `TimedOut` when the board takes nothing for seconds.
    pub fn send(&self, side: Side, frame: &[u8]) -> io::Result<()> {
        let until = Instant::now() + PATIENCE;
        while !self.try_send(side, frame)? {
            if Instant::now() > until {
                let what = format!("the board has taken no frame at {} for seconds", side.name());
                return Err(io::Error::new(ErrorKind::TimedOut, what));
            }
            sleep(MOMENT);
        }
        Ok(())
    }

    /// Sends a frame to the port on that side, or answers that the board's queue is full. Who both
    /// sends and receives must go on to receive then: the board may be waiting for that.
    ///
    /// # Errors
    /// [`is_unplugged`] when no board is there.
    pub fn try_send(&self, side: Side, frame: &[u8]) -> io::Result<bool> {
        let (wire, vlan) = self.at(side)?;
        match vlan {
            Some(vlan) => wire.try_send(&tagged(vlan, frame)),
            None => wire.try_send(frame),
        }
    }

    /// Sends bytes as they are on the wire that carries the port on that side: on a trunk without
    /// its tag, or with another that they have.
    ///
    /// # Errors
    /// As for [`Self::try_send`].
    pub fn try_send_untagged(&self, side: Side, bytes: &[u8]) -> io::Result<bool> {
        self.at(side)?.0.try_send(bytes)
    }

    /// Whether the ports are VLANs of a trunk.
    #[must_use]
    pub fn is_trunk(&self) -> bool {
        self.wires.iter().any(|wire| matches!(wire.carries, Carries::Trunk(_)))
    }

    /// Bytes of a frame that is not too long for any port.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.wires.iter().filter_map(|wire| wire.longest).min().unwrap_or(usize::MAX)
    }

    /// Whether a board that holds as many frames as it can loses those that are sent to it then.
    #[must_use]
    pub fn loses(&self) -> bool {
        self.wires.iter().any(|wire| wire.when_full == WhenFull::Loses)
    }

    /// The next frame that the board sends, which replaces what is in `frame`, and the side that it
    /// came out at. None if none comes for so long.
    ///
    /// # Errors
    /// `InvalidData` for a frame that is no port's: without a tag of the trunk. The next call goes on.
    pub fn receive(&self, frame: &mut Vec<u8>, wait: Duration) -> io::Result<Option<Side>> {
        let mut fds: Vec<_> = self
            .wires
            .iter()
            .map(|wire| PollFd::new(wire.socket.as_fd(), PollFlags::POLLIN))
            .collect();
        let wait = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
        poll(&mut fds, wait)?;
        let ready = fds.iter().position(|fd| fd.any() == Some(true));
        let Some(wire) = ready.and_then(|place| self.wires.get(place)) else { return Ok(None) };
        wire.receive(frame)
    }

    fn at(&self, side: Side) -> io::Result<(&Wire, Option<u16>)> {
        let mut ports = self.wires.iter().filter_map(|wire| Some((wire, wire.carries.vlan(side)?)));
        ports.next().ok_or_else(|| {
            let what = format!("the board has no wire for {}", side.name());
            io::Error::new(ErrorKind::NotFound, what)
        })
    }
}

impl Wire {
    fn try_send(&self, bytes: &[u8]) -> io::Result<bool> {
        if bytes.is_empty() {
            // QEMU would take it for the wire's end, and read it no more.
            return Err(io::Error::new(ErrorKind::InvalidInput, "a frame without a byte"));
        }
        match self.socket.send_to(bytes, &self.board) {
            Ok(_) => Ok(true),
            Err(why) if why.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(why) => Err(why),
        }
    }

    fn receive(&self, frame: &mut Vec<u8>) -> io::Result<Option<Side>> {
        let mut buffer = [0; LONGEST];
        let received = match self.socket.recv(&mut buffer) {
            Ok(len) => buffer.get(..len).unwrap_or_default(),
            // Another thread was faster.
            Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(why) => return Err(why),
        };
        frame.clear();
        frame.extend_from_slice(received);
        self.carries.take_tag(frame).map(Some).ok_or_else(|| {
            let (len, board) = (frame.len(), self.board.display());
            let what = format!("a frame of {len} bytes came out of {board}");
            io::Error::new(ErrorKind::InvalidData, format!("{what} without a tag of a port's VLAN"))
        })
    }
}

/// Whether an error says that no board is at the other end.
#[must_use]
pub fn is_unplugged(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

fn bind(path: &Path) -> io::Result<UnixDatagram> {
    let bound = UnixDatagram::bind(path).and_then(|socket| {
        socket.set_nonblocking(true)?;
        Ok(socket)
    });
    bound.map_err(|why| io::Error::new(why.kind(), format!("{}: {why}", path.display())))
}

#[cfg(test)]
mod tests;
