//! The bounded buffer through which a capture is read: memory stays the same whatever a file says.

use std::io::{self, BufRead, Read};

use super::ahead::Ahead;
use super::stop::Stop;

/// Bytes of a source that is read ahead, seen through a buffer that never grows.
pub(super) struct Window {
    source: Ahead,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    offset: u64,
}

impl Window {
    /// The most bytes that can be held at once.
    pub(super) const LEN: usize = 512 * 1024;

    /// Onto what `open` answers, which another thread calls.
    pub(super) fn new<R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        stop: &Stop,
    ) -> io::Result<Self> {
        let source = Ahead::new(open, stop)?;
        Ok(Self { source, buffer: vec![0; Self::LEN].into(), start: 0, end: 0, offset: 0 })
    }

    /// Where the first byte of [`bytes`](Self::held) stands in the source.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// What has been read and not been consumed.
    pub(super) fn held(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or(&[])
    }

    /// Reads until `len` bytes are held, at most [`Window::LEN`]. `false`: the source has ended before.
    pub(super) fn fill(&mut self, len: usize) -> io::Result<bool> {
        if self.start + len > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < len {
            match self.source.read(self.buffer.get_mut(self.end..).unwrap_or(&mut []))? {
                0 => return Ok(false),
                read_len => self.end += read_len,
            }
        }
        Ok(true)
    }

    /// Lets go of the first `len` bytes, or of all that are held.
    pub(super) fn consume(&mut self, len: usize) {
        let len = len.min(self.end - self.start);
        self.start += len;
        self.offset += len as u64;
    }

    /// Passes over `len` bytes without holding them. `false`: the source has ended before.
    pub(super) fn skip(&mut self, mut len: usize) -> io::Result<bool> {
        while len > 0 {
            if !self.fill(1)? {
                return Ok(false);
            }
            let held = len.min(self.end - self.start);
            self.consume(held);
            len -= held;
        }
        Ok(true)
    }
}

impl BufRead for Window {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill(1)?;
        Ok(self.held())
    }

    fn consume(&mut self, len: usize) {
        Self::consume(self, len);
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buffer)?;
        Self::consume(self, len);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::{Stop, Window};
    use std::io::{self, Read};

    /// A pipe that hands out few bytes at a time.
    struct Drip(u8);

    impl Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = buffer.len().min(7);
            for byte in &mut buffer[..len] {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
            Ok(len)
        }
    }

    #[test]
    fn bytes_stay_in_order_past_the_end_of_the_buffer() {
        let mut window = Window::new(|| Ok(Drip(0)), &Stop::default()).unwrap();
        for (at, len) in [(0, 1000), (1000, Window::LEN), (2000, 3), (900_000, Window::LEN)] {
            assert!(window.skip(at - usize::try_from(window.offset()).unwrap()).unwrap());
            assert!(window.fill(len).unwrap());
            assert_eq!(window.offset(), at as u64);
            let expected = (at..).map(|position| position.to_le_bytes()[0]);
            assert!(window.held()[..len].iter().copied().eq(expected.take(len)));
        }
    }

    #[test]
    fn an_ended_source_is_told_and_keeps_what_it_gave() {
        let mut window = Window::new(|| Ok(&b"abc"[..]), &Stop::default()).unwrap();
        assert!(!window.fill(4).unwrap());
        assert_eq!(window.held(), b"abc");
        assert!(!window.skip(4).unwrap());
        assert_eq!(window.offset(), 3);
    }
}
