//! Tries rules under the running kernel, and compares what it does with what `keeptrack lint` finds
//! in them: `kernel-lints`, as root.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().len() > 1 {
        eprintln!("usage: kernel-lints");
        return ExitCode::from(2);
    }
    compare().unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

#[cfg(target_os = "linux")]
fn compare() -> Result<ExitCode, String> {
    use keeptrack_tests::lints;

    let (count, differences) = lints::against_kernel()?;
    differences.iter().for_each(|difference| println!("{difference}"));
    println!("REPORT {} of {count} rules do what is found in them", count - differences.len());
    let mut are_alike = differences.is_empty();
    match lints::tables()? {
        Some(tables) => {
            for table in &tables {
                println!("REPORT {table}");
                are_alike &= table.is_as_found();
            }
        }
        None => {
            println!("REPORT buckets not tried: the settings of this machine stay as they are");
        }
    }
    Ok(if are_alike { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(not(target_os = "linux"))]
fn compare() -> Result<ExitCode, String> {
    Err("there is no Linux kernel here that could track".into())
}
