//! What a kernel and a tracker are told before they judge: settings by their names.

use std::fmt;

use keeptrack::settings;
use keeptrack_core::{Config, Timeout};

use super::random::Random;

/// Settings of conntrack that are not as Linux has them by itself, but that check sums are not verified,
/// by their names without `nf_conntrack_`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(Vec<(String, u32)>);

/// What is set now and then, and to what.
const SWITCHES: [(&str, &[u32]); 5] = [
    ("checksum", &[1]),
    ("tcp_be_liberal", &[1]),
    ("tcp_loose", &[0]),
    ("tcp_ignore_invalid_rst", &[1]),
    ("tcp_max_retrans", &[0, 1, 2, 5, 255]),
];

impl Settings {
    /// The settings of a seed.
    pub fn drawn(random: &mut Random) -> Self {
        let mut settings = Vec::new();
        for (name, values) in SWITCHES {
            if random.one_in(3) {
                settings.push((name.to_owned(), random.of(values)));
            }
        }
        if random.one_in(2) {
            // No two timeouts are alike, so that each is known by its seconds.
            let mut free: Vec<u32> = (1..40).map(|place| 17 * place - 4).collect();
            // Linux has no setting for two SYNs that cross.
            let set = |timeout: &&Timeout| **timeout != Timeout::TcpSynSent2;
            for timeout in Timeout::ALL.iter().filter(set) {
                let seconds = free.swap_remove(random.index(free.len()));
                settings.push((timeout.name().to_owned(), seconds));
            }
        }
        Self(settings)
    }

    /// Names as in `/proc/sys/net/netfilter`, and values.
    pub fn assignments(&self) -> impl Iterator<Item = (String, u32)> {
        self.0.iter().map(|(name, value)| (format!("nf_conntrack_{name}"), *value))
    }

    /// The seconds of a timeout under these settings.
    #[must_use]
    pub fn seconds(&self, timeout: Timeout) -> u32 {
        let set = self.0.iter().find(|(name, _)| name == timeout.name());
        set.map_or_else(|| Config::LINUX.timeouts.seconds(timeout), |(_, seconds)| *seconds)
    }

    /// The same for the tracker.
    ///
    /// # Errors
    /// When it does not know one of them.
    pub fn config(&self) -> Result<Config, String> {
        let words: Vec<_> =
            self.assignments().map(|(name, value)| format!("{name}={value}")).collect();
        let read = settings::Settings::load(&words).map_err(|error| error.to_string())?;
        Ok(read.apply(Config::LINUX))
    }

    /// These without the timeouts.
    #[must_use]
    pub fn without_timeouts(&self) -> Self {
        let is_timeout = |name: &str| Timeout::ALL.iter().any(|timeout| timeout.name() == name);
        Self(self.0.iter().filter(|(name, _)| !is_timeout(name)).cloned().collect())
    }

    /// These without the one at that place.
    #[must_use]
    pub fn without(&self, place: usize) -> Option<Self> {
        let mut fewer = self.clone();
        (place < fewer.0.len()).then(|| fewer.0.remove(place))?;
        Some(fewer)
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.assignments().enumerate() {
            write!(f, "{}{name}={value}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Settings {
    type Err = String;

    fn from_str(words: &str) -> Result<Self, String> {
        let assignments = words.split_whitespace().map(|word| {
            let (name, value) = word.split_once('=').ok_or_else(|| format!("no value: {word}"))?;
            let name = name.strip_prefix("nf_conntrack_").unwrap_or(name);
            let value = value.parse().map_err(|_| format!("no number: {word}"))?;
            Ok((name.to_owned(), value))
        });
        assignments.collect::<Result<_, _>>().map(Self)
    }
}
