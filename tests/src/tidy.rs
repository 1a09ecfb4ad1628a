//! What no compiler checks: core stays pure, files stay small, nothing is left for later.

use std::fs;
use std::path::{Path, PathBuf};

/// The Rust files below a folder of the project.
pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut sources = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((!path.ends_with("target")).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push((path, text));
            }
        }
    }
    assert!(!sources.is_empty(), "{folder}");
    sources
}

/// The part of a file that ships: its tests stand last.
pub(crate) fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

#[test]
fn core_has_no_clock_no_memory_of_its_own_no_output_and_knows_no_interface() {
    let forbidden = [
        "std::",
        "extern crate alloc",
        "unsafe {",
        "SystemTime",
        "println!",
        "defmt::info",
        "\"lo\"",
    ];
    for (path, text) in sources("core/src") {
        // What helps tests alone, and the example in the crate's documentation, may.
        if path.ends_with("parse/frames.rs") || path.ends_with("lib.rs") {
            continue;
        }
        for word in forbidden {
            assert!(!without_tests(&text).contains(word), "{}: {word}", path.display());
        }
    }
}

/// The captures and how many bytes each has.
fn captures() -> Vec<(String, u64)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let sizes = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len()));
    sizes.filter(|(name, _)| name.contains(".pcap")).collect()
}

#[test]
fn captures_are_small_and_their_readme_knows_them() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let told = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut told: Vec<&str> = told.collect();
    let captures = captures();
    let mut names: Vec<&str> = captures.iter().map(|(name, _)| name.as_str()).collect();
    told.sort_unstable();
    names.sort_unstable();
    assert_eq!(told, names, "README.md has a line for each capture");
    for (name, bytes) in &captures {
        assert!(*bytes < 100_000 || name == "mail-relay.pcapng", "{name}: {bytes} bytes");
    }
}

#[test]
fn files_are_small_say_what_they_are_for_and_leave_nothing_for_later() {
    let later =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("X", "XX")];
    for folder in ["core", "host", "tests", "benches", "firmware", "fuzz"] {
        for (path, text) in sources(folder) {
            let path = path.display();
            assert!(text.starts_with("//! "), "{path}: the first line says what the file is for");
            assert!(text.lines().count() <= 500, "{path}: more than 500 lines");
            for word in later {
                assert!(!text.contains(word), "{path}: {word}");
            }
        }
    }
}
