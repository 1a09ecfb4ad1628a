//! tcpdump, while it captures what passes the interfaces of a namespace.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::nf::namespace::run;

/// It ends by itself after so many seconds, should nobody be left to end it.
const AT_MOST_S: &str = "150";
/// Packets reach tcpdump so long after they passed, at the most.
const BLOCK: Duration = Duration::from_millis(1500);

/// A capture under way.
pub(super) struct Recorder {
    tcpdump: Child,
    said: BufReader<ChildStderr>,
}

impl Recorder {
    /// Starts it in the namespace that this thread is in, on all interfaces, and waits until it
    /// captures.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn start(file: &Path) -> Result<Self, String> {
        let fault = |error: std::io::Error| format!("tcpdump: {error}");
        let mut tcpdump = Command::new("timeout")
            .args(["--signal=INT", AT_MOST_S, "tcpdump", "-Z", "root", "-n", "-i", "any"])
            .args(["-B", "16384", "-s", "128", "-w"])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(fault)?;
        let said = tcpdump.stderr.take().ok_or("tcpdump: no stderr")?;
        let mut recorder = Self { tcpdump, said: BufReader::new(said) };
        let mut heard = String::new();
        while !heard.contains("listening on") {
            if recorder.said.read_line(&mut heard).map_err(fault)? == 0 {
                return Err(heard);
            }
        }
        Ok(recorder)
    }

    /// Ends it when all that has passed is in the file.
    ///
    /// # Errors
    /// When a packet was lost.
    pub(super) fn stop(mut self) -> Result<(), String> {
        thread::sleep(BLOCK);
        self.interrupt();
        let lines = self.said.by_ref().lines().map_while(Result::ok);
        let dropped = lines.into_iter().find(|line| line.ends_with("dropped by kernel"));
        match dropped.as_deref().and_then(|line| line.split(' ').next()) {
            Some("0") => Ok(()),
            Some(count) => Err(format!("tcpdump has lost {count} packets")),
            None => Err("tcpdump does not say how many packets it has lost".into()),
        }
    }

    fn interrupt(&mut self) {
        // Whoever has ended already needs none.
        let _ = run("sh", &["-c", &format!("kill -INT {}", self.tcpdump.id())], "");
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if matches!(self.tcpdump.try_wait(), Ok(None)) {
            self.interrupt();
        }
        let _ = self.tcpdump.wait();
    }
}
