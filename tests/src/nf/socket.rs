//! A socket to netfilter in the kernel, for requests and for what it tells of itself.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt::RcvBufForce;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send,
    setsockopt, socket,
};

use super::message::{Message, Messages, Request};

/// Room for what the kernel tells before it is read: a dump of all that a table holds.
const QUEUE_LEN: usize = 64 << 20;
/// Room for what comes by one call.
const BUFFER_LEN: usize = 1 << 18;

/// The number of the error of what is not there.
const ENOENT: i32 = Errno::ENOENT as i32;

/// A socket.
pub(super) struct Socket {
    socket: OwnedFd,
    buffer: Vec<u8>,
    sequence: u32,
}

impl Socket {
    /// A socket that hears of these groups of events (a bit each).
    pub(super) fn open(groups: u32) -> io::Result<Self> {
        let protocol = SockProtocol::NetlinkNetFilter;
        let flags = SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
        setsockopt(&socket, RcvBufForce, &QUEUE_LEN)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        Ok(Self { socket, buffer: vec![0; BUFFER_LEN], sequence: 0 })
    }

    /// Sends a request that is not answered unless it fails; [`ask`](Self::ask) tells of that.
    pub(super) fn tell(&mut self, request: Request) -> io::Result<()> {
        self.sequence += 1;
        let bytes = request.numbered(self.sequence);
        send(self.socket.as_raw_fd(), &bytes, MsgFlags::empty())?;
        Ok(())
    }

    /// Sends a request that has one answer, and hands that out; `None` if there is no such thing.
    pub(super) fn ask(&mut self, request: Request) -> io::Result<Option<Message<'_>>> {
        self.tell(request)?;
        let len = recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::empty())?;
        let Some(answer) = Messages(&self.buffer[..len]).next() else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        if answer.word == Message::ERROR {
            let error = answer.error();
            return match (error, answer.sequence == self.sequence) {
                (0, true) => Ok(Some(answer)),
                (ENOENT, true) => Ok(None),
                _ => Err(io::Error::from_raw_os_error(error)),
            };
        }
        Ok(Some(answer))
    }

    /// Sends a request that has many answers, and hands each out.
    pub(super) fn dump(
        &mut self,
        request: Request,
        mut each: impl FnMut(&Message<'_>),
    ) -> io::Result<()> {
        self.tell(request)?;
        loop {
            let len = recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::empty())?;
            for message in Messages(&self.buffer[..len]) {
                match message.word {
                    Message::DONE => return Ok(()),
                    Message::ERROR => return Err(io::Error::from_raw_os_error(message.error())),
                    _ => each(&message),
                }
            }
        }
    }

    /// Hands out what has come unasked so far.
    pub(super) fn heard(&mut self, mut each: impl FnMut(&Message<'_>)) -> io::Result<()> {
        loop {
            match recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(len) => Messages(&self.buffer[..len]).for_each(|message| each(&message)),
                Err(Errno::EAGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
