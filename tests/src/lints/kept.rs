//! A setting of the whole machine, changed for a while: it is as it was before when that ends, also
//! when this process is ended before.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::nf::namespace::set;

/// A shell that no signal to this process reaches. Its stdin ends with whoever has begun it, however
/// that comes about.
const KEEPER: &str = r#"trap '' HUP INT TERM; echo; cat >/dev/null; echo "$1" >"$0""#;

/// A setting that is as it was before when this is dropped.
pub(super) struct Kept {
    file: String,
    keeper: Child,
}

impl Kept {
    /// Changes it.
    ///
    /// # Errors
    /// When it may not be changed here.
    pub(super) fn set(file: &str, value: usize) -> Result<Self, String> {
        let fault = |error| format!("{file}: {error}");
        let before = fs::read_to_string(file).map_err(fault)?;
        let before = before.trim();
        // Where this is refused, nothing has to be brought back.
        set(file, before)?;
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, file, before])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("sh: {error}"))?;
        let is_waiting =
            keeper.stdout.take().map(|out| BufReader::new(out).read_line(&mut String::new()));
        let kept = Self { file: file.to_owned(), keeper };
        match is_waiting {
            Some(Ok(1)) => set(file, &value.to_string()).map(|()| kept),
            _ => Err("sh: it does not begin".into()),
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if !self.keeper.wait().is_ok_and(|status| status.success()) {
            eprintln!("error: {} is not as it was before", self.file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_is_brought_back() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let value = || fs::read_to_string(path).unwrap().trim().to_owned();
        set(path, "262144").unwrap();
        let kept = Kept::set(path, 512).unwrap();
        assert_eq!(value(), "512");
        drop(kept);
        assert_eq!(value(), "262144");
        assert!(Kept::set("/proc/sys/no/such/setting", 1).is_err());
    }
}
