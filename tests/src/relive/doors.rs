//! Where the servers wait: what they listen on, and the listeners that nobody gets past.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn6, bind, listen, setsockopt, socket,
    sockopt,
};
use nix::sys::time::TimeVal;

use super::flow::{Answer, Flow, Kind};
use super::pair::{Pair, Place};

/// How long either end waits for what the other one has sent.
pub(super) const PATIENCE: Duration = Duration::from_millis(300);
/// The same, to the kernel.
const PATIENCE_TIME: TimeVal = TimeVal::new(0, 300_000);

/// The servers' sockets.
pub(super) struct Doors {
    /// By port; each hears of all addresses there.
    tcp: HashMap<(Place, u16), TcpListener>,
    /// By address and port.
    udp: HashMap<SocketAddr, UdpSocket>,
    /// Listeners whose queue is full, and the client that fills each.
    full: Vec<(OwnedFd, TcpStream)>,
}

impl Doors {
    /// Opens all that the flows need. Nothing may be tracked yet: what fills a queue is no flow.
    ///
    /// # Errors
    /// When a socket cannot be had.
    pub(super) fn open(pair: &Pair, flows: &[Flow]) -> Result<Self, String> {
        let mut doors = Self { tcp: HashMap::new(), udp: HashMap::new(), full: Vec::new() };
        for flow in flows.iter().filter(|flow| flow.answer == Answer::Accepts) {
            doors.accept(pair, flow)?;
        }
        pair.enter(Place::Relay)?;
        let mut full: Vec<_> = flows
            .iter()
            .filter(|flow| doors.is_ignored(flow))
            .map(|flow| flow.server.port())
            .collect();
        full.sort_unstable();
        full.dedup();
        for port in full {
            let filled = full_queue(port).map_err(|error| format!("port {port}: {error}"))?;
            doors.full.push(filled);
        }
        Ok(doors)
    }

    /// The relay's end of a connection that a client has just opened.
    pub(super) fn admit(&self, flow: &Flow, client: SocketAddr) -> io::Result<TcpStream> {
        let key = (Place::of(flow.server.ip()), flow.server.port());
        let listener = self.tcp.get(&key).ok_or(io::ErrorKind::NotFound)?;
        loop {
            let (stream, from) = listener.accept()?;
            // One that came too late for its own flow may still wait.
            if from.ip().to_canonical() == client.ip() && from.port() == client.port() {
                return Ok(stream);
            }
        }
    }

    /// The socket that hears what a flow's client says.
    pub(super) fn hearing(&self, flow: &Flow) -> Option<&UdpSocket> {
        self.udp.get(&flow.server)
    }

    fn accept(&mut self, pair: &Pair, flow: &Flow) -> Result<(), String> {
        let fault =
            |error: &dyn ToString| format!("a server at {}: {}", flow.server, error.to_string());
        let place = Place::of(flow.server.ip());
        let key = (place, flow.server.port());
        pair.enter(place)?;
        match flow.kind {
            Kind::Tcp if !self.tcp.contains_key(&key) => {
                let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, flow.server.port()))
                    .map_err(|error| fault(&error))?;
                setsockopt(&listener, sockopt::ReceiveTimeout, &PATIENCE_TIME)
                    .map_err(|error| fault(&error))?;
                self.tcp.insert(key, listener);
            }
            Kind::Udp if !self.udp.contains_key(&flow.server) => {
                let socket = UdpSocket::bind(flow.server).map_err(|error| fault(&error))?;
                socket.set_read_timeout(Some(PATIENCE)).map_err(|error| fault(&error))?;
                self.udp.insert(flow.server, socket);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the relay ignores who comes there. In the world the rules of a firewall do so; were there one
    /// at the relay, what it drops would have no entry.
    fn is_ignored(&self, flow: &Flow) -> bool {
        let key = (Place::Relay, flow.server.port());
        flow.kind == Kind::Tcp
            && flow.answer == Answer::Ignores
            && Place::of(flow.server.ip()) == Place::Relay
            && !self.tcp.contains_key(&key)
    }
}

/// A listener with room for one who waits to be accepted, and that one.
fn full_queue(port: u16) -> io::Result<(OwnedFd, TcpStream)> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let listener = socket(AddressFamily::Inet6, SockType::Stream, flags, None)?;
    setsockopt(&listener, sockopt::ReuseAddr, &true)?;
    let any = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0);
    bind(listener.as_raw_fd(), &SockaddrIn6::from(any))?;
    listen(&listener, Backlog::new(0)?)?;
    let waiting = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    Ok((listener, waiting))
}
