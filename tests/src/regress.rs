//! Does what a fuzzer once found, and what it starts from, still play without breaking a law?

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::fuzzing;

/// Plays every file of a directory, each named when it fails, and answers how many there were.
fn play_all(directory: &str, play: fn(&[u8])) -> usize {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let entries = fs::read_dir(&directory).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_none_or(|extension| extension != "md"));
    files
        .inspect(|file| println!("{}", file.display()))
        .map(|file| play(&fs::read(file).unwrap()))
        .count()
}

#[test]
fn what_the_fuzzer_found_in_track() {
    play_all("regress/track", fuzzing::track);
}

#[test]
fn what_the_fuzzer_starts_from_in_track() {
    assert!(play_all("../fuzz/seeds/track", fuzzing::track) >= 5);
}

#[test]
fn what_the_fuzzer_found_in_full() {
    play_all("regress/full", fuzzing::full);
}

#[test]
fn what_the_fuzzer_starts_from_in_full() {
    assert!(play_all("../fuzz/seeds/full", fuzzing::full) >= 7);
}

#[test]
fn what_the_fuzzer_starts_from_in_config() {
    assert!(play_all("../fuzz/seeds/config", fuzzing::config) >= 3);
}

/// Steps of a story, most of which are first packets that come within a second of each other.
fn steps() -> impl Strategy<Value = Vec<u8>> {
    let what = prop_oneof![Just(0_u8), 0_u8..32];
    let step = (what, any::<u8>(), prop_oneof![0_u8..0x5f, 0_u8..0xaf]);
    let steps = proptest::collection::vec(step, 0..200);
    steps.prop_map(|steps| {
        steps.into_iter().flat_map(|(what, who, wait)| [what, who, wait]).collect()
    })
}

proptest! {
    #[test]
    fn any_story_keeps_the_laws_of_a_full_table(scene in any::<[u8; 4]>(), steps in steps()) {
        fuzzing::full(&[&scene[..], &steps].concat());
    }
}
