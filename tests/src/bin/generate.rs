//! Passes seeded random packets through the running kernel's conntrack and through the tracker.
//!
//! Needs root. Where both differ it prints the shortest sequence that shows it.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use keeptrack_tests::generate::{self, Findings, Plan, Topic};
use keeptrack_tests::nf::Version;

/// How many sequences may differ once and not again: the kernel's own clock ticks while it is asked.
const MOST_UNSTEADY: u64 = 20;

/// What was typed.
#[derive(Parser)]
struct Options {
    /// Packets in all
    #[arg(long, default_value_t = 200_000)]
    packets: u64,
    /// Seeds, the last one not among them
    #[arg(long, default_value = "0..20", value_parser = range)]
    seeds: Range<u64>,
    /// Sequences about these alone, separated by commas: tcp udp query error sctp gre other
    #[arg(long, value_delimiter = ',', value_parser = topic)]
    protocol: Vec<Topic>,
    /// Write each difference to a file in this folder
    #[arg(long)]
    save: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match found_again().and_then(|again| Ok(again + found(&options)?)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// How many of the sequences that were once found the kernel answers otherwise now.
fn found_again() -> Result<u64, String> {
    let asked = generate::ask_again()?;
    let (mut differing_count, mut other_count) = (0, 0);
    for again in &asked {
        match again.differing.as_deref() {
            None => other_count += 1,
            Some([]) => {}
            Some(lines) => {
                differing_count += 1;
                println!("{}:\n{}\n", again.name, lines.join("\n"));
            }
        }
    }
    println!(
        "REPORT {} sequences that were found before: {differing_count} have other answers, \
         {other_count} were asked of another kernel",
        asked.len()
    );
    Ok(differing_count)
}

/// How many sequences differ.
fn found(options: &Options) -> Result<u64, String> {
    let all = || Topic::ALL.iter().map(|(_, topic)| *topic).collect();
    let plan = Plan {
        packet_count: options.packets,
        seeds: options.seeds.clone(),
        topics: if options.protocol.is_empty() { all() } else { options.protocol.clone() },
    };
    let findings = plan.run(&mut |found| println!("{found}"))?;
    if let Some(folder) = &options.save {
        for (found, number) in findings.found.iter().zip(1..) {
            let file = folder.join(format!("seed-{}-{number}", found.seed));
            fs::write(&file, found.regression.to_string())
                .map_err(|error| format!("{}: {error}", file.display()))?;
        }
    }
    let Findings { packet_count, differing_count, excused_count, unsteady_count, .. } = findings;
    let version = Version::running().map_err(|error| error.to_string())?;
    let seed_count = plan.seeds.end - plan.seeds.start;
    println!(
        "REPORT {packet_count} packets from {seed_count} seeds, {}..{}: {differing_count} sequences \
         differ from {version}; {excused_count} do as it is known to, \
         {unsteady_count} did once and not again",
        plan.seeds.start, plan.seeds.end
    );
    if unsteady_count > MOST_UNSTEADY {
        println!("so many that the kernel's clock is no excuse");
        return Ok(unsteady_count);
    }
    Ok(differing_count)
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let read =
        text.split_once("..").and_then(|(start, end)| Some(start.parse().ok()?..end.parse().ok()?));
    read.filter(|seeds| !seeds.is_empty()).ok_or_else(|| "seeds are written A..B".to_owned())
}

fn topic(name: &str) -> Result<Topic, String> {
    let found = Topic::ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, topic)| *topic).ok_or_else(|| "no such protocol".to_owned())
}
