//! Says FTP's lines to the running kernel, and plays its scenes: whether it still reads, expects and
//! drops as the text beside `ftp` has it. Needs root.

use std::process::ExitCode;

use keeptrack_tests::ftp;
use keeptrack_tests::nf::{Kernel, Settings};

fn main() -> ExitCode {
    match differences() {
        Ok((count, differences)) => {
            differences.iter().for_each(|difference| println!("{difference}"));
            println!("REPORT {count} lines and scenes, {} differ", differences.len());
            if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn differences() -> Result<(usize, Vec<String>), String> {
    let rules = || ftp::RULES.to_owned();
    let settings = Settings { iptables: rules(), ip6tables: rules(), ..Settings::default() };
    let mut kernel = Kernel::new(settings)?;
    let (lines, scenes) = (ftp::lines()?, ftp::scenes()?);
    let mut differences = Vec::new();
    for line in &lines {
        differences.extend(line.difference(&mut kernel)?);
    }
    for scene in &scenes {
        differences.extend(ftp::play(scene, &mut kernel)?);
    }
    Ok((lines.len() + scenes.len(), differences))
}
