//! Images as files to flash by drag and drop: `uf2 ELF...` writes a file `.uf2` beside each whose board
//! takes those.

use std::env::args_os;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use keeptrack_tools::flash::uf2;
use object::File;

fn main() -> ExitCode {
    let images: Vec<PathBuf> = args_os().skip(1).map(PathBuf::from).collect();
    if images.is_empty() {
        eprintln!("usage: uf2 ELF...");
        return ExitCode::from(2);
    }
    for image in &images {
        if let Err(why) = convert(image) {
            eprintln!("uf2: {}: {why}", image.display());
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn convert(image: &Path) -> Result<(), Box<dyn Error>> {
    let elf = fs::read(image)?;
    if let Some(file) = uf2(&File::parse(&*elf)?)? {
        fs::write(image.with_extension("uf2"), file)?;
    }
    Ok(())
}
