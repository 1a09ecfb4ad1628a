//! An emulated board at work: started, listened to, reset, ended.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use crate::log::{Line, Words, end_of};
use crate::qmp::Qmp;

/// How long a board takes to start at the most, on a busy machine.
const BOOT: Duration = Duration::from_secs(20);

/// A board that has written no line for so long has written all of what it did before.
const QUIET: Duration = Duration::from_millis(200);

/// The line of the log that says that the rules are read.
const STARTED: &str = "boot: ";

/// What a machine is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The board's folder.
    pub board: PathBuf,
    /// Its program, an ELF file.
    pub image: PathBuf,
    /// Where its sockets go: a path so short that a socket's name holds it.
    pub folder: PathBuf,
    /// The configuration that lies in flash beside the program, if there is one.
    pub config: Option<PathBuf>,
}

impl Setup {
    /// The board of that name in this project, with the image that `firmware/build` has made, without
    /// a configuration of its own.
    #[must_use]
    pub fn of(board: &str, folder: &Path) -> Self {
        let firmware = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        Self {
            board: firmware.join("boards").join(board),
            image: firmware.join("out").join(board).with_extension("elf"),
            folder: folder.to_owned(),
            config: None,
        }
    }
}

/// A board that runs in its emulator, which ends with this.
#[derive(Debug)]
pub struct Machine {
    emulator: Child,
    qmp: Qmp,
    lines: Receiver<Line>,
    reader: Option<JoinHandle<io::Result<()>>>,
    log: Vec<Line>,
}

impl Machine {
    /// Starts a board, and waits until it carries frames by its rules. The wires are bound before.
    ///
    /// It ends with the thread that calls this, at the latest.
    ///
    /// # Errors
    /// The emulator does not start, or the board says nothing of it.
    pub fn start(setup: &Setup) -> io::Result<Self> {
        let words = Words::of(&setup.image)?;
        let config = setup.config.as_deref().map_or(OsStr::new("-"), Path::as_os_str);
        let program = setup.board.join("machine");
        // However this program ends, the emulator does so, too.
        let mut emulator = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(&program)
            .args([setup.image.as_os_str(), setup.folder.as_os_str(), config])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|why| io::Error::new(why.kind(), format!("setpriv: {why}")))?;
        let frames = emulator.stdout.take().ok_or_else(|| io::Error::other("no stdout"))?;
        let (hand_over, lines) = channel();
        let reader = spawn(move || {
            // Who no longer listens wants no more lines; the emulator is not to stop for that.
            words.read(frames, |line| {
                let _ = hand_over.send(line);
                Ok(())
            })
        });
        let qmp = Qmp::connect(&setup.folder).inspect_err(|_| {
            let _ = emulator.kill();
            let _ = emulator.wait();
        })?;
        let mut machine = Self { emulator, qmp, lines, reader: Some(reader), log: Vec::new() };
        machine.wait_for(0, STARTED, BOOT)?;
        Ok(machine)
    }

    /// The log so far.
    pub fn log(&mut self) -> &[Line] {
        self.log.extend(self.lines.try_iter());
        &self.log
    }

    /// The first line with `words` in it, of those from number `from` on, which may be yet to come.
    ///
    /// # Errors
    /// The machine has ended, or no such line comes for so long. Both show the log's end.
    pub fn wait_for(&mut self, from: usize, words: &str, wait: Duration) -> io::Result<Line> {
        let until = Instant::now() + wait;
        let mut next = from;
        loop {
            self.log.extend(self.lines.try_iter());
            while let Some(line) = self.log.get(next) {
                if line.message.contains(words) {
                    return Ok(line.clone());
                }
                next += 1;
            }
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Timeout) => return Err(self.lacks(words, "has not")),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.lacks(words, "has ended, and has never"));
                }
            }
        }
    }

    /// Resets the board, and waits until it carries frames by its rules again.
    ///
    /// # Errors
    /// The emulator refuses, or the board does not start again.
    pub fn reset(&mut self) -> io::Result<()> {
        let from = self.log().len();
        self.qmp.reset()?;
        self.wait_for(from, STARTED, BOOT).map(drop)
    }

    /// Ends the emulator, and hands over the whole log.
    ///
    /// # Errors
    /// The board had ended by itself, or wrote what is no log.
    pub fn stop(mut self) -> io::Result<Vec<Line>> {
        if let Some(status) = self.emulator.try_wait()? {
            return Err(io::Error::other(format!("{status}:{}", end_of(&self.log))));
        }
        // A frame is out before the line about it is.
        while let Ok(line) = self.lines.recv_timeout(QUIET) {
            self.log.push(line);
        }
        self.end()?;
        self.log.extend(self.lines.iter());
        Ok(std::mem::take(&mut self.log))
    }

    fn end(&mut self) -> io::Result<()> {
        self.emulator.kill()?;
        self.emulator.wait()?;
        match self.reader.take().map(JoinHandle::join) {
            Some(Err(_)) => Err(io::Error::other("the log's reader has panicked")),
            Some(Ok(read)) => read,
            None => Ok(()),
        }
    }

    fn lacks(&self, words: &str, verb: &str) -> io::Error {
        io::Error::other(format!("the board {verb} said `{words}`; its log:{}", end_of(&self.log)))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
