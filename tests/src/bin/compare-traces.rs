//! Compares the host program with the kernel, packet by packet, about every trace below a directory.
//!
//! A trace `X` is compared when `X.oracle.jsonl.gz` lies beside it; other captures need only replay.

use std::path::Path;
use std::process::ExitCode;

use keeptrack_tests::kernel::{self, Comparison, Report, Trace};

/// How many of a thousand packets must be equal in verdict and direction. Raise it as they become
/// more; a change that lowers it has broken something.
const FLOOR_PER_MILLE: u64 = 984;

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1) else {
        eprintln!("usage: compare-traces DIRECTORY");
        return ExitCode::from(2);
    };
    match kernel::below(Path::new(&directory)) {
        Ok(traces) => judge(&report(traces)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn report(traces: Vec<Trace>) -> Report {
    let mut report = Report::default();
    for trace in traces {
        let compared = compare(&trace);
        report.add(trace.name, compared);
    }
    report
}

/// `None` where there is no answer of the kernel to compare with.
fn compare(trace: &Trace) -> Result<Option<Comparison>, String> {
    let ours = kernel::ours(&trace.file)?;
    let Some(answers) = &trace.answers else { return Ok(None) };
    Comparison::of(&kernel::kernels(answers)?, &ours).map(Some)
}

/// Prints the report, and succeeds when it is good enough.
fn judge(report: &Report) -> ExitCode {
    let total = report.total();
    let special = [("bad flags", total.bad_flags), ("a bad first packet", total.bad_first)];
    println!("{report}");
    for (what, agreed) in special {
        println!("invalid for {what}: {} of {} are so here, too", agreed.count, agreed.of);
    }
    println!(
        "REPORT {} packets: {:.2}% equal in verdict and direction (at least {}.{}%), {:.2}% in all",
        total.all.of,
        total.verdict.percent(),
        FLOOR_PER_MILLE / 10,
        FLOOR_PER_MILLE % 10,
        total.all.percent(),
    );
    let faults = [
        (total.all.of == 0, "no packet was compared"),
        (!total.verdict.reaches(FLOOR_PER_MILLE), "too few packets are equal"),
        (!special.iter().all(|(_, agreed)| agreed.is_all()), "packets are not invalid here"),
        (report.failed_count() > 0, "traces could not be compared"),
    ];
    let mut found = faults.iter().filter(|(is_found, _)| *is_found).peekable();
    let exit = if found.peek().is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    for (_, fault) in found {
        println!("FAILED: {fault}");
    }
    exit
}
