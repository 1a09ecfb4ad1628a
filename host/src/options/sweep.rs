//! What was typed behind `keeptrack sweep`.

mod values;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::World;
use super::output::{Output, place};
use crate::diagnostic::nearest;
use crate::sweep::{Axis, Key};

/// Tries every combination of some settings on captures, in one pass.
///
/// One table for each combination, all side by side on all cores: its peak, what it drops, whom it
/// cuts off; and the cheapest of them. Verdicts are those of `replay` with the same settings.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = EXAMPLES)]
pub struct Sweep {
    /// Captures, as in `replay`, and what is swept: max=64k..512k udp_timeout=5,10,20
    ///
    /// A list, or a range that doubles, of `max` (entries), `buckets` (of Linux's hash), `on-full`
    /// (policies, as `--compare` of `replay` takes them) or of any timeout: its sysctl, without
    /// `nf_conntrack_`, in seconds or as 5m, 2h, 5d. `-` is stdin; a capture with a `=` in its name
    /// is ./NAME.
    #[arg(required = true, value_name = "CAPTURE|KEY=VALUES")]
    #[arg(value_parser = OsStringValueParser::new().try_map(Word::read))]
    pub(crate) words: Vec<Word>,

    /// The table and what is known beside the capture.
    #[command(flatten)]
    pub world: World,

    /// What to write, and where to if not to stdout (repeatable) [default: summary]
    ///
    /// `summary` is for people, `csv` has a line for each combination, `json` all that is known.
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<Output<SweepFormat>>,
}

/// A kind of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepFormat {
    /// Text for people.
    Summary,
    /// A line for each combination.
    Csv,
    /// One JSON object.
    Json,
}

/// A word of the command line that is no option.
#[derive(Debug, Clone)]
pub(crate) enum Word {
    /// A capture.
    Capture(PathBuf),
    /// What is swept.
    Axis(Axis),
}

const EXIT_CODES: &str = "Exit codes: 0 done, 2 bad input, 130 interrupted";

const EXAMPLES: &str = "\
Exit codes:
  0    done
  2    bad input, or an output that cannot be written; what was counted before is reported
  130  interrupted; what was counted before is reported

Examples:
  keeptrack sweep gateway.pcapng -s open.txt max=64k..512k udp_timeout=5,10,20,30
  keeptrack sweep gateway.pcapng max=64k..512k --on-full linux buckets=16k..256k
  keeptrack sweep relay.pcap max=1k..16k on-full=refuse,ranked,linux:buckets=4096
  keeptrack sweep relay.pcap tcp_timeout_time_wait=10,30,2m   the size that each takes
  keeptrack sweep relay.pcap -m 16k udp_timeout=5..40 -o csv=grid.csv -o summary";

impl Sweep {
    /// The captures, as they were typed.
    pub(crate) fn captures(&self) -> Vec<PathBuf> {
        let capture = |word: &Word| match word {
            Word::Capture(file) => Some(file.clone()),
            Word::Axis(_) => None,
        };
        self.words.iter().filter_map(capture).collect()
    }

    /// What is swept, as it was typed.
    pub(crate) fn axes(&self) -> Vec<Axis> {
        let axis = |word: &Word| match word {
            Word::Axis(axis) => Some(axis.clone()),
            Word::Capture(_) => None,
        };
        self.words.iter().filter_map(axis).collect()
    }
}

impl Word {
    /// `KEY=VALUES`, or else the name of a capture.
    fn read(word: OsString) -> Result<Self, String> {
        let Some((name, values)) = word.to_str().and_then(|word| word.split_once('=')) else {
            return Ok(Self::Capture(word.into()));
        };
        if name.contains('/') {
            return Ok(Self::Capture(word.into()));
        }
        match Key::of(name) {
            Some(key) => values::read(key, values).map(Self::Axis),
            None => Err(unknown(name, Path::new(&word))),
        }
    }
}

/// What is wrong with a word that looks like a setting.
fn unknown(name: &str, word: &Path) -> String {
    let meant = nearest(Key::end(name), Key::names());
    let meant = meant.map_or_else(
        || "max, buckets, on-full and all timeouts can be".into(),
        |meant| format!("did you mean `{meant}`?"),
    );
    let file = word.display();
    format!("`{name}` cannot be swept: {meant} (a capture of that name is `./{file}`)")
}

impl FromStr for Output<SweepFormat> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = place(text)?;
        let format = match format {
            "summary" => SweepFormat::Summary,
            "csv" => SweepFormat::Csv,
            "json" => SweepFormat::Json,
            other => return Err(format!("`{other}` is none of summary, csv, json")),
        };
        Ok(Self { format, file })
    }
}
