//! Runs an emulator that has no datagram sockets: holds a board's for it, and pipes what goes through
//! them.
//!
//!     datagrams FOLDER WIRE... -- COMMAND...
//!
//! For each WIRE the socket `FOLDER/WIRE.board` is bound, and frames go to `FOLDER/WIRE.wire`. COMMAND
//! has them at stdin and stdout, each as the wire's number, from 0 on, a length of two bytes, the
//! lower first, and the frame. What it sends as number 255 is the board's log, and goes to stdout.
//! Either ends with the other.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio, exit};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::spawn;

use keeptrack_tools::wires::is_unplugged;

/// The number of the log.
const LOG: u8 = 255;
const HEAD_LEN: usize = 3;

type Fault = Box<dyn Error>;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("datagrams: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode, Fault> {
    let arguments: Vec<_> = args_os().skip(1).collect();
    let mut parts = arguments.splitn(2, |word| word == "--");
    let (Some([folder, names @ ..]), Some([program, rest @ ..])) = (parts.next(), parts.next())
    else {
        return Err("usage: datagrams FOLDER WIRE... -- COMMAND...".into());
    };
    let wires = names.iter().map(|name| Wire::bind(Path::new(folder), name));
    let wires: Arc<[Wire]> = wires.collect::<io::Result<_>>()?;
    let mut emulator = start(program, rest)?;
    let stdin = emulator.stdin.take().ok_or("no stdin")?;
    let stdout = emulator.stdout.take().ok_or("no stdout")?;
    let stdin = Arc::new(Mutex::new(stdin));
    for number in 0..wires.len() {
        let (wires, stdin) = (Arc::clone(&wires), Arc::clone(&stdin));
        spawn(move || {
            // It ends with the emulator, of which the main thread knows.
            let _ = wires.get(number).map(|wire| wire.feed(number, &stdin));
        });
    }
    let told = hand_out(BufReader::with_capacity(1 << 16, stdout), &wires);
    if told.is_err() {
        emulator.kill()?;
    }
    let status = emulator.wait()?;
    told?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn start(program: &OsString, arguments: &[OsString]) -> Result<Child, Fault> {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|why| format!("{}: {why}", program.display()).into())
}

/// A wire's socket, and where its other end is.
struct Wire {
    socket: UnixDatagram,
    peer: PathBuf,
}

impl Wire {
    fn bind(folder: &Path, name: &OsString) -> io::Result<Self> {
        let end = |kind: &str| folder.join(name).with_extension(kind);
        let path = end("board");
        let socket = UnixDatagram::bind(&path)
            .map_err(|why| io::Error::new(why.kind(), format!("{}: {why}", path.display())))?;
        Ok(Self { socket, peer: end("wire") })
    }

    /// Pipes frames that come in to the emulator.
    fn feed(&self, number: usize, emulator: &Mutex<ChildStdin>) -> io::Result<()> {
        let mut message = [0; HEAD_LEN + (1 << 16)];
        loop {
            let (head, frame) = message.split_at_mut(HEAD_LEN);
            let len = self.socket.recv(frame)?;
            let Ok(len_told) = u16::try_from(len) else { continue };
            let [lower, upper] = len_told.to_le_bytes();
            head.copy_from_slice(&[u8::try_from(number).unwrap_or(LOG), lower, upper]);
            let mut emulator = emulator.lock().unwrap_or_else(PoisonError::into_inner);
            emulator.write_all(message.get(..HEAD_LEN + len).unwrap_or_default())?;
        }
    }

    /// Sends a frame, and waits while the other end has no room. Where there is none it is lost.
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        match self.socket.send_to(frame, &self.peer) {
            Err(why) if !is_unplugged(&why) => Err(why),
            _ => Ok(()),
        }
    }
}

/// Hands out what the emulator tells, until it ends.
fn hand_out(mut emulator: impl Read, wires: &[Wire]) -> Result<(), Fault> {
    let mut stdout = io::stdout().lock();
    let mut bytes = Vec::new();
    loop {
        let mut head = [0; HEAD_LEN];
        match emulator.read_exact(&mut head) {
            Err(why) if why.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let [number, lower, upper] = head;
        bytes.resize(u16::from_le_bytes([lower, upper]).into(), 0);
        emulator.read_exact(&mut bytes)?;
        match wires.get(usize::from(number)) {
            Some(wire) => wire.send(&bytes)?,
            None if number == LOG => {
                // Who read the log is gone: so is the board.
                stdout.write_all(&bytes).and_then(|()| stdout.flush()).unwrap_or_else(|_| exit(1));
            }
            None => return Err(format!("the emulator has no wire {number}").into()),
        }
    }
}
