//! Words and numbers of the command line, and what they mean.

use std::str::FromStr;

use clap::ValueEnum;
use keeptrack_core::{Config, Seed};

/// Timeouts and settings by their origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Linux 6.18
    Linux,
    /// Linux 2.6.9: UDP streams live three minutes
    #[value(name = "linux-2.6.9")]
    Linux269,
    /// Linux 2.4.21, the table of the old stories
    #[value(name = "linux-2.4.21")]
    Linux2421,
}

impl Preset {
    /// The settings.
    #[must_use]
    pub const fn config(self) -> Config {
        match self {
            Self::Linux => Config::LINUX,
            Self::Linux269 => Config::LINUX_2_6_9,
            Self::Linux2421 => Config::LINUX_2_4_21,
        }
    }
}

/// What to do with a packet that was captured twice on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Copies {
    /// Track the first, as the kernel does
    Drop,
    /// Track every record
    Keep,
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Where a terminal shows it, unless NO_COLOR is set
    #[default]
    Auto,
    /// Everywhere, in files as well
    Always,
    /// Nowhere
    Never,
}

impl From<When> for anstream::ColorChoice {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Never => Self::Never,
        }
    }
}

/// The key of the table's hash.
#[derive(Debug, Clone, Copy)]
pub enum HashSeed {
    /// The same in every run.
    Fixed(u64),
    /// Another in every run.
    Random,
}

impl HashSeed {
    /// The key.
    #[must_use]
    pub fn seed(self) -> Seed {
        let words = match self {
            Self::Fixed(number) => [number, 0],
            Self::Random => [random_word(), random_word()],
        };
        let mut seed = [0; 16];
        for (bytes, word) in seed.as_chunks_mut().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
        Seed(seed)
    }
}

/// What the standard library seeds its hash maps with.
fn random_word() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

impl FromStr for HashSeed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "random" => Ok(Self::Random),
            _ => text.parse().map(Self::Fixed).map_err(|_| "not a number, not `random`".into()),
        }
    }
}

/// The largest table that is made: 2^28 entries, some forty gigabytes.
pub(crate) const MAX_ENTRIES: usize = 1 << 28;

/// A number of entries: `65536`, `65,536`, `64k` (times 1,024), `1m`.
pub(super) fn entry_count(text: &str) -> Result<usize, String> {
    count_of(["entry", "entries"], text)
}

/// The same of buckets.
pub(super) fn bucket_count(text: &str) -> Result<usize, String> {
    count_of(["bucket", "buckets"], text)
}

/// A number of something, which is called that by ones and by several.
fn count_of([one, several]: [&str; 2], text: &str) -> Result<usize, String> {
    let plain = text.replace([',', '_'], "").to_ascii_lowercase();
    let (digits, unit) = match plain.strip_suffix(['k', 'm']) {
        Some(digits) if plain.ends_with('k') => (digits, 1 << 10),
        Some(digits) => (digits, 1 << 20),
        None => (plain.as_str(), 1),
    };
    let count: usize =
        digits.parse().map_err(|_| format!("`{text}` is not a number of {several}"))?;
    match count.checked_mul(unit) {
        Some(0) => Err(format!("a table needs at least one {one}")),
        Some(count) if count <= MAX_ENTRIES => Ok(count),
        _ => Err(format!("more than {MAX_ENTRIES} {several}")),
    }
}

/// A number of seconds: `5`, `5s`.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let digits = text.strip_suffix('s').unwrap_or(text);
    digits.parse().map_err(|_| format!("`{text}` is not a number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::{bucket_count, entry_count};

    #[test]
    fn entries_may_be_counted_in_k() {
        assert_eq!(entry_count("65,536"), Ok(65_536));
        assert_eq!(entry_count("64k"), Ok(65_536));
        assert_eq!(entry_count("1M"), Ok(1 << 20));
        for wrong in ["", "k", "-1", "0", "0k", "1g", "99999999999999999999", "300m"] {
            assert!(entry_count(wrong).is_err(), "{wrong}");
        }
        assert_eq!(bucket_count("0"), Err("a table needs at least one bucket".into()));
    }
}
