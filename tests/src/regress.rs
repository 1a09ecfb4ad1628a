//! Does what a fuzzer once found, and what it starts from, still play without breaking a law?

use std::fs;
use std::path::Path;

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
