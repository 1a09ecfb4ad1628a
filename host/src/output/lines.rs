//! An output that grows by whole lines while packets pass.
//!
//! What was handed over whole is never torn: lines are written in blocks that end with a line, and
//! what a full disk took of the block that it refused is taken back.

use std::fs::File;
use std::io::{self, Write};

use super::Sink;
use crate::capture::printable;
use crate::error::Error;

/// From how many bytes on a block of lines is written without being asked for.
const BLOCK_LEN: usize = 64 * 1024;

/// An output of lines.
pub(crate) struct Lines<'o> {
    name: String,
    /// `None` once it is closed, because it could not be written.
    target: Option<Target<'o>>,
    /// Whole lines that are not written yet.
    held: Vec<u8>,
    /// Bytes that are: all of them whole lines.
    written_len: u64,
    written_count: u64,
}

enum Target<'o> {
    Stdout(&'o mut dyn Write),
    /// A regular file, which can be cut back to its last whole line.
    Regular(File),
    /// A device or a FIFO.
    Other(File),
}

impl<'o> Lines<'o> {
    /// An empty output.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(super) fn open(sink: Sink<'o, '_>) -> Result<Self, Error> {
        let (name, target) = match sink {
            Sink::Stdout(out) => ("stdout".into(), Target::Stdout(out)),
            Sink::File(path) => {
                let unusable = |why| Error::Output(path.to_owned(), why);
                let file = File::create(path).map_err(unusable)?;
                let is_regular = file.metadata().map_err(unusable)?.is_file();
                let target = if is_regular { Target::Regular(file) } else { Target::Other(file) };
                (printable(&path.display().to_string()), target)
            }
        };
        Ok(Self { name, target: Some(target), held: Vec::new(), written_len: 0, written_count: 0 })
    }

    /// Takes one line, with its end.
    ///
    /// # Errors
    /// As of [`Lines::flush`], when a block became full or the output is closed.
    pub(crate) fn push(&mut self, line: &[u8]) -> io::Result<()> {
        self.held.extend_from_slice(line);
        if self.held.len() >= BLOCK_LEN || self.target.is_none() { self.flush() } else { Ok(()) }
    }

    /// Writes what is held.
    ///
    /// # Errors
    /// When that is not possible: says how many whole lines are written, and closes the output.
    /// One that is closed answers that its reader has gone away.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let out: &mut dyn Write = match &mut self.target {
            Some(Target::Stdout(out)) => out,
            Some(Target::Regular(file) | Target::Other(file)) => file,
            None => {
                self.held.clear();
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        };
        let (taken_len, end) = write_as_far(out, &self.held);
        let taken = self.held.get(..taken_len).unwrap_or(&self.held);
        let whole_len = taken.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole = taken.get(..whole_len).unwrap_or_default();
        self.written_len += whole.len() as u64;
        self.written_count += whole.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.held.clear();
        end.map_err(|error| self.failed(&error))
    }

    fn failed(&mut self, error: &io::Error) -> io::Error {
        if let Some(Target::Regular(file)) = self.target.take() {
            // Where cutting fails, too, the last line stays torn: nothing better can be done.
            let _ = file.set_len(self.written_len);
        }
        let (name, count) = (&self.name, self.written_count);
        io::Error::new(error.kind(), format!("{name}: {error}; {count} whole lines are written"))
    }
}

/// Writes until all is written or nothing more is taken; answers how many bytes were.
fn write_as_far(out: &mut dyn Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut taken_len = 0;
    while let Some(rest @ [_, ..]) = bytes.get(taken_len..) {
        match out.write(rest) {
            Ok(0) => return (taken_len, Err(io::ErrorKind::WriteZero.into())),
            Ok(len) => taken_len += len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (taken_len, Err(error)),
        }
    }
    (taken_len, out.flush())
}

/// What is held is written even when the run ends early.
impl Drop for Lines<'_> {
    fn drop(&mut self) {
        // Whoever wants to hear of errors has flushed before.
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_LEN, Lines, Sink};
    use std::io::{self, Write};

    /// A disk with room for so many bytes.
    struct Disk {
        taken: Vec<u8>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let len = bytes.len().min(self.room - self.taken.len());
            if len == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.taken.extend_from_slice(&bytes[..len]);
            Ok(len)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn blocks_end_with_a_line_and_a_full_disk_is_told_with_the_lines_before() {
        let mut disk = Disk { taken: Vec::new(), room: BLOCK_LEN + 1000 };
        let mut lines = Lines::open(Sink::Stdout(&mut disk)).unwrap();
        let line = [&[b'x'; 999][..], b"\n"].concat();
        let mut pushed = 0;
        let error = loop {
            match lines.push(&line) {
                Ok(()) => pushed += 1,
                Err(error) => break error,
            }
        };
        drop(lines);
        let (taken, block) = (disk.taken.len() / line.len(), BLOCK_LEN.div_ceil(line.len()));
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(pushed, 2 * block - 1);
        assert!(error.to_string().ends_with(&format!("; {taken} whole lines are written")));
    }
}
