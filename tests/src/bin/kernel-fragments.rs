//! Tells the stories of fragments to the running kernel. Needs root.

use std::process::ExitCode;

use keeptrack_tests::fragments;
use keeptrack_tests::nf::{Kernel, Settings};

fn main() -> ExitCode {
    match told() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// How many stories the kernel tells otherwise.
fn told() -> Result<usize, String> {
    let mut kernel = Kernel::new(Settings::default())?;
    let stories = fragments::stories()?;
    let mut differing_count = 0;
    for story in &stories {
        if let Some(difference) = story.difference(&mut kernel)? {
            println!("{difference}");
            differing_count += 1;
        }
    }
    println!("REPORT {} stories of fragments, {differing_count} told otherwise", stories.len());
    Ok(differing_count)
}
