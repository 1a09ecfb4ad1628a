//! What was typed.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use keeptrack_core::{Config, Seed};

use crate::path::Naming;

/// Shows what a connection-tracking table of that size would have done with a capture.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Passes a capture through a table: when it is full, what is dropped, what fills it
    Replay(Replay),
}

/// Passes a capture through a table.
///
/// The capture is the clock. Verdicts, states and timeouts are those of Linux nf_conntrack.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = EXAMPLES)]
pub struct Replay {
    /// A capture: pcap or pcapng
    pub capture: PathBuf,

    /// Entries the table has, as nf_conntrack_max (64k is 65,536); without it nothing is refused
    #[arg(short, long, value_name = "N", value_parser = entry_count)]
    pub max: Option<usize>,

    /// Rules of the raw table: iptables-save text or iptables command lines (repeatable)
    #[arg(short, long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,

    /// Timeouts and settings to begin with
    #[arg(short, long, value_enum, default_value_t = Preset::Linux)]
    pub preset: Preset,

    /// Addresses of the host that captured: what they send crosses OUTPUT
    #[arg(long, value_name = "ADDR,..", value_delimiter = ',')]
    pub local: Vec<IpAddr>,

    /// The interface's name (lan0), or names by index (2=lan0,3=wan0), if the capture has none
    #[arg(long, value_name = "NAME|INDEX=NAME,..")]
    pub iface: Option<Naming>,

    /// What to do with a packet that an `-i any` capture shows twice
    #[arg(long, value_enum, default_value_t = Copies::Drop)]
    pub copies: Copies,

    /// Key of the table's hash: a number, or `random`; no verdict depends on it
    #[arg(long, value_name = "N|random", default_value = "0")]
    pub hash_seed: HashSeed,

    /// What to write, and where to if not to stdout (repeatable) [default: summary]
    #[arg(short, long, value_name = "packets|json|summary[=FILE]")]
    pub output: Vec<Output>,

    /// Exit with 1 if the table had no room for a packet
    #[arg(long)]
    pub check: bool,

    /// No progress, no kernel messages
    #[arg(short, long)]
    pub quiet: bool,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the table dropped packets (--check), 2 bad input";

const EXAMPLES: &str = "\
Exit codes:
  0  done
  1  the table dropped packets (only with --check)
  2  bad input; what was counted before is reported

Examples:
  tcpdump -i any -s 96 -w relay.pcap         a capture on a server
  tcpdump -i lan0 -s 96 -w gateway.pcap      on a gateway: the inside interface

  keeptrack replay relay.pcap                what size the traffic takes
  keeptrack replay relay.pcap -m 16k         what a table of that size does
  iptables-save -t raw > rules.v4
  keeptrack replay relay.pcap -m 16k -r rules.v4
  keeptrack replay relay.pcap -o packets=packets.jsonl -o summary";

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

/// Something to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// What.
    pub format: Format,
    /// Where to; stdout without it.
    pub file: Option<PathBuf>,
}

/// A kind of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A line of JSON for every packet.
    Packets,
    /// One JSON object.
    Json,
    /// Text for people.
    Summary,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = match text.split_once('=') {
            Some((_, "")) => return Err("no file name behind `=`".into()),
            Some((format, file)) => (format, Some(file.into())),
            None => (text, None),
        };
        let format = match format {
            "packets" => Format::Packets,
            "json" => Format::Json,
            "summary" => Format::Summary,
            _ => return Err(format!("`{format}` is none of packets, json, summary")),
        };
        Ok(Self { format, file })
    }
}

/// A number of entries: `65536`, `65,536`, `64k` (times 1,024), `1m`.
fn entry_count(text: &str) -> Result<usize, String> {
    let plain = text.replace([',', '_'], "").to_ascii_lowercase();
    let (digits, unit) = match plain.strip_suffix(['k', 'm']) {
        Some(digits) if plain.ends_with('k') => (digits, 1 << 10),
        Some(digits) => (digits, 1 << 20),
        None => (plain.as_str(), 1),
    };
    let count: usize =
        digits.parse().map_err(|_| format!("`{text}` is not a number of entries"))?;
    match count.checked_mul(unit) {
        Some(0) => Err("a table needs at least one entry".into()),
        Some(count) if count <= MAX_ENTRIES => Ok(count),
        _ => Err(format!("more than {MAX_ENTRIES} entries")),
    }
}

/// The largest table that is made: 2^28 entries, some twenty gigabytes.
const MAX_ENTRIES: usize = 1 << 28;

#[cfg(test)]
mod tests {
    use super::{Format, Options, Output, entry_count};
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn entries_may_be_counted_in_k() {
        assert_eq!(entry_count("65,536"), Ok(65_536));
        assert_eq!(entry_count("64k"), Ok(65_536));
        assert_eq!(entry_count("1M"), Ok(1 << 20));
        for wrong in ["", "k", "-1", "0", "0k", "1g", "99999999999999999999", "300m"] {
            assert!(entry_count(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_output_has_a_format_and_may_have_a_file() {
        let plain = Output { format: Format::Json, file: None };
        assert_eq!("json".parse(), Ok(plain));
        let filed = Output { format: Format::Packets, file: Some("a=b".into()) };
        assert_eq!("packets=a=b".parse(), Ok(filed));
        assert!("xml".parse::<Output>().is_err() && "json=".parse::<Output>().is_err());
    }
}
