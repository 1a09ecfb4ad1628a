//! Compares what a gateway's log says of each packet with a replay of the capture at its ports.
//!
//!     compare-gateway LOG CAPTURE IMAGE
//!
//! LOG is in words, of a gateway whose configuration IMAGE asks for a line a packet. CAPTURE has the
//! frames that were handed to it, by the interfaces eth0 and eth1. None may be lost, and few may be
//! left that the gateway did not look into.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use keeptrack_tests::boards::{compare, handed};
use keeptrack_tools::log::Line;

/// So many differences are shown.
const SHOWN: usize = 40;

/// Fewer packets would say little.
const ENOUGH: usize = 1_000;

/// The gateway may leave one frame of so many unasked: those before both links are up.
const UNASKED: usize = 100;

fn main() -> ExitCode {
    match run() {
        Ok(end) => end,
        Err(why) => {
            eprintln!("compare-gateway: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [log, capture, image] = arguments.as_slice() else {
        return Err("usage: compare-gateway LOG CAPTURE IMAGE".into());
    };
    let text = fs::read_to_string(log).map_err(|why| format!("{log}: {why}"))?;
    let lines: Vec<_> = text.lines().filter_map(Line::parse).collect();
    let compared = compare(&lines, &handed(Path::new(capture))?, Path::new(image))?;
    let (same, differing) = (compared.packet_count, compared.differences.len());
    let (lost, unasked) = (compared.unheard.len(), compared.unasked.len());
    println!(
        "REPORT {same} packets compared with a replay: {differing} differ; {lost} were lost, \
         {unasked} not looked into"
    );
    for difference in compared.differences.iter().take(SHOWN) {
        eprintln!("{difference}");
    }
    if same < ENOUGH {
        return Err(format!("of {same} packets only: {ENOUGH} are wanted"));
    }
    let is_alike = differing == 0 && lost == 0 && unasked <= same / UNASKED;
    Ok(if is_alike { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
