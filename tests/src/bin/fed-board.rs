//! Feeds emulated boards with captures and made-up frames, without root, and compares each verdict
//! with a replay's: `fed-board BOARD...`.
//!
//! Wants the boards' images in firmware/out/, where `firmware/build` puts them.

use std::process::ExitCode;

use keeptrack_tests::boards::{Configuration, Fed, fed};
use keeptrack_tools::scratch::Scratch;

/// So many faults are shown.
const SHOWN: usize = 40;

fn main() -> ExitCode {
    let boards: Vec<_> = std::env::args().skip(1).collect();
    if boards.is_empty() {
        eprintln!("usage: fed-board BOARD...");
        return ExitCode::from(2);
    }
    let _scratch = match Scratch::new() {
        Ok(scratch) => scratch,
        Err(why) => {
            eprintln!("fed-board: {why}");
            return ExitCode::from(2);
        }
    };
    let mut end = ExitCode::SUCCESS;
    for board in &boards {
        for configuration in Configuration::all() {
            let name = configuration.name;
            if !judge(&format!("{board}, {name}"), fed(board, &configuration)) {
                end = ExitCode::FAILURE;
            }
        }
    }
    end
}

fn judge(what: &str, fed: Result<Fed, String>) -> bool {
    let fed = match fed {
        Ok(fed) => fed,
        Err(why) => {
            eprintln!("{what}: {why}");
            return false;
        }
    };
    let Fed { frame_count, packet_count, accepted_count, faults } = &fed;
    println!(
        "REPORT {what}: {frame_count} frames, {packet_count} compared, {accepted_count} came out: {} \
         faults",
        faults.len()
    );
    for fault in faults.iter().take(SHOWN) {
        eprintln!("{what}: {fault}");
    }
    faults.is_empty()
}
