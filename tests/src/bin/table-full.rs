//! Compares forecasts for Linux's full table with what kernels did.
//!
//! `table-full DIRECTORY` with the runs of the mail relay below a directory of traces, and with
//! what was measured of a table of the usual size; `table-full --kernel` with the running kernel,
//! as root.

use std::path::Path;
use std::process::ExitCode;

use keeptrack_tests::tablefull::{self, Finding, Relay, Summary};

fn main() -> ExitCode {
    let found = match std::env::args_os().nth(1) {
        None => {
            eprintln!("usage: table-full DIRECTORY | --kernel");
            return ExitCode::from(2);
        }
        Some(word) if word == "--kernel" => against_kernel(),
        Some(directory) => against_traces(Path::new(&directory)),
    };
    match found {
        Ok(findings) => judge(&findings),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn against_traces(directory: &Path) -> Result<Vec<Finding>, String> {
    let relay = Relay::below(directory);
    let mut findings = Vec::new();
    for run in Summary::read(&directory.join("tablefull").join("SUMMARY.tsv"))?.0 {
        findings.extend(relay.compare(&run)?);
    }
    findings.extend(tablefull::measured(tablefull::MEASURED_MAX)?);
    Ok(findings)
}

#[cfg(target_os = "linux")]
fn against_kernel() -> Result<Vec<Finding>, String> {
    tablefull::against_kernel()
}

#[cfg(not(target_os = "linux"))]
fn against_kernel() -> Result<Vec<Finding>, String> {
    Err("there is no Linux kernel here to be measured".into())
}

fn judge(findings: &[Finding]) -> ExitCode {
    for finding in findings {
        println!("{finding}");
    }
    let differing = findings.iter().filter(|finding| !finding.agrees).count();
    println!("REPORT {} figures of Linux's full table: {differing} differ", findings.len());
    match differing {
        0 if !findings.is_empty() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
