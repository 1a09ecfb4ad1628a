//! What is said between two hosts, and whether it is heard.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use super::network::{Network, Place};
use crate::nf::namespace::run;

/// How long is waited for what may never come.
const PATIENCE: Duration = Duration::from_millis(300);

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A datagram, and one that answers it.
    Question,
    /// A datagram that nobody answers.
    Notice,
    /// A connection of TCP: a byte, and one that answers it.
    Stream,
    /// An echo.
    Ping,
}

/// Who says what to whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    pub(super) kind: Kind,
    /// Who speaks, and from which port; 0 is any.
    pub(super) from: (Place, u16),
    /// To which address and port.
    pub(super) to: (IpAddr, u16),
    /// Who hears it, and at which port.
    pub(super) heard: (Place, u16),
}

impl Talk {
    /// Says it, and tells whether it was heard, and answered.
    pub(super) fn is_heard(&self, network: &Network) -> Result<bool, String> {
        match self.kind {
            Kind::Question => self.is_answered(network),
            Kind::Notice => Ok(self.datagram(network)?.is_some()),
            Kind::Stream => self.is_connected(network),
            Kind::Ping => {
                network.enter(self.from.0)?;
                let to = self.to.0.to_string();
                Ok(run("ping", &["-c", "1", "-W", "1", &to], "").is_ok())
            }
        }
    }

    /// The sockets between which a datagram has come over, and who sent it.
    fn datagram(
        &self,
        network: &Network,
    ) -> Result<Option<(UdpSocket, UdpSocket, SocketAddr)>, String> {
        let (place, port) = self.heard;
        let hearing = bound(network, place, (any(self.to.0), port))?;
        let (place, port) = self.from;
        let speaking = bound(network, place, (any(self.to.0), port))?;
        // A rule that drops it tells the sender so at once.
        if speaking.connect(self.to).and_then(|()| speaking.send(b"?")).is_err() {
            return Ok(None);
        }
        let heard = hearing.recv_from(&mut [0; 1]);
        Ok(heard.ok().map(|(_, from)| (speaking, hearing, from)))
    }

    fn is_answered(&self, network: &Network) -> Result<bool, String> {
        let Some((speaking, hearing, from)) = self.datagram(network)? else { return Ok(false) };
        let is_sent = hearing.send_to(b"!", from).is_ok();
        Ok(is_sent && speaking.recv(&mut [0; 1]).is_ok())
    }

    fn is_connected(&self, network: &Network) -> Result<bool, String> {
        let (place, port) = self.heard;
        network.enter(place)?;
        let listener =
            TcpListener::bind((any(self.to.0), port)).map_err(|error| fault(port, &error))?;
        network.enter(self.from.0)?;
        let Ok(mut client) = TcpStream::connect_timeout(&self.to.into(), PATIENCE) else {
            return Ok(false);
        };
        let (mut server, _) = listener.accept().map_err(|error| fault(port, &error))?;
        let waits = [&client, &server].map(|stream| stream.set_read_timeout(Some(PATIENCE)));
        waits.into_iter().collect::<Result<(), _>>().map_err(|error| fault(port, &error))?;
        let answer = |stream: &mut TcpStream| {
            stream.read_exact(&mut [0; 1]).and_then(|()| stream.write_all(b"!")).is_ok()
        };
        let is_asked = client.write_all(b"?").is_ok() && answer(&mut server);
        Ok(is_asked && client.read_exact(&mut [0; 1]).is_ok())
    }
}

fn bound(network: &Network, place: Place, to: (IpAddr, u16)) -> Result<UdpSocket, String> {
    network.enter(place)?;
    let socket = UdpSocket::bind(to).map_err(|error| fault(to.1, &error))?;
    socket.set_read_timeout(Some(PATIENCE)).map_err(|error| fault(to.1, &error))?;
    Ok(socket)
}

/// All addresses of a family.
fn any(of: IpAddr) -> IpAddr {
    if of.is_ipv4() { [0; 4].into() } else { [0; 16].into() }
}

fn fault(port: u16, error: &std::io::Error) -> String {
    format!("a socket at port {port}: {error}")
}
