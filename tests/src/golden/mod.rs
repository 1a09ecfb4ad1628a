//! What the kernel says of the project's own captures, written down once: so that whoever has no
//! root still holds our tracker against it, and whoever has proves that it still says so.
//!
//! Of `captures/X` the kernel's answers are in `golden/X.jsonl`: a line of what was asked, a line a
//! packet, a line for each connection in the table at the end. `golden/X.sysctl`, `X.rules.v4` and
//! `X.rules.v6`, where there are any, were set before.

mod answers;
mod case;
#[cfg(target_os = "linux")]
mod live;
mod ours;

pub use answers::{Answers, Asked};
pub use case::{Case, cases};
#[cfg(target_os = "linux")]
pub use live::{Checked, ask, check};

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::cases;

    /// Differences of one capture that are shown.
    const SHOWN_COUNT: usize = 5;

    #[test]
    fn the_program_says_what_the_kernel_said() {
        let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
        let mut failures = Vec::new();
        for case in cases(&captures).unwrap() {
            let differences = case.recorded().and_then(|(_, kernel)| {
                let ours = case.ours()?;
                Ok(kernel.differences(&ours))
            });
            match differences {
                Ok(differences) if differences.is_empty() => {}
                Ok(differences) => {
                    let shown = differences[..differences.len().min(SHOWN_COUNT)].join("\n");
                    failures.push(format!("{}: {} differ\n{shown}", case.name, differences.len()));
                }
                Err(error) => failures.push(format!("{}: {error}", case.name)),
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}
