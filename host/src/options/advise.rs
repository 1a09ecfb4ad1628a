//! What was typed behind `keeptrack advise`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::World;
use super::output::{Output, place};
use crate::advise::paste::Tool;
use crate::advise::{Letters, Target};

/// Tries changes of rules, timeouts and sizes on captures, and writes the lines for the best one.
///
/// What each change saves and what it breaks, all tried side by side in one pass: connections that
/// are tracked no longer, timeouts, sizes. The rules that are tried are those that are printed.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = EXAMPLES)]
pub struct Advise {
    /// Captures, as in `replay`; `-` is stdin
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,

    /// The table and what is known beside the capture.
    #[command(flatten)]
    pub world: World,

    /// Whom the lines are for [default: linux; with --firmware-config: keeptrack]
    ///
    /// It says also what a full table does if --on-full does not: of `linux` and `openwrt` what
    /// Linux does, of `keeptrack` what a gateway of ours does.
    #[arg(short, long, value_enum)]
    pub target: Option<Target>,

    /// Give the lines for this change, by its letter in the table: `C`, or with a size `C+I`
    ///
    /// Without it they are for the smallest change that keeps half the table free.
    #[arg(long, value_name = "LETTERS")]
    pub choose: Option<Letters>,

    /// What to write, and where to if not to stdout (repeatable) [default: summary]
    ///
    /// `summary` is for people, and shows the best changes; `json` has all that were tried. A tool
    /// stands for the lines that make the chosen change with it, as a script of sh: `iptables` or
    /// `nft`; for openwrt `firewall4` or, of 21.02 and before, `iptables`; for a gateway of ours
    /// `keeptrack`.
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<Output<AdviseFormat>>,
}

/// A kind of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdviseFormat {
    /// Text for people.
    Summary,
    /// One JSON object.
    Json,
    /// The lines of the chosen change for that tool.
    Lines(Tool),
}

const EXIT_CODES: &str = "Exit codes: 0 done, 2 bad input, 130 interrupted";

const EXAMPLES: &str = "\
Exit codes:
  0    done
  2    bad input, or an output that cannot be written; what was counted before is reported
  130  interrupted; what was counted before is reported

Examples:
  sysctl -a > sysctl.txt; iptables-save > rules.v4; conntrack -L > open.txt
  tcpdump -i any -s 96 -w relay.pcap         on a server; on a gateway: -i lan0
  keeptrack advise relay.pcap -c sysctl.txt -r rules.v4 -s open.txt
  keeptrack advise relay.pcap -m 64k         what a table of that size needs
  keeptrack advise relay.pcap -m 64k --choose C -o nft
                                             the lines for another change, alone
  keeptrack advise gateway.pcap -m 16k --target openwrt
  keeptrack advise ports.pcapng --firmware-config gateway.image -m 3000
  keeptrack advise relay.pcap -m 64k -o json=advice.json -o summary";

impl Advise {
    /// Whom the lines are for.
    pub(crate) fn target(&self) -> Target {
        self.target.unwrap_or(match self.world.firmware_config {
            Some(_) => Target::Keeptrack,
            None => Target::Linux,
        })
    }
}

impl FromStr for Output<AdviseFormat> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = place(text)?;
        let format = match format {
            "summary" => AdviseFormat::Summary,
            "json" => AdviseFormat::Json,
            other => match Tool::CHOICES.iter().find(|tool| tool.name() == other) {
                Some(tool) => AdviseFormat::Lines(*tool),
                None => {
                    let tools = Tool::CHOICES.map(Tool::name).join(", ");
                    return Err(format!("`{other}` is none of summary, json, {tools}"));
                }
            },
        };
        Ok(Self { format, file })
    }
}
