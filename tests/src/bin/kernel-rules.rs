//! Asks the running kernel what it leaves untracked under rules as people have written them, which
//! iptables and nft install. Needs root.

use std::process::ExitCode;

fn main() -> ExitCode {
    match keeptrack_tests::wild_kernel::ask() {
        Ok(asked) => {
            let [iptables, nft] = asked.rule_counts;
            asked.differences.iter().for_each(|difference| println!("{difference}"));
            println!(
                "REPORT {iptables} cases of iptables and {nft} of nft: {} differ",
                asked.differences.len()
            );
            if asked.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
