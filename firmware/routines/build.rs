//! Says whether the processor is one that the routines are for.

use std::env;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rustc-check-cfg=cfg(armv7m)");
    if env::var("TARGET")?.starts_with("thumbv7m") {
        println!("cargo::rustc-cfg=armv7m");
    }
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
