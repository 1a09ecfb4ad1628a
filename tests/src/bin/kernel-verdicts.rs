//! Asks the running kernel about captures. Needs root.
//!
//! `kernel-verdicts CAPTURE [-o FILE]` prints what it says of one, `--record FOLDER` writes that down
//! for all of a folder, and `--check FOLDER` asks whether it is still what is written down.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use keeptrack_tests::golden::{self, Case};
use keeptrack_tests::nf::Version;

/// Differences of one capture that are shown.
const SHOWN_COUNT: usize = 5;

const USAGE: &str = "usage: kernel-verdicts CAPTURE [-o FILE]
       kernel-verdicts --record FOLDER
       kernel-verdicts --check FOLDER";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["--record", folder] => record(Path::new(folder)),
        ["--check", folder] => check(Path::new(folder)),
        [capture, "-o", file] if !capture.starts_with('-') => print(capture, Some(file)),
        [capture] if !capture.starts_with('-') => print(capture, None),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn print(capture: &str, file: Option<&str>) -> Result<ExitCode, String> {
    let (asked, answers) = golden::ask(&Case::of(Path::new(capture)))?;
    match file {
        Some(file) => write(Path::new(file), &answers.text(&asked))?,
        None => print!("{}", answers.text(&asked)),
    }
    Ok(ExitCode::SUCCESS)
}

fn record(folder: &Path) -> Result<ExitCode, String> {
    for case in golden::cases(folder)? {
        let (asked, answers) =
            golden::ask(&case).map_err(|error| format!("{}: {error}", case.name))?;
        write(&case.golden, &answers.text(&asked))?;
        println!("{}: {} packets", case.name, answers.packets.len());
    }
    Ok(ExitCode::SUCCESS)
}

fn check(folder: &Path) -> Result<ExitCode, String> {
    let version = Version::running().map_err(|error| error.to_string())?;
    let (mut capture_count, mut packet_count, mut differing_count) = (0, 0, 0);
    for case in golden::cases(folder)? {
        let checked = golden::check(&case).map_err(|error| format!("{}: {error}", case.name))?;
        capture_count += 1;
        packet_count += checked.packet_count;
        if let Some(peculiarity) = checked.peculiarity {
            println!("{}: compared only up to {}", case.name, peculiarity.what);
        }
        let differences = checked.differences;
        if !differences.is_empty() {
            differing_count += 1;
            println!("{}: {} differ from the record", case.name, differences.len());
            println!("{}", differences[..differences.len().min(SHOWN_COUNT)].join("\n"));
        }
    }
    println!(
        "REPORT {packet_count} packets of {capture_count} captures, by {version}: {differing_count} \
         captures differ from the record"
    );
    let is_fresh = differing_count == 0 && capture_count > 0;
    Ok(if is_fresh { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}
