//! Makes seeds for the fuzz target of captures: one file a story, named for its capture.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use keeptrack_tests::seeds;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [directory, captures @ ..] = &arguments[..] else {
        eprintln!("usage: fuzz-seeds DIRECTORY CAPTURE...");
        return ExitCode::from(2);
    };
    for capture in captures {
        if let Err(error) = write(directory.as_ref(), capture.as_ref()) {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Writes the stories of a capture into a directory.
fn write(directory: &Path, capture: &Path) -> Result<(), String> {
    let name = capture.file_stem().unwrap_or_default().to_string_lossy();
    for (number, story) in seeds::stories(capture)?.iter().enumerate() {
        let seed = directory.join(format!("{name}-{number}"));
        fs::write(&seed, story).map_err(|error| format!("{}: {error}", seed.display()))?;
    }
    Ok(())
}
