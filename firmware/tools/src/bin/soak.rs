//! Sends very many frames through an emulated board, and checks that all are accounted for.
//!
//!     soak BOARD FRAMES
//!
//! Connections are far more than the board has slots, some frames are odd. In the end every frame is
//! counted, everything still passes, and the log has no error. No buffer is lost, either, which can
//! only be asked of a board at whose wires frames wait; one that loses them may have lost all but one.
//! Wants the board's image in firmware/out/, no root.

use std::env::args;
use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use keeptrack_tools::Side;
use keeptrack_tools::feed::{Event, Feed, Passage};
use keeptrack_tools::frames::{Churn, SHORTEST_PROPER, is_proper};
use keeptrack_tools::log::{Line, end_of};
use keeptrack_tools::machine::{Machine, Setup};
use keeptrack_tools::scratch::Scratch;
use keeptrack_tools::status::{Counts, PORT, REFUSED, STACK, WAIT, stack};
use keeptrack_tools::wires::{Wires, tagged};

type Fault = Box<dyn Error>;

/// Any will do; the same frames on every run make a fault easier to find.
const SEED: u64 = 1;

/// So many frames come at once and as long as can be, to a port that may be too slow for them.
const FLOOD: u64 = 200;

/// How often it is asked how many frames a board holds, before buffers count as lost.
const FILLS: usize = 3;

/// A VLAN that is no port's.
const STRANGE_VLAN: u16 = 999;

fn main() -> ExitCode {
    match run() {
        Ok(report) => {
            println!("REPORT {report}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("soak: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, Fault> {
    let arguments: Vec<_> = args().skip(1).collect();
    let [board, frames] = arguments.as_slice() else {
        return Err("usage: soak BOARD FRAMES".into());
    };
    let frame_count = frames.parse().map_err(|why| format!("FRAMES `{frames}`: {why}"))?;
    let folder = Scratch::new()?;
    let setup = Setup::of(board, folder.path());
    let wires = Wires::open(&setup.board, folder.path())?;
    let mut machine = Machine::start(&setup)?;
    let mut seen = Seen::default();
    let soaked = soak(&wires, frame_count, &mut seen);
    let status = soaked.and_then(|soaked| Ok((soaked, Status::next(&mut machine)?)));
    let log = machine.stop()?;
    let (soaked, status) =
        status.map_err(|why| format!("{why}; the board's log:{}", end_of(&log)))?;
    let report = status.check(&seen, &soaked)?;
    check_log(&log)?;
    let speed = f64::from(frame_count) / soaked.took.as_secs_f64();
    Ok(format!("{board}: {frame_count} frames, {speed:.0} a second; {report}"))
}

/// What was sent, and what came back.
#[derive(Default)]
struct Seen {
    passage: Passage,
    /// Frames that are too short for a port, and too long, by side.
    runts: [u64; 2],
    giants: [u64; 2],
}

impl Seen {
    fn note(&mut self, event: Event<'_>) -> io::Result<()> {
        if let Event::In(side, bytes) = event
            && !is_proper(bytes)
        {
            let is_short = bytes.len() < SHORTEST_PROPER;
            let counts = if is_short { &mut self.runts } else { &mut self.giants };
            counts[side as usize] += 1;
        }
        self.passage.note(event)
    }
}

/// What the soak itself came to.
struct Soaked {
    /// How long the frames took.
    took: Duration,
    /// Frames of the flood that did not come out, by the side at which they went in.
    flood_lost: [u64; 2],
    /// Frames without a tag of a port, on a trunk.
    stranger_count: u64,
}

/// Feeds the frames, and what else there is.
fn soak(wires: &Wires, frame_count: u32, seen: &mut Seen) -> Result<Soaked, Fault> {
    let mut feed = Feed::new(wires, |event| seen.note(event));
    feed.open()?;
    let before = held(wires, &mut feed)?;
    #[allow(clippy::disallowed_methods, reason = "how long it takes is what is asked")]
    let start = Instant::now();
    for (frame, _) in Churn::new(SEED).zip(0..frame_count) {
        feed.send(&frame)?;
    }
    feed.settle()?;
    let took = start.elapsed();
    let flood_lost = [feed.flood(Side::Left, FLOOD)?, feed.flood(Side::Right, FLOOD)?];
    let stranger_count = if wires.is_trunk() { strangers(wires)? } else { 0 };
    feed.burst(Side::Left)?;
    feed.burst(Side::Right)?;
    still_held(wires, &mut feed, before)?;
    Ok(Soaked { took, flood_lost, stranger_count })
}

/// How many frames the board holds for each direction when they cannot leave. One that loses what it
/// has no room for cannot be asked.
fn held<W: FnMut(Event<'_>) -> io::Result<()>>(
    wires: &Wires,
    feed: &mut Feed<'_, W>,
) -> io::Result<[usize; 2]> {
    if wires.loses() {
        return Ok([0; 2]);
    }
    Ok([feed.fill(Side::Left)?, feed.fill(Side::Right)?])
}

/// That the board holds as many frames as before. One that is still on its way keeps a buffer for a
/// moment, so it is asked more than once.
fn still_held<W: FnMut(Event<'_>) -> io::Result<()>>(
    wires: &Wires,
    feed: &mut Feed<'_, W>,
    before: [usize; 2],
) -> Result<(), Fault> {
    let mut after = before;
    for _ in 0..FILLS {
        after = held(wires, feed)?;
        if after.iter().zip(&before).all(|(after, before)| after >= before) {
            return Ok(());
        }
    }
    Err(format!("buffers are lost: it held {before:?} frames, and {after:?} now").into())
}

/// Sends frames on a trunk that are of no port's VLAN: of another, or without a tag.
fn strangers(wires: &Wires) -> io::Result<u64> {
    let untagged = [2; 60];
    let mut sent = 0;
    for frame in [untagged.to_vec(), tagged(STRANGE_VLAN, &untagged)].iter().cycle().take(8) {
        while !wires.try_send_untagged(Side::Left, frame)? {
            sleep(Duration::from_millis(1));
        }
        sent += 1;
    }
    Ok(sent)
}

/// What the board says when all is over.
struct Status {
    /// Of each port: what became of its frames, and what it refused itself.
    ports: [(Counts, Counts); 2],
    /// Bytes of the stack that were ever in use, and all of them.
    stack: (u64, u64),
}

impl Status {
    /// The next that the board says.
    fn next(machine: &mut Machine) -> Result<Self, Fault> {
        let from = machine.log().len();
        let mut counts = |side: Side, which: &str| -> io::Result<Counts> {
            let words = format!("{}{which}", side.name());
            Ok(Counts::of(&machine.wait_for(from, &words, WAIT)?.message))
        };
        let ports = [
            (counts(Side::Left, PORT)?, counts(Side::Left, REFUSED)?),
            (counts(Side::Right, PORT)?, counts(Side::Right, REFUSED)?),
        ];
        let line = machine.wait_for(from, STACK, WAIT)?.message;
        let stack = stack(&line).ok_or_else(|| format!("no figures in `{line}`"))?;
        Ok(Self { ports, stack })
    }

    /// That all frames are accounted for, and the stack was large enough.
    fn check(&self, seen: &Seen, soaked: &Soaked) -> Result<String, Fault> {
        let [left, right] = Side::BOTH.map(|side| self.port(side, seen, soaked));
        let (left, right) = (left?, right?);
        let [(_, of_left), (_, of_right)] = &self.ports;
        let foreign = of_left.count("foreign")? + of_right.count("foreign")?;
        if foreign != soaked.stranger_count {
            let sent = soaked.stranger_count;
            return Err(format!("{foreign} frames of no port's VLAN, and {sent} were sent").into());
        }
        let (used, len) = self.stack;
        if used >= len {
            return Err(format!("all {len} bytes of the stack were in use").into());
        }
        Ok(format!("{left}; {right}; stack {used} of {len} bytes"))
    }

    fn port(&self, side: Side, seen: &Seen, soaked: &Soaked) -> Result<String, Fault> {
        let at = side as usize;
        let (counts, refused) = &self.ports[at];
        let (name, sent) = (side.name(), seen.passage.counted(side));
        let [received, forwarded] = [counts.count("received")?, counts.count("forwarded")?];
        let dropped: u64 = counts.others(&["received", "forwarded"]).map(|(_, count)| count).sum();
        let (runts, giants, lost) = (seen.runts[at], seen.giants[at], soaked.flood_lost[at]);
        let [runt, giant] = [refused.count("runt")?, refused.count("giant")?];
        let must = [
            (received == forwarded + dropped, "those received are not those forwarded and dropped"),
            (
                received + runts + giants + lost == sent.in_count,
                "those sent are not those received",
            ),
            (forwarded == sent.out_count, "those forwarded are not those that came out"),
            // The emulator may refuse such frames itself, and tells nobody.
            (
                runt <= runts && giant <= giants,
                "more were refused for their length than were wrong",
            ),
        ];
        match must.into_iter().find(|(holds, _)| !holds) {
            None => {
                let length = format!("{runt} too short, {giant} too long");
                Ok(format!("{name} {forwarded} forwarded, {dropped} dropped, {length}"))
            }
            Some((_, what)) => {
                let told =
                    format!("{sent:?}, {runts} runts, {giants} giants, {lost} lost in the flood");
                Err(format!("frames of {name}: {what}: {told}; {counts:?}; {refused:?}").into())
            }
        }
    }
}

/// That nothing went wrong that the log tells of, and that the table was full.
fn check_log(log: &[Line]) -> Result<(), Fault> {
    if let Some(line) = log.iter().find(|line| line.level == "ERROR") {
        return Err(format!("the log has an error: {line}").into());
    }
    let is_full = |line: &Line| {
        let early = Counts::of(&line.message).count("dropped early");
        early.is_ok_and(|early_count| early_count > 0)
    };
    if log.iter().any(is_full) { Ok(()) } else { Err("the table was never full".into()) }
}
