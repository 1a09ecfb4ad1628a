//! The frames that boards are fed with, each with the port that it belongs to.

use std::fs;
use std::path::PathBuf;

use keeptrack::capture::Capture;
use keeptrack_tools::Side;
use keeptrack_tools::frames::{Frame, scenes};

/// The captures that come with the project.
const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/captures");

/// libpcap's number of Ethernet.
const ETHERNET: u16 = 1;

/// The last bytes of the Ethernet addresses that the servers' side has in the captures.
const OUTSIDE: [u8; 2] = [0x01, 0x21];

/// All of them, and where each is from: a capture and a number, or none.
///
/// # Errors
/// A capture cannot be read.
pub(super) fn all() -> Result<Vec<(String, Frame)>, String> {
    let mut frames = Vec::new();
    for path in captures()? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut capture = Capture::open(&path).map_err(|why| why.to_string())?;
        while let Some(record) = capture.next() {
            let record = record.map_err(|why| why.to_string())?;
            if record.link == ETHERNET {
                let frame = Frame { side: side(record.data), bytes: record.data.to_vec() };
                frames.push((format!("{name} {}", record.index), frame));
            }
        }
    }
    let made =
        scenes().into_iter().zip(0..).map(|(frame, number)| (format!("made {number}"), frame));
    frames.extend(made);
    Ok(frames)
}

fn captures() -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(CAPTURES).map_err(|why| format!("{CAPTURES}: {why}"))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths =
        paths.collect::<Result<Vec<_>, _>>().map_err(|why| format!("{CAPTURES}: {why}"))?;
    paths.retain(|path: &PathBuf| path.extension().is_some_and(|end| end == "pcap"));
    paths.sort();
    Ok(paths)
}

/// Where the sender is: the captures were made between a client, which is inside here, and its
/// router. A host that talks to itself has no address, and is inside.
fn side(frame: &[u8]) -> Side {
    match frame.get(11) {
        Some(last) if OUTSIDE.contains(last) => Side::Right,
        _ => Side::Left,
    }
}
