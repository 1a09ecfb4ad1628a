//! Reads ahead on a thread of its own, through a fixed number of blocks that go round.

use std::io::{self, BufRead, ErrorKind, Read};
use std::mem;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::Duration;

use super::stop::{Stop, Stopped};

/// How many blocks there are, whoever has them.
const BLOCK_COUNT: usize = 4;
/// Length of a block: what a pipe holds.
const BLOCK_LEN: usize = 64 * 1024;
/// How long a stop may go unnoticed while there is nothing to read.
const LOOK_UP: Duration = Duration::from_millis(50);

/// The bytes of a source that is read by another thread.
///
/// A read of the source is passed on as it is, however short, so that what a slow pipe delivers is
/// there at once. When this is dropped, the thread ends with the read that it is in. A read that never
/// returns, of a pipe into which nobody writes, keeps the thread until the process ends: nobody waits
/// for it.
pub(super) struct Ahead {
    stop: Stop,
    block: Block,
    has_ended: bool,
    filled: Receiver<io::Result<Block>>,
    spent: Sender<Block>,
}

/// Some bytes of the source; none when it has come to its end.
struct Block {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Ahead {
    /// Reads what `open` answers, which is called by the thread that reads: it may take its time.
    pub(super) fn new<R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        stop: &Stop,
    ) -> io::Result<Self> {
        let (to_reader, filled) = mpsc::sync_channel(BLOCK_COUNT);
        let (spent, to_fill) = mpsc::channel();
        for _ in 1..BLOCK_COUNT {
            // The other end is two lines above.
            let _ = spent.send(Block::new());
        }
        let read = move || match open() {
            Ok(source) => read(source, &to_fill, &to_reader),
            // Who is not there any more does not need to know.
            Err(error) => drop(to_reader.send(Err(error))),
        };
        thread::Builder::new().name("read ahead".into()).spawn(read)?;
        Ok(Self { stop: stop.clone(), block: Block::new(), has_ended: false, filled, spent })
    }

    /// Waits for the next block, which is empty at the end.
    fn turn(&mut self) -> io::Result<()> {
        loop {
            if self.stop.is_asked() {
                return Err(io::Error::other(Stopped));
            }
            match self.filled.recv_timeout(LOOK_UP) {
                Ok(Ok(block)) => {
                    self.has_ended = block.rest().is_empty();
                    // The thread may have come to its end.
                    let _ = self.spent.send(mem::replace(&mut self.block, block));
                    return Ok(());
                }
                Ok(Err(error)) => {
                    self.has_ended = true;
                    return Err(error);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.has_ended = true;
                    return Err(io::Error::other("the thread that reads it has failed"));
                }
            }
        }
    }
}

impl BufRead for Ahead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.block.rest().is_empty() && !self.has_ended {
            self.turn()?;
        }
        Ok(self.block.rest())
    }

    fn consume(&mut self, len: usize) {
        self.block.start = (self.block.start + len).min(self.block.end);
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buffer)?;
        self.consume(len);
        Ok(len)
    }
}

impl Block {
    fn new() -> Self {
        Self { bytes: vec![0; BLOCK_LEN].into(), start: 0, end: 0 }
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or(&[])
    }
}

/// Fills blocks until the source ends, an error comes or nobody wants them any more.
fn read(
    mut source: impl Read,
    to_fill: &Receiver<Block>,
    to_reader: &SyncSender<io::Result<Block>>,
) {
    for mut block in to_fill {
        let read = loop {
            match source.read(&mut block.bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let is_last = !matches!(read, Ok(1..));
        let filled = read.map(|end| Block { start: 0, end, ..block });
        if to_reader.send(filled).is_err() || is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ahead, BLOCK_COUNT, BLOCK_LEN};
    use crate::capture::stop::{Stop, Stopped};
    use std::io::{self, BufRead, Read, Write};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::Relaxed;
    use std::sync::mpsc;

    /// Gives blocks without end, and tells of each, and of its own end.
    struct Endless(mpsc::Sender<()>);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.send(()).unwrap();
            Ok(buffer.len())
        }
    }

    #[test]
    fn no_more_blocks_are_read_than_there_are_and_the_thread_ends_with_its_reader() {
        let (reads, read) = mpsc::channel();
        let mut ahead = Ahead::new(move || Ok(Endless(reads)), &Stop::default()).unwrap();
        ahead.read_exact(&mut [0; BLOCK_LEN + 1]).unwrap();
        // Two blocks were taken, of which the second is still here; all others lie ready.
        for _ in 0..=BLOCK_COUNT {
            read.recv().unwrap();
        }
        drop(ahead);
        // The channel is closed by the end of the thread.
        assert!(read.iter().count() <= 1);
    }

    #[test]
    fn a_silent_source_is_left_when_a_stop_is_asked_for() {
        let (source, mut writer) = io::pipe().unwrap();
        let flag = Arc::new(AtomicBool::new(false));
        let mut ahead = Ahead::new(|| Ok(source), &Stop::from(Arc::clone(&flag))).unwrap();
        writer.write_all(b"first").unwrap();
        assert_eq!(ahead.fill_buf().unwrap(), b"first", "without waiting for more");
        ahead.consume(5);
        flag.store(true, Relaxed);
        assert!(Stopped::is_in(&ahead.fill_buf().unwrap_err()));
        flag.store(false, Relaxed);
        writer.write_all(b"second").unwrap();
        assert_eq!(ahead.fill_buf().unwrap(), b"second", "nothing is lost");
    }

    #[test]
    fn what_was_read_comes_before_the_error_and_the_end_stays_the_end() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let mut ahead = Ahead::new(|| Ok(b"good".chain(Fails)), &Stop::default()).unwrap();
        let mut bytes = Vec::new();
        assert_eq!(ahead.read_to_end(&mut bytes).unwrap_err().to_string(), "broken");
        assert_eq!(bytes, b"good");
        assert!(ahead.fill_buf().unwrap().is_empty());

        let refused = Ahead::new(|| Err::<io::Empty, _>(io::Error::other("no")), &Stop::default());
        assert_eq!(refused.unwrap().fill_buf().unwrap_err().to_string(), "no");
    }
}
