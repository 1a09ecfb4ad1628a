//! Prints who is served under which attack and policy, and what each attack needs.

use std::process::ExitCode;

use keeptrack_tests::attack::{CHOICES, HELD_TIMES, Held, Plan, RTT_MS, SERVED_TIMES, Served};

fn main() -> ExitCode {
    let seed = match &std::env::args().skip(1).collect::<Vec<_>>()[..] {
        [] => Some(1),
        [option, seed] if option == "--seed" => seed.parse().ok(),
        _ => None,
    };
    let Some(seed) = seed else {
        eprintln!("usage: attacks [--seed NUMBER]");
        return ExitCode::from(2);
    };
    let plan = Plan {
        slot_count: 1024,
        client_count: 200,
        think_s: 30,
        attack: None,
        times: SERVED_TIMES,
        seed,
    };
    println!("seed {seed}, {RTT_MS} ms round trip\n");
    for choice in CHOICES {
        println!("{:<8} {}", choice.name, choice.what);
    }
    println!("\n{plan}\n\n{}", Served::measure(&plan, &CHOICES));
    // A smaller one, for it takes many runs.
    let plan = Plan { slot_count: 256, client_count: 50, times: HELD_TIMES, ..plan };
    print!("{plan}\n\n{}", Held::measure(&plan, &CHOICES));
    ExitCode::SUCCESS
}
