//! Captures as stories for the fuzz target: what [`crate::fuzzing`] plays, made of what was
//! captured.

use std::path::Path;

use keeptrack::capture::{Capture, Record};

/// As long as the inputs that libFuzzer makes of its own accord.
const STORY_LEN: usize = 4096;
/// So many of a capture are enough: what comes later in it is much like the rest.
const STORY_COUNT: usize = 8;

/// Eight slots, of which a full table takes one.
const SCENE: u8 = 0x0f;
/// An Ethernet frame that arrives; all that has run out is handed out before.
const HOW: u8 = 0x10;
/// It comes in by `wan`, for which there are no rules, and goes nowhere.
const INTERFACES: u8 = 0x73;

/// libpcap's number of Ethernet.
const ETHERNET: u16 = 1;

/// The beginning of a capture of Ethernet frames in stories, each of which stands for itself.
///
/// # Errors
/// When it cannot be read, or when its frames are others.
pub fn stories(file: &Path) -> Result<Vec<Vec<u8>>, String> {
    let fault = |error: keeptrack::capture::Error| error.to_string();
    let mut capture = Capture::open(file).map_err(fault)?;
    let mut stories = vec![vec![SCENE]];
    let mut before_ns = None;
    while let Some(record) = capture.next() {
        let record = record.map_err(fault)?;
        if record.link != ETHERNET {
            return Err(format!("{}: link type {} is not Ethernet", file.display(), record.link));
        }
        let step = step(&record, before_ns);
        before_ns = Some(record.time_ns);
        if stories.last().is_none_or(|story| story.len() + step.len() > STORY_LEN) {
            if stories.len() == STORY_COUNT {
                break;
            }
            stories.push(vec![SCENE]);
        }
        stories.last_mut().expect("there is one").extend(step);
    }
    Ok(stories)
}

/// A frame and the head that stands before it.
fn step(record: &Record<'_>, before_ns: Option<u64>) -> Vec<u8> {
    let since_ms =
        before_ns.map_or(0, |before_ns| record.time_ns.saturating_sub(before_ns)) / 1_000_000;
    let frame_len = u8::try_from(record.data.len()).unwrap_or(u8::MAX);
    let mut step = vec![HOW, wait(since_ms), INTERFACES, frame_len];
    step.extend(&record.data[..frame_len.into()]);
    step
}

/// Milliseconds in a byte, rounded down: the low four bits, shifted left by twice the high four.
fn wait(ms: u64) -> u8 {
    let high = (0..15_u8).find(|high| ms >> (2 * high) < 16).unwrap_or(15);
    let low = (ms >> (2 * high)).min(15);
    high << 4 | u8::try_from(low).unwrap_or(15)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{SCENE, STORY_LEN, stories, wait};
    use crate::fuzzing;

    /// In the scene: a full table takes somebody out by rank.
    const BY_RANK: u8 = 0x40;

    #[test]
    fn what_was_captured_breaks_no_law() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let is_capture = |file: &Path| {
            file.extension()
                .is_some_and(|extension| extension.to_string_lossy().starts_with("pcap"))
        };
        let mut count = 0;
        for file in files.filter(|file| is_capture(file)) {
            for (number, story) in stories(&file).unwrap().iter().enumerate() {
                println!("{}, story {number}", file.display());
                assert!(story.len() <= STORY_LEN && story.len() > 100 && story[0] == SCENE);
                fuzzing::track(story);
                fuzzing::track(&[&[SCENE | BY_RANK], &story[1..]].concat());
                count += 1;
            }
        }
        assert!(count >= 30, "{count} stories");
    }

    #[test]
    fn time_is_told_in_a_byte() {
        let told = [0, 15, 16, 63, 1000, 120_000, 432_000_000].map(|ms| {
            let byte = wait(ms);
            u64::from(byte & 15) << (2 * (byte >> 4))
        });
        assert_eq!(told, [0, 15, 16, 60, 960, 114_688, 402_653_184]);
    }
}
