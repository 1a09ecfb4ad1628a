//! A folder for all that a program writes on the side, which is gone when the program is.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread::spawn;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tempfile::TempDir;

/// The folder: temporary files are made in it from now on. It is removed with this, and when SIGTERM
/// or SIGINT ends the program.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// The one of this program.
    ///
    /// # Errors
    /// The folder cannot be made, or there is one already.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_owned();
        tempfile::env::override_temp_dir(&path)
            .map_err(|_| io::Error::new(ErrorKind::AlreadyExists, "a scratch folder is there"))?;
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        spawn(move || {
            for signal in &mut signals {
                // What cannot be removed is in nobody's way.
                let _ = fs::remove_dir_all(&path);
                let _ = emulate_default_handler(signal);
            }
        });
        Ok(Self(folder))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}
