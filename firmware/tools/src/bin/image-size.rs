//! What boards' images take, in bytes, and what a connection takes: `image-size ELF...`.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::mem::size_of;
use std::path::Path;
use std::process::ExitCode;

use keeptrack_core::{Storage, bytes_an_entry};
use object::{Object, ObjectSection, SectionKind};

fn main() -> ExitCode {
    let mut lines = Vec::new();
    for path in args_os().skip(1) {
        let path = Path::new(&path);
        match measure(path) {
            Ok(Size { text_len, ram_len }) => {
                let name = path.file_stem().unwrap_or(OsStr::new("")).display().to_string();
                lines.push(format!("{name:<16}{text_len:>10}{ram_len:>14}"));
            }
            Err(why) => {
                eprintln!("image-size: {}: {why}", path.display());
                return ExitCode::from(2);
            }
        }
    }
    println!("{:<16}{:>10}{:>14}", "bytes of", "text", "static RAM");
    for line in lines {
        println!("{line}");
    }
    println!("{:<16}{:>24}", "Storage<1024>", size_of::<Storage<1024>>());
    println!("{:<16}{:>24}", "an entry", bytes_an_entry::<u16>());
    ExitCode::SUCCESS
}

struct Size {
    /// Code and constants: what lies in flash, where there is flash.
    text_len: u64,
    /// Variables, without the stack.
    ram_len: u64,
}

fn measure(path: &Path) -> Result<Size, Box<dyn Error>> {
    let elf = fs::read(path)?;
    let image = object::File::parse(&*elf)?;
    let mut size = Size { text_len: 0, ram_len: 0 };
    for section in image.sections() {
        match (section.kind(), section.name()?) {
            // Debug information has kinds of its own; heap and stack are what is left of the RAM.
            (_, ".heap" | ".stack") => {}
            (SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString, _) => {
                size.text_len += section.size();
            }
            (SectionKind::Data, _) => {
                // The first values lie beside the code.
                size.text_len += section.size();
                size.ram_len += section.size();
            }
            (SectionKind::UninitializedData, _) => size.ram_len += section.size(),
            _ => {}
        }
    }
    Ok(size)
}
