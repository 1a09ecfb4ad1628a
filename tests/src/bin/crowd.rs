//! Many clients at once, and a server that takes them all: each holds its connection for as long as
//! the program runs.
//!
//!     crowd serve PORT...
//!     crowd open COUNT PORT ADDRESS...
//!
//! The second says how many connections were opened, when every attempt has ended.

use std::env::args;
use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread::{self, Builder};
use std::time::Duration;

/// How long a client tries: it asks again after one second and after three.
const PATIENCE: Duration = Duration::from_millis(3500);
/// A client waits and does nothing else.
const STACK_LEN: usize = 1 << 16;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("crowd: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let words: Vec<_> = args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", ports @ ..] if !ports.is_empty() => {
            for port in ports {
                let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port.parse()?))?;
                Builder::new().spawn(move || serve(&listener))?;
            }
            until_killed()
        }
        ["open", count, port, addresses @ ..] if !addresses.is_empty() => {
            let port = port.parse()?;
            let servers = addresses.iter().map(|address| Ok((address.parse::<IpAddr>()?, port)));
            let servers: Vec<_> = servers.collect::<Result<_, Box<dyn Error>>>()?;
            let servers = servers.into_iter().map(SocketAddr::from).cycle();
            let opened = open(servers.take(count.parse()?))?;
            println!("{} opened", opened.len());
            until_killed()
        }
        _ => Err("usage: crowd serve PORT..., or crowd open COUNT PORT ADDRESS...".into()),
    }
}

/// Takes whoever comes.
fn serve(listener: &TcpListener) {
    let mut held = Vec::new();
    for client in listener.incoming() {
        held.push(client);
    }
}

/// All connections that could be opened; every client tries at the same time.
fn open(servers: impl Iterator<Item = SocketAddr>) -> io::Result<Vec<TcpStream>> {
    let connect = |server| move || TcpStream::connect_timeout(&server, PATIENCE);
    let clients = servers.map(|server| Builder::new().stack_size(STACK_LEN).spawn(connect(server)));
    let clients: Vec<_> = clients.collect::<io::Result<_>>()?;
    Ok(clients.into_iter().filter_map(|client| client.join().ok()?.ok()).collect())
}

fn until_killed() -> ! {
    loop {
        thread::park();
    }
}
