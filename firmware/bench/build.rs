//! Hands the linker the machine's memory map and the runtime's layout.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    // Of QEMU's microbit all, whose processor is a Cortex-M0; of its mps2-an385 what is needed.
    let ram = if env::var("TARGET")?.starts_with("thumbv6m") { "16K" } else { "128K" };
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let memory = format!(
        "MEMORY {{\n FLASH : ORIGIN = 0x00000000, LENGTH = 256K\n RAM : ORIGIN = 0x20000000, \
         LENGTH = {ram}\n}}\n"
    );
    fs::write(out.join("memory.x"), memory)?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    Ok(())
}
