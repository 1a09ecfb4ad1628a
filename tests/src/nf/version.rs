//! The kernel's version, and what is known to differ between versions.

use std::fmt;
use std::io;

use nix::sys::utsname::uname;

use super::packet;
use crate::told::{Differing, Lifetime, Told};

/// A version of Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    release: String,
    series: Option<(u32, u32)>,
}

/// Something in which a series of kernels differs from 6.18, whose verdicts are ours.
#[derive(Debug)]
pub struct Peculiarity {
    /// What differs, in words.
    pub what: &'static str,
    series: (u32, u32),
    /// Whether the kernel's answer and ours, about that packet, differ in this and nothing else.
    explains: fn(&[u8], &Told, &Told) -> bool,
}

/// The series of versions that have been measured.
const MEASURED: [(u32, u32); 2] = [(6, 12), (6, 18)];

/// All that is known to differ.
const PECULIARITIES: [Peculiarity; 1] = [Peculiarity {
    what: "a RST inside the window but not at its edge leaves an ESTABLISHED connection 300 s in \
           6.12, 10 s in 6.18",
    series: (6, 12),
    explains: |ip, kernel, ours| {
        packet::is_reset(ip)
            && kernel.state == Some("ESTABLISHED")
            && kernel.differs(ours) == [Differing::Timeout]
            && kernel.timeout == Some(Lifetime::Set(300))
            && ours.timeout == Some(Lifetime::Set(10))
    },
}];

impl Version {
    /// That of the running kernel.
    ///
    /// # Errors
    /// When it does not tell.
    pub fn running() -> io::Result<Self> {
        Ok(Self::of(&uname()?.release().to_string_lossy()))
    }

    /// That of a release, as `uname -r` prints it.
    #[must_use]
    pub fn of(release: &str) -> Self {
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        let series = match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
            _ => None,
        };
        Self { release: release.to_owned(), series }
    }

    /// Its number, without what whoever built it has put behind.
    #[must_use]
    pub fn number(&self) -> &str {
        let is_of_number = |c: char| c.is_ascii_digit() || c == '.';
        let end = self.release.find(|c| !is_of_number(c)).unwrap_or(self.release.len());
        &self.release[..end]
    }

    /// Whether kernels of its series have been measured.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.series.is_some_and(|series| MEASURED.contains(&series))
    }

    /// What explains that this kernel and our tracker differ about a packet, if something known
    /// does. Later answers about its connection may then differ, too.
    #[must_use]
    pub fn explains(&self, ip: &[u8], kernel: &Told, ours: &Told) -> Option<&'static Peculiarity> {
        let mut peculiarities = PECULIARITIES.iter().filter(|one| Some(one.series) == self.series);
        peculiarities.find(|one| (one.explains)(ip, kernel, ours))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Linux {}", self.number())?;
        if self.is_measured() {
            return Ok(());
        }
        write!(f, ", which has not been measured: measured are")?;
        for (major, minor) in MEASURED {
            write!(f, " {major}.{minor}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Version;
    use crate::told::{Lifetime, Told, Verdict};

    #[test]
    fn an_unknown_version_says_so() {
        for (release, is_measured) in
            [("6.18.44", true), ("6.12.117+deb13-amd64", true), ("6.1.0-9", false), ("x", false)]
        {
            let version = Version::of(release);
            assert_eq!(version.is_measured(), is_measured, "{release}");
            assert!(release.starts_with(version.number()));
            assert_eq!(version.to_string().contains("not been measured"), !is_measured);
        }
    }

    #[test]
    fn only_the_version_that_differs_is_excused() {
        let mut reset = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
        reset.extend([0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x04, 0, 0, 0, 0, 0, 0]);
        let told = |seconds| Told {
            state: Some("ESTABLISHED"),
            timeout: Some(Lifetime::Set(seconds)),
            ..Told::only(Verdict::Established)
        };
        let is_excused = |release, kernel| {
            Version::of(release).explains(&reset, &told(kernel), &told(10)).is_some()
        };
        assert!(is_excused("6.12.117", 300));
        assert!(!is_excused("6.12.117", 120));
        assert!(!is_excused("6.18.44", 300));
    }
}
