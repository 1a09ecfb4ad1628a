//! Feeds frames to a board, one after another on both wires, and takes what comes out meanwhile.
//!
//! A board hands on what came in at a port in order. So a probe that comes out, a frame of a type
//! that a bridge carries, says that all before it has been seen to. Frames go in by windows, each of
//! which ends with a probe at either port: a window fits what a board holds for a port that is slow,
//! and no frame is lost on the way in.

mod passage;

use std::io::{self, ErrorKind};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Side;
use crate::frames::{Frame, LONGEST_PROPER};
use crate::wires::Wires;

pub use passage::{Counted, Passage};

/// What a board holds for sure: frames, and their bytes.
const WINDOW: (usize, usize) = (48, 5 * LONGEST_PROPER);

/// As many buffers a port has, or more.
const BURST: usize = 16;

/// How long a probe may take: more is a stall.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a probe may take at the start, before another one is sent.
const TRY: Duration = Duration::from_millis(200);

/// How long to wait for frames when the board takes none.
const MOMENT: Duration = Duration::from_millis(1);

/// A board that has taken no frame for so long holds all that it can.
const FULL: Duration = Duration::from_millis(100);

/// More frames than any board holds.
const MORE_THAN_HELD: usize = 1000;

/// A type that is free for experiments (IEEE 802).
const EXPERIMENT: [u8; 2] = [0x88, 0xb5];

/// The last byte of the stations that send and get probes.
const PROBE: u8 = 0xff;

/// The numbers of frames that nobody waits for one by one.
const FILLER: u64 = u64::MAX;
const FLOOD: u64 = u64::MAX - 1;

/// A frame at one of the board's ports.
#[derive(Debug, Clone, Copy)]
pub enum Event<'f> {
    /// It goes in at that side.
    In(Side, &'f [u8]),
    /// It has come out at that side.
    Out(Side, &'f [u8]),
}

/// A board's two ports, and who is told of each frame.
#[derive(Debug)]
pub struct Feed<'w, W> {
    wires: &'w Wires,
    watch: W,
    /// Frames since the last probe, and their bytes.
    window: (usize, usize),
    probe_count: u64,
    /// Probes that have not come out yet, by the side at which they went in.
    awaited: [Option<Vec<u8>>; 2],
    /// Frames of the last flood that came out.
    flood_out: u64,
    /// What came out last.
    buffer: Vec<u8>,
}

impl<'w, W: FnMut(Event<'_>) -> io::Result<()>> Feed<'w, W> {
    /// To the board at these wires; `watch` is told of each frame, and may end it all.
    pub const fn new(wires: &'w Wires, watch: W) -> Self {
        Self {
            wires,
            watch,
            window: (0, 0),
            probe_count: 0,
            awaited: [const { None }; 2],
            flood_out: 0,
            buffer: Vec::new(),
        }
    }

    /// Waits until the board carries frames both ways: a link may come up a second after its start. Until
    /// then probes go in and do not come out.
    ///
    /// # Errors
    /// As for [`Self::settle`].
    pub fn open(&mut self) -> io::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let late = self.probe(TRY)?;
            if late.is_none() || Instant::now() > until {
                return late.map_or(Ok(()), stalled);
            }
        }
    }

    /// Feeds a frame.
    ///
    /// # Errors
    /// No board is there, or it takes no more frames; or those of the watch.
    pub fn send(&mut self, frame: &Frame) -> io::Result<()> {
        let (frame_count, bytes) = self.window;
        let bytes = bytes + frame.bytes.len().min(LONGEST_PROPER);
        if frame_count == WINDOW.0 || bytes > WINDOW.1 {
            self.settle()?;
        }
        self.window = (self.window.0 + 1, self.window.1 + frame.bytes.len().min(LONGEST_PROPER));
        self.put(frame.side, &frame.bytes)
    }

    /// Waits until all that was fed has been seen to, by a probe at either port.
    ///
    /// # Errors
    /// A probe does not come out: the board carries nothing any more. Or those of the watch.
    pub fn settle(&mut self) -> io::Result<()> {
        self.probe(PATIENCE)?.map_or(Ok(()), stalled)
    }

    /// As many frames as the board holds for the way from that side to the other while nobody takes
    /// them there: its buffers, and what the emulator's queues hold. They are out when this returns.
    /// Only for a board at whose wires frames wait, see [`Wires::loses`].
    ///
    /// # Errors
    /// As for [`Self::settle`].
    pub fn fill(&mut self, side: Side) -> io::Result<usize> {
        self.settle()?;
        let frame = probe(side, FILLER);
        let mut held = 0;
        let mut until = Instant::now() + FULL;
        while held < MORE_THAN_HELD && Instant::now() < until {
            if self.wires.try_send(side, &frame)? {
                (self.watch)(Event::In(side, &frame))?;
                held += 1;
                until = Instant::now() + FULL;
            } else {
                sleep(MOMENT);
            }
        }
        self.settle()?;
        Ok(held)
    }

    /// Feeds frames as fast as they go, whatever the board makes of them, and answers how many of
    /// them did not come out.
    ///
    /// # Errors
    /// As for [`Self::settle`].
    pub fn flood(&mut self, side: Side, frame_count: u64) -> io::Result<u64> {
        self.settle()?;
        self.flood_out = 0;
        for _ in 0..frame_count {
            self.put(side, &flood_frame(side))?;
        }
        self.drain()?;
        self.settle()?;
        Ok(frame_count - self.flood_out)
    }

    /// Feeds as many frames as a port has buffers, at once, and waits for them.
    ///
    /// # Errors
    /// One of them, too, does not come out.
    pub fn burst(&mut self, side: Side) -> io::Result<()> {
        self.settle()?;
        for _ in 0..BURST {
            self.put(side, &probe(side, FILLER))?;
        }
        self.settle()
    }

    /// Sends a probe at either port, and takes what comes out until they do: for so long. The answer is
    /// the side whose probe has not come out.
    fn probe(&mut self, wait: Duration) -> io::Result<Option<Side>> {
        self.window = (0, 0);
        self.probe_count += 1;
        self.awaited = Side::BOTH.map(|side| Some(probe(side, self.probe_count)));
        for side in Side::BOTH {
            self.put(side, &probe(side, self.probe_count))?;
        }
        let until = Instant::now() + wait;
        loop {
            let late = Side::BOTH.into_iter().find(|side| self.awaited[*side as usize].is_some());
            if late.is_none() || Instant::now() > until {
                return Ok(late);
            }
            self.take(MOMENT)?;
        }
    }

    /// Takes what comes out until nothing does for a while.
    fn drain(&mut self) -> io::Result<()> {
        while self.take(FULL)?.is_some() {}
        Ok(())
    }

    /// Sends, and takes what comes out as long as that cannot be done.
    fn put(&mut self, side: Side, bytes: &[u8]) -> io::Result<()> {
        (self.watch)(Event::In(side, bytes))?;
        let until = Instant::now() + PATIENCE;
        while !self.wires.try_send(side, bytes)? {
            if Instant::now() > until {
                let what = format!("the board takes no more frames at {}", side.name());
                return Err(io::Error::new(ErrorKind::TimedOut, what));
            }
            self.take(MOMENT)?;
        }
        Ok(())
    }

    /// The side at which a frame has come out, if any does for so long.
    fn take(&mut self, wait: Duration) -> io::Result<Option<Side>> {
        let side = self.wires.receive(&mut self.buffer, wait)?;
        if let Some(side) = side {
            let awaited = &mut self.awaited[side.other() as usize];
            awaited.take_if(|probe| *probe == self.buffer);
            self.flood_out += u64::from(self.buffer == flood_frame(side.other()));
            (self.watch)(Event::Out(side, &self.buffer))?;
        }
        Ok(side)
    }
}

fn stalled(side: Side) -> io::Result<()> {
    let what = format!("what came in at {} does not come out any more", side.name());
    Err(io::Error::new(ErrorKind::TimedOut, what))
}

/// Whether a frame is a probe.
#[must_use]
pub fn is_probe(frame: &[u8]) -> bool {
    frame.get(12..14) == Some(&EXPERIMENT) && frame.get(11) == Some(&PROBE)
}

/// A frame from a station of its own to one behind the other port.
fn probe(side: Side, number: u64) -> Vec<u8> {
    let [from, to] = match side {
        Side::Left => [1, 2],
        Side::Right => [2, 1],
    };
    let addresses = [[2, 0, 0, 0, to, PROBE], [2, 0, 0, 0, from, PROBE]].concat();
    [&addresses[..], &EXPERIMENT, &number.to_be_bytes(), &[0; 38]].concat()
}

/// As long as a frame may be: it takes a board the longest.
fn flood_frame(side: Side) -> Vec<u8> {
    let mut frame = probe(side, FLOOD);
    frame.resize(LONGEST_PROPER, 0);
    frame
}
