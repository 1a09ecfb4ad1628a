//! Both ends of every flow, and what they do when it is due.
//!
//! One thread does all that both ends do, in the order of the plan: what one end has said, the other
//! has heard before anybody does anything else. So no flow depends on how busy the machine is, and
//! only moments do.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::thread;
use std::time::Instant;

use nix::libc::linger;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, connect, setsockopt,
    socket, sockopt,
};
use nix::sys::time::TimeVal;

use super::doors::{Doors, PATIENCE};
use super::flow::{Act, Answer, Flow, Kind, Side};
use super::pair::{Pair, Place};
use super::plan::Due;

/// What is said: nobody cares what it is.
static WORDS: [u8; 65_536] = [b'.'; 65_536];
/// The types of an echo request: ICMP's and ICMPv6's.
const ECHO: [u8; 2] = [8, 128];
/// How long a client waits whose server ignores it. It returns when its step to leave is due.
const AT_ONCE: TimeVal = TimeVal::new(0, 1);
/// How long it waits for others.
const PATIENCE_TIME: TimeVal = TimeVal::new(0, 300_000);

/// The two ends of a flow, as far as they are open.
#[derive(Default)]
struct Talk {
    client: Option<End>,
    server: Option<TcpStream>,
    /// Whom a server of UDP answers.
    caller: Option<SocketAddr>,
    /// How many requests were sent.
    asked: u16,
}

enum End {
    Stream(TcpStream),
    /// Of UDP, and of echo requests.
    Datagram(UdpSocket),
}

/// Who plays the flows.
pub(super) struct Player<'p> {
    pair: &'p Pair,
    doors: &'p Doors,
    flows: &'p [Flow],
    talks: Vec<Talk>,
    /// Where this thread is.
    here: Option<Place>,
    /// How many steps did not do what they should.
    missed: usize,
}

impl<'p> Player<'p> {
    /// Opens what was open before the capture.
    ///
    /// # Errors
    /// When there is no way into a namespace.
    pub(super) fn new(pair: &'p Pair, doors: &'p Doors, flows: &'p [Flow]) -> Result<Self, String> {
        let talks = flows.iter().map(|_| Talk::default()).collect();
        let mut player = Self { pair, doors, flows, talks, here: None, missed: 0 };
        for number in (0..flows.len()).filter(|number| flows[*number].is_early) {
            player.step(number, Side::Client, Act::Open)?;
        }
        Ok(player)
    }

    /// Does all that is planned, and answers how many steps did not do what they should.
    ///
    /// # Errors
    /// When there is no way into a namespace.
    pub(super) fn play(mut self, plan: &[Due]) -> Result<usize, String> {
        let start = Instant::now();
        for due in plan {
            let flow = &self.flows[due.flow];
            if flow.is_early && due.step.act == Act::Open {
                continue;
            }
            thread::sleep(due.after.saturating_sub(start.elapsed()));
            self.step(due.flow, due.step.side, due.step.act)?;
        }
        Ok(self.missed)
    }

    fn step(&mut self, number: usize, side: Side, act: Act) -> Result<(), String> {
        let flow = &self.flows[number];
        let place = Place::of(flow.client.ip());
        let talk = &mut self.talks[number];
        if talk.client.is_none() && side == Side::Client && self.here != Some(place) {
            self.pair.enter(place)?;
            self.here = Some(place);
        }
        let done = match flow.kind {
            Kind::Tcp => talk.segment(self.doors, flow, (side, act)),
            Kind::Udp => talk.datagram(self.doors, flow, (side, act)),
            Kind::Ping => talk.ping(flow, (side, act)),
        };
        self.missed += usize::from(done.is_err());
        Ok(())
    }
}

impl Talk {
    fn segment(&mut self, doors: &Doors, flow: &Flow, (side, act): (Side, Act)) -> io::Result<()> {
        match (act, &mut self.client, &mut self.server) {
            (Act::Open, ..) => self.open(doors, flow),
            (Act::Leave, ..) => {
                *self = Self::default();
                Ok(())
            }
            (Act::Say(len), Some(End::Stream(client)), Some(server)) => match side {
                Side::Client => pass(len, client, server),
                Side::Server => pass(len, server, client),
            },
            (Act::Finish, Some(End::Stream(client)), Some(server)) => {
                let end = if side == Side::Client { client } else { server };
                end.shutdown(Shutdown::Write)
            }
            (Act::Reset, Some(End::Stream(client)), Some(server)) => {
                let now = linger { l_onoff: 1, l_linger: 0 };
                let end = if side == Side::Client { client.as_fd() } else { server.as_fd() };
                setsockopt(&end, sockopt::Linger, &now)?;
                match side {
                    Side::Client => self.client = None,
                    Side::Server => self.server = None,
                }
                Ok(())
            }
            // Of a refused one nothing is left; the kernel itself has said so.
            _ if flow.answer == Answer::Refuses => Ok(()),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn open(&mut self, doors: &Doors, flow: &Flow) -> io::Result<()> {
        let client = of_client(flow, SockType::Stream, None)?;
        let patience = if flow.answer == Answer::Ignores { AT_ONCE } else { PATIENCE_TIME };
        setsockopt(&client, sockopt::SendTimeout, &patience)?;
        let opened = connect(client.as_raw_fd(), &SockaddrStorage::from(flow.server));
        let client = TcpStream::from(client);
        client.set_read_timeout(Some(PATIENCE))?;
        match flow.answer {
            Answer::Refuses => {}
            Answer::Ignores => self.client = Some(End::Stream(client)),
            Answer::Accepts => {
                opened?;
                client.set_nodelay(true)?;
                let server = doors.admit(flow, client.local_addr()?)?;
                server.set_nodelay(true)?;
                server.set_read_timeout(Some(PATIENCE))?;
                self.client = Some(End::Stream(client));
                self.server = Some(server);
            }
        }
        Ok(())
    }

    fn datagram(&mut self, doors: &Doors, flow: &Flow, (side, act): (Side, Act)) -> io::Result<()> {
        let mut heard = [0; 65_536];
        match (side, act) {
            (Side::Client, Act::Say(len)) => {
                self.caller_socket(flow, None)?.send(said(len))?;
                if let Some(server) = doors.hearing(flow) {
                    self.caller = Some(server.recv_from(&mut heard)?.1);
                }
            }
            (Side::Server, Act::Say(len)) => {
                let (Some(server), Some(caller)) = (doors.hearing(flow), self.caller) else {
                    return Err(io::ErrorKind::NotConnected.into());
                };
                server.send_to(said(len), caller)?;
                self.caller_socket(flow, None)?.recv(&mut heard)?;
            }
            _ => *self = Self::default(),
        }
        Ok(())
    }

    fn ping(&mut self, flow: &Flow, (side, act): (Side, Act)) -> io::Result<()> {
        match (side, act) {
            (Side::Client, Act::Say(len)) => {
                let [icmp, icmpv6] = ECHO;
                let (kind, protocol) = match flow.client {
                    SocketAddr::V4(_) => (icmp, SockProtocol::Icmp),
                    SocketAddr::V6(_) => (icmpv6, SockProtocol::IcmpV6),
                };
                let [high, low] = self.asked.to_be_bytes();
                self.asked += 1;
                // The kernel fills in the check sum and the identifier.
                let request = [&[kind, 0, 0, 0, 0, 0, high, low], said(len)].concat();
                let socket = self.caller_socket(flow, Some(protocol))?;
                socket.send(&request)?;
                socket.recv(&mut [0; 65_536])?;
            }
            // The kernel of the host answers.
            (Side::Server, _) => {}
            _ => *self = Self::default(),
        }
        Ok(())
    }

    /// The client's socket, which is opened when it is first needed.
    fn caller_socket(
        &mut self,
        flow: &Flow,
        protocol: Option<SockProtocol>,
    ) -> io::Result<&UdpSocket> {
        if self.client.is_none() {
            let socket = of_client(flow, SockType::Datagram, protocol)?;
            connect(socket.as_raw_fd(), &SockaddrStorage::from(flow.server))?;
            let socket = UdpSocket::from(socket);
            socket.set_read_timeout(Some(PATIENCE))?;
            self.client = Some(End::Datagram(socket));
        }
        match &self.client {
            Some(End::Datagram(socket)) => Ok(socket),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// A socket that has the client's address, and its port if that is free.
fn of_client(flow: &Flow, kind: SockType, protocol: Option<SockProtocol>) -> io::Result<OwnedFd> {
    let family = match flow.client {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let client = socket(family, kind, SockFlag::SOCK_CLOEXEC, protocol)?;
    setsockopt(&client, sockopt::ReuseAddr, &true)?;
    let bound = bind(client.as_raw_fd(), &SockaddrStorage::from(flow.client));
    if bound.is_err() {
        let any = SocketAddr::new(flow.client.ip(), 0);
        bind(client.as_raw_fd(), &SockaddrStorage::from(any))?;
    }
    Ok(client)
}

/// Has one end say so many bytes, and the other hear them.
fn pass(len: usize, from: &mut TcpStream, to: &mut TcpStream) -> io::Result<()> {
    from.write_all(said(len))?;
    to.read_exact(&mut vec![0; said(len).len()])
}

fn said(len: usize) -> &'static [u8] {
    &WORDS[..len.min(WORDS.len())]
}
