//! Compares the host program with the kernel about every trace below a directory: packet by packet,
//! and the tables at the end row by row.
//!
//! A trace `X` is compared when `X.oracle.jsonl.gz` lies beside it; other captures need only replay.

use std::path::Path;
use std::process::ExitCode;

use keeptrack_tests::kernel::{self, Answers, Asked, Comparison, MOST, Report, Trace};

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
    let Some(answers) = &trace.answers else { return kernel::replays(&trace.file).map(|()| None) };
    let asked = Asked::read(answers)?;
    Comparison::of(&asked, &Answers::ours(&trace.file, &asked)?).map(Some)
}

/// Prints the report, and succeeds when all is equal but for a few packets that are known not to be.
fn judge(report: &Report) -> ExitCode {
    let total = report.total();
    println!("{report}");
    println!(
        "REPORT {} packets: {} equal in all, {} excepted; {} of {} rows of tables equal",
        total.all.of, total.all.count, total.excepted, total.rows.count, total.rows.of,
    );
    let faults = [
        (total.all.of == 0, "no packet was compared"),
        (total.all.count + total.excepted != total.all.of, "packets differ"),
        (total.excepted > MOST, "more packets are excepted than may be"),
        (!total.rows.is_all(), "tables differ"),
        (report.failed_count() > 0, "traces could not be compared"),
    ];
    let mut found = faults.iter().filter(|(is_found, _)| *is_found).peekable();
    let exit = if found.peek().is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    for (_, fault) in found {
        println!("FAILED: {fault}");
    }
    exit
}
