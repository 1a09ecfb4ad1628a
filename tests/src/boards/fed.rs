//! A board fed with the captures that come with the project, and with frames made for it.

use std::io;

use keeptrack_tools::Side;
use keeptrack_tools::feed::{Event, Feed, is_probe};
use keeptrack_tools::frames::{Frame, is_proper};
use keeptrack_tools::log::{Line, end_of};
use keeptrack_tools::machine::{Machine, Setup};
use keeptrack_tools::wires::Wires;

use super::compare::{Compared, compare};
use super::configuration::Configuration;
use super::frames::all;

/// What became of all frames that a board was fed with.
#[derive(Debug)]
pub struct Fed {
    /// How many frames it was fed with.
    pub frame_count: usize,
    /// Of how many of them board and replay had to say the same.
    pub packet_count: usize,
    /// How many the board said it had sent on.
    pub accepted_count: usize,
    /// What is not as it should be.
    pub faults: Vec<String>,
}

/// Feeds a board that has this configuration with all there is, and compares.
///
/// # Errors
/// The board does not run, stops to carry frames, or its log cannot be compared.
pub fn fed(board: &str, configuration: &Configuration) -> Result<Fed, String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let image = folder.path().join("image");
    configuration.compile(&image)?;
    let setup = Setup { config: Some(image.clone()), ..Setup::of(board, folder.path()) };
    let (origins, frames): (Vec<_>, Vec<_>) = all()?.into_iter().unzip();
    let run = Run::of(&setup, &frames).map_err(|why| why.to_string())?;
    let compared = compare(&run.log, &run.handed, &image)?;
    if compared.packet_count == 0 {
        return Err(format!("the board told of no packet:{}", end_of(&run.log)));
    }
    Ok(Fed {
        frame_count: run.handed.len(),
        packet_count: compared.packet_count,
        accepted_count: compared.accepted.len(),
        faults: run.faults(&compared, &run.origins(origins)),
    })
}

/// What a board was given, what came back, and what it said.
#[derive(Default)]
struct Run {
    /// All that went in, probes too.
    handed: Vec<Frame>,
    /// Bytes of the longest frame that the ports take.
    longest: usize,
    /// What came out, at the side named.
    came_out: Vec<Frame>,
    log: Vec<Line>,
}

impl Run {
    fn of(setup: &Setup, frames: &[Frame]) -> io::Result<Self> {
        let wires = Wires::open(&setup.board, &setup.folder)?;
        let mut machine = Machine::start(setup)?;
        let mut run = Self { longest: wires.longest(), ..Self::default() };
        let mut feed = Feed::new(&wires, |event| {
            match event {
                Event::In(side, bytes) => run.handed.push(Frame { side, bytes: bytes.to_vec() }),
                Event::Out(side, bytes) => run.came_out.push(Frame { side, bytes: bytes.to_vec() }),
            }
            Ok(())
        });
        // A board that starts anew in the middle has forgotten all, and goes on.
        let (former, latter) = frames.split_at(frames.len() / 2);
        let end = in_turn(&mut feed, former)
            .and_then(|()| machine.reset())
            .and_then(|()| in_turn(&mut feed, latter));
        run.log = machine.stop()?;
        match end {
            Ok(()) => Ok(run),
            Err(why) => {
                let told = format!("{why}; the board's log:{}", end_of(&run.log));
                Err(io::Error::new(why.kind(), told))
            }
        }
    }

    /// Where each frame that went in is from.
    fn origins(&self, origins: Vec<String>) -> Vec<String> {
        let mut origins = origins.into_iter();
        let named = self.handed.iter().map(|frame| {
            if is_probe(&frame.bytes) {
                "a probe".to_owned()
            } else {
                origins.next().unwrap_or_default()
            }
        });
        named.collect()
    }

    fn faults(&self, compared: &Compared, origins: &[String]) -> Vec<String> {
        let mut faults = Vec::new();
        let differing = compared.differences.iter();
        faults.extend(
            differing.map(|difference| format!("{} is {difference}", origins[difference.place])),
        );
        // Before the links are up, probes may get lost; without later ones nothing goes on.
        let is_no_probe = |place: &&usize| !is_probe(&self.handed[**place].bytes);
        // What a port takes, it hands over.
        let is_for_ports = |place: &&usize| {
            let bytes = &self.handed[**place].bytes;
            is_proper(bytes) && bytes.len() <= self.longest
        };
        let lost = compared.unheard.iter().filter(is_for_ports);
        let lost = lost.filter(is_no_probe).map(|place| (place, "was lost"));
        let unasked = compared.unasked.iter().filter(is_no_probe);
        let unasked = unasked.map(|place| (place, "was not looked into"));
        faults.extend(
            lost.chain(unasked)
                .map(|(place, what)| format!("{}, frame {place}, {what}", origins[*place])),
        );
        for side in Side::BOTH {
            faults.extend(self.passage(side, compared, origins).err());
        }
        let errors = self.log.iter().filter(|line| line.level == "ERROR");
        faults.extend(errors.map(ToString::to_string));
        faults
    }

    /// Whether the frames accepted from that side are those that came out at the other, byte by byte.
    fn passage(&self, from: Side, compared: &Compared, origins: &[String]) -> Result<(), String> {
        let is_from = |place: &&usize| self.handed[**place].side == from;
        let mut accepted = compared.accepted.iter().filter(is_from);
        for out in self.came_out.iter().filter(|frame| frame.side != from) {
            let place = accepted.next().ok_or("more frames came out than the board accepted")?;
            if self.handed[*place].bytes != out.bytes {
                return Err(format!(
                    "{}, frame {place}, came out as {:02x?}",
                    origins[*place], out.bytes
                ));
            }
        }
        match accepted.next() {
            Some(place) => Err(format!("{}, frame {place}, did not come out", origins[*place])),
            None => Ok(()),
        }
    }
}

/// Feeds frames so that whoever answers has heard the question, as in a capture.
fn in_turn<W: FnMut(Event<'_>) -> io::Result<()>>(
    feed: &mut Feed<'_, W>,
    frames: &[Frame],
) -> io::Result<()> {
    feed.open()?;
    for turn in frames.chunk_by(|before, frame| before.side == frame.side) {
        turn.iter().try_for_each(|frame| feed.send(frame))?;
        feed.settle()?;
    }
    Ok(())
}
