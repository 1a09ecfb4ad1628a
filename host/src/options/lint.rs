//! What is typed behind `lint`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::output::{Output, place};

/// Finds rules that do something else than they seem to, and settings that do not fit.
///
/// Each finding is what a Linux kernel does with such a rule: docs/lint.md tells of every lint.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = EXAMPLES)]
pub struct Lint {
    /// Rules and settings, told apart by what is in them; `-` is stdin
    ///
    /// Rules as iptables-save or `nft list ruleset` print them, also `nft -j`, commands in scripts,
    /// firewalld's direct rules and units; settings as sysctl prints them. All tables count: what is
    /// untracked matters to nat and filter. Rules of IPv6 are known by the name of their file.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// A rule with a match or target that is not supported matches nothing
    #[arg(long)]
    pub allow_unknown: bool,

    /// What to write, and where to if not to stdout (repeatable) [default: summary]
    ///
    /// `summary` is for people, `json` the same for machines.
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<Output<LintFormat>>,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LintFormat {
    /// For people.
    Summary,
    /// One JSON object.
    Json,
}

const EXIT_CODES: &str = "Exit codes: 0 nothing found, 1 findings, 2 bad input";

const EXAMPLES: &str = "\
Exit codes:
  0    nothing found
  1    findings
  2    bad input: nothing was looked for

Examples:
  iptables-save > rules.v4; ip6tables-save > rules.v6; sysctl -a > sysctl.txt
  keeptrack lint rules.v4 rules.v6 sysctl.txt
  nft list ruleset | keeptrack lint -
  keeptrack lint /etc/iptables/rules.v4 -o json";

impl FromStr for Output<LintFormat> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = place(text)?;
        let format = match name {
            "summary" => LintFormat::Summary,
            "json" => LintFormat::Json,
            _ => return Err(format!("`{name}` is none of summary, json")),
        };
        Ok(Self { format, file })
    }
}
