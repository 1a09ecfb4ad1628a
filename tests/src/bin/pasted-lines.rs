//! Pastes the lines that `keeptrack advise` gives into shells of their own namespaces, for every kind
//! of change, and undoes them.
//!
//! Needs root, iptables, nft and sysctl.

use std::process::ExitCode;

use keeptrack_tests::pasted::{self, Case};

/// What is pasted into, and how.
type Paste = (&'static str, fn(&Case) -> Result<(), String>);

const TOOLS: [Paste; 3] =
    [("iptables", pasted::iptables), ("nft", pasted::nft), ("firewall4", pasted::firewall4)];

fn main() -> ExitCode {
    let cases = pasted::cases();
    let mut wrong_count = 0;
    for (tool, paste) in TOOLS {
        for case in &cases {
            if let Err(wrong) = paste(case) {
                wrong_count += 1;
                println!("{tool}, {}: {wrong}", case.name);
            }
        }
    }
    if let Err(wrong) = pasted::settings() {
        wrong_count += 1;
        println!("settings: {wrong}");
    }
    println!("REPORT {} changes, each for {} tools: {wrong_count} wrong", cases.len(), TOOLS.len());
    if wrong_count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
