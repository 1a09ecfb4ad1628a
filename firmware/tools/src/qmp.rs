//! Orders to a running emulator, in QEMU's machine protocol, which other emulators speak, too.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long an emulator may take to listen, and to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a wire is plugged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It is.
    Up,
    /// It is not.
    Down,
}

/// A connection to an emulator; it takes one at a time.
#[derive(Debug)]
pub struct Qmp {
    stream: BufReader<UnixStream>,
}

impl Qmp {
    /// To the emulator that listens at `folder/qmp`, or will soon.
    ///
    /// # Errors
    /// None does within seconds, or it says something else than the protocol.
    pub fn connect(folder: &Path) -> io::Result<Self> {
        let path = folder.join("qmp");
        let until = Instant::now() + PATIENCE;
        let stream = loop {
            match UnixStream::connect(&path) {
                Ok(stream) => break stream,
                Err(why) if Instant::now() > until => {
                    return Err(io::Error::new(why.kind(), format!("{}: {why}", path.display())));
                }
                Err(_) => sleep(Duration::from_millis(5)),
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut qmp = Self { stream: BufReader::new(stream) };
        qmp.read()?;
        qmp.run("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// Resets the machine: RAM stays, devices and processor begin anew.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn reset(&mut self) -> io::Result<()> {
        self.run("system_reset", json!({})).map(drop)
    }

    /// Plugs in the wire of that name, or pulls it out.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn set_link(&mut self, wire: &str, link: Link) -> io::Result<()> {
        self.run("set_link", json!({ "name": wire, "up": link == Link::Up })).map(drop)
    }

    /// Ends the emulator.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn quit(&mut self) -> io::Result<()> {
        self.run("quit", json!({})).map(drop)
    }

    /// Makes the chip of the port of that name do what it should not. What a fault is called, and what
    /// its argument is, the emulator says; QEMU knows none.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn fault(&mut self, port: &str, fault: &str, argument: Option<u32>) -> io::Result<()> {
        let arguments = json!({ "port": port, "fault": fault, "argument": argument });
        self.run("x-w5500", arguments).map(drop)
    }

    /// Makes the program hang, until the machine's watchdog bites. QEMU's machines have none.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn hang(&mut self) -> io::Result<()> {
        self.run("x-watchdog", json!({})).map(drop)
    }

    /// Makes the processor fault where it is. QEMU does not.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn crash(&mut self) -> io::Result<()> {
        self.run("x-fault", json!({})).map(drop)
    }

    /// Runs a command of the protocol, and hands over what it returns.
    ///
    /// # Errors
    /// The emulator refuses, does not answer, or has ended.
    #[allow(clippy::needless_pass_by_value, reason = "made for the call")]
    pub fn run(&mut self, command: &str, arguments: Value) -> io::Result<Value> {
        let order = json!({ "execute": command, "arguments": arguments });
        self.stream.get_mut().write_all(format!("{order}\n").as_bytes())?;
        loop {
            let mut answer = self.read()?;
            if let Some(why) = answer.get("error") {
                return Err(io::Error::other(format!("{command}: {}", why["desc"])));
            }
            // What else comes are events.
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
        }
    }

    fn read(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(io::Error::new(ErrorKind::UnexpectedEof, "the emulator has ended")),
            _ => serde_json::from_str(&line).map_err(io::Error::from),
        }
    }
}
