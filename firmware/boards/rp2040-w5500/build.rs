//! Hands the linker the runtime's layout, which takes in the board's memory map, and defmt's; and what
//! is otherwise for the checks.

use std::env;
use std::path::PathBuf;

fn main() {
    let board = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo::rustc-link-search={}", board.display());
    for script in ["memory.x", "selfcheck.x"] {
        println!("cargo::rerun-if-changed={script}");
    }
    for script in ["link.x", "defmt.x"] {
        println!("cargo::rustc-link-arg-bins=-T{script}");
    }
    println!("cargo::rustc-link-arg-bin=selfcheck=-Tselfcheck.x");
}
