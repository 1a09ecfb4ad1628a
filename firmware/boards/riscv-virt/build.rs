//! Hands the linker the board's memory map, the runtime's layout and defmt's.

use std::env;
use std::path::PathBuf;

fn main() {
    let board = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo::rustc-link-search={}", board.display());
    println!("cargo::rerun-if-changed=memory.x");
    for script in ["memory.x", "link.x", "defmt.x"] {
        println!("cargo::rustc-link-arg-bins=-T{script}");
    }
}
