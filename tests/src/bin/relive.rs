//! Re-opens the flows of a capture under the running kernel, with the lines that are advised and
//! without, and compares what it held with the forecasts: `relive CAPTURE [SEED]`, as root.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let relived = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [capture] => relive(capture, "1"),
        [capture, seed] => relive(capture, seed),
        _ => Err("usage: relive CAPTURE [SEED]".into()),
    };
    relived.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

#[cfg(target_os = "linux")]
fn relive(capture: &str, seed: &str) -> Result<ExitCode, String> {
    let number = seed.parse().map_err(|_| format!("a seed is a number, not `{seed}`"))?;
    let relived = keeptrack_tests::relive::against_kernel(Path::new(capture), number)?;
    for finding in &relived.findings {
        println!("REPORT {finding}");
    }
    let (flow_count, left_out) = (relived.flow_count, relived.left_out);
    let agree = relived.findings.iter().all(|finding| finding.agrees);
    println!("REPORT {flow_count} flows re-opened in each run, {left_out} left out, seed {number}");
    Ok(if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(not(target_os = "linux"))]
fn relive(_: &str, _: &str) -> Result<ExitCode, String> {
    Err("there is no Linux kernel here that could track".into())
}
