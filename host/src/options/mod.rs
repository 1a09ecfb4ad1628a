//! What was typed.

mod advise;
mod lint;
mod moment;
mod output;
mod sweep;
mod words;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::capture::printable;
use crate::firmware_config::{USUAL_ADDRESS, address};
use crate::ledger;
use crate::on_full::{Spec, Specs};
use crate::path::Naming;
pub use advise::{Advise, AdviseFormat};
pub use lint::{Lint, LintFormat};
pub use moment::Moment;
pub use output::{Format, Output};
pub use sweep::{Sweep, SweepFormat};
pub(crate) use words::MAX_ENTRIES;
pub use words::{Copies, HashSeed, Preset, When};
use words::{bucket_count, entry_count, seconds};

/// Shows what a connection-tracking table of that size would have done with a capture.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, disable_help_flag = true, after_help = EXIT_CODES)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Colours in what people read [default: where a terminal shows them; NO_COLOR counts]
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    #[arg(hide_default_value = true, display_order = 100)]
    pub color: When,

    /// A line for each option; `keeptrack help COMMAND` says all, with examples
    #[arg(short, long, global = true, action = ArgAction::HelpShort, display_order = 101)]
    pub help: Option<bool>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Passes captures through a table: when it is full, what is dropped, what fills it
    Replay(Box<Replay>),
    /// Tries changes in one pass, and writes the lines for the one that keeps the table from filling
    Advise(Box<Advise>),
    /// Tries every combination of some settings in one pass, and says which are the cheapest
    Sweep(Box<Sweep>),
    /// Finds rules that do something else than they seem to, and settings that do not fit
    Lint(Lint),
    /// Compares the table after a capture with one that a kernel had
    Diff(Box<Diff>),
    /// Compiles rules and settings to the configuration of a gateway, and prints one in words
    FirmwareConfig(FirmwareConfig),
    /// Writes what a shell needs to complete commands
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Writes the manual pages
    Man {
        /// The folder that they go to; without it the first of them goes to stdout
        folder: Option<PathBuf>,
    },
}

/// Passes captures through a table.
///
/// The capture is the clock. Verdicts, states and timeouts are those of Linux nf_conntrack.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = REPLAY_EXAMPLES)]
pub struct Replay {
    /// Captures (pcap, pcapng; also gzip, zstd), merged by time, or one `conntrack -E` log
    ///
    /// `-` is stdin. A log is what `conntrack -E -o timestamp` writes: a replay of what the kernel
    /// said, without a capture.
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,

    /// The table and what is known beside the capture.
    #[command(flatten)]
    pub world: World,

    /// Several policies side by side, in one pass: refuse,ranked,linux:buckets=N [alone: all]
    ///
    /// Each as `--on-full` takes it, with a comma between them. One table tells what each lets in,
    /// refuses and takes out early, and whom that hurts. Needs --max.
    #[arg(long, value_name = "POLICY,..", num_args = 0..=1, default_missing_value = Specs::ALL)]
    #[arg(conflicts_with_all = ["on_full", "check", "firmware_config"])]
    pub compare: Option<Specs>,

    /// What to write, and where to if not to stdout (repeatable) [default: summary]
    ///
    /// `summary` is for people, `json` the same for machines, `packets` a line of JSON for every
    /// packet, `ledger` two for every connection that a full table hurt. `events`, `table` and
    /// `stats` are what `conntrack -E`, `-L` and `-S` print; behind a comma stand the words of
    /// conntrack's `-o`: `events,timestamp,extended`, `table,extended`, `table,save`, and
    /// `table,proc` for the form of /proc/net/nf_conntrack. `expectations` is what
    /// `conntrack -L expect` prints, `prometheus` has node_exporter's names.
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<Output>,

    /// Exit with 1 if the table had no room for a packet
    #[arg(long)]
    pub check: bool,

    /// How many connections that a full table hurts are followed; of the others a sample is
    ///
    /// What became of a connection that was refused or taken out early is told for the first N of
    /// them [default: 1000000], and for N / 10 of the others, chosen at random. Each takes some 300
    /// bytes of memory.
    #[arg(long, value_name = "N", default_value_t = ledger::USUAL_MAX)]
    #[arg(hide_default_value = true)]
    pub ledger_max: usize,
}

/// Compares the table after a capture with one that a kernel had.
///
/// The table is what `conntrack -L` printed (also with `-o extended`, `save` or `xml`), or
/// /proc/net/nf_conntrack. A connection that NAT has translated is found by its original tuple.
#[derive(Debug, Args)]
#[command(after_help = DIFF_EXIT_CODES, after_long_help = DIFF_EXAMPLES)]
pub struct Diff {
    /// A capture, as in `replay`; `-` is stdin
    pub capture: PathBuf,

    /// The kernel's table, saved when the capture ended or at `--until`
    pub table: PathBuf,

    /// The table and what is known beside the capture.
    #[command(flatten)]
    pub world: World,

    /// By how many seconds timeouts may differ
    ///
    /// conntrack rounds down, and nobody saves a table in the moment of a packet.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub tolerance: u64,
}

/// Compiles rules and settings to the configuration of a gateway.
///
/// The gateway is a bridge of two ports, eth0 and eth1. The image lies in its flash beside the
/// program; it reads the rules of PREROUTING in the raw table, and of FORWARD in the filter table.
#[derive(Debug, Args)]
#[command(after_help = FIRMWARE_EXIT_CODES, after_long_help = FIRMWARE_EXAMPLES)]
#[command(group = ArgGroup::new("what").required(true).args(["output", "check", "print"]))]
pub struct FirmwareConfig {
    /// Rules of both families: iptables-save text or iptables command lines (repeatable)
    #[arg(short, long, value_name = "FILE", conflicts_with = "print")]
    pub rules: Vec<PathBuf>,

    /// Settings: sysctl text, or one NAME=VALUE (repeatable, the last one counts)
    ///
    /// nf_conntrack names, and the gateway's own: keeptrack.fail (open, closed or default: what
    /// passes without rules), keeptrack.log (drops, connections or packets), and keeptrack.on_full,
    /// which is written as `--on-full` of `replay`.
    #[arg(short, long, value_name = "FILE|NAME=VALUE", conflicts_with = "print")]
    pub config: Vec<String>,

    /// Where the image goes; `-` is stdout
    #[arg(short, long, value_name = "IMAGE")]
    pub output: Option<PathBuf>,

    /// The image as a UF2, to be flashed by drag and drop on a board with an RP2040
    ///
    /// It goes to where rp2040-w5500 has its configuration, or, as `--uf2=0x10ff0000`, to where
    /// CONFIG begins in the memory.x of another board. The program there is left alone.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = USUAL_ADDRESS, value_parser = address)]
    #[arg(conflicts_with = "print")]
    pub uf2: Option<u32>,

    /// Only say what is wrong with the rules and settings, and what has no effect
    #[arg(long)]
    pub check: bool,

    /// Print an image or a UF2 of one in words, from which the same can be made; `-` is stdin
    #[arg(long, value_name = "IMAGE")]
    pub print: Option<PathBuf>,

    /// Say nothing of what has no effect
    #[arg(short, long)]
    pub quiet: bool,
}

/// The table, its settings, and what is known beside the capture.
#[derive(Debug, Args)]
pub struct World {
    /// A gateway's configuration, as its flash holds it: rules, settings, policy and filter
    ///
    /// The capture is of its two ports, eth0 and eth1 (`--iface 0=eth0,1=eth1` names them), and has
    /// what came in there. --max is the number of slots of the board. A UF2 of it will do as well.
    #[arg(long, value_name = "IMAGE", conflicts_with_all = WITHOUT_IMAGE)]
    pub firmware_config: Option<PathBuf>,

    /// Entries the table has, as nf_conntrack_max (64k is 65,536); without it nothing is refused
    ///
    /// It comes before the nf_conntrack_max of `--config`.
    #[arg(short, long, value_name = "N", value_parser = entry_count)]
    pub max: Option<usize>,

    /// What a full table does: `ranked`, `refuse`, `linux:buckets=N`... [default: ranked]
    ///
    /// NAME:KEY=VALUE,... with keeptrack's own policies refuse, early-drop, ranked and adaptive,
    /// and those of other systems: linux, pf, ovs, cilium, opte, vpp, esp-nat. `linux:buckets=N`
    /// alone says what a Linux kernel would do. docs/replay.md has all parameters.
    #[arg(long, value_name = "POLICY", value_parser = Spec::alone)]
    pub on_full: Option<Spec>,

    /// Buckets of Linux's hash, as nf_conntrack_buckets; without it as many as entries
    ///
    /// It comes before the nf_conntrack_buckets of `--config`, and says what `--on-full linux`
    /// does, which depends on it as much as on --max.
    #[arg(long, value_name = "N", value_parser = bucket_count)]
    pub buckets: Option<usize>,

    /// Settings: sysctl text, or one NAME=VALUE (repeatable, the last one counts)
    ///
    /// What `sysctl -a` prints, sysctl.conf, or `grep -H . /proc/sys/net/netfilter/*`. Every
    /// nf_conntrack name has its effect, or the summary says why it has none.
    #[arg(short, long, value_name = "FILE|NAME=VALUE")]
    pub config: Vec<String>,

    /// Rules of iptables or nft, as saved, listed or typed (repeatable)
    ///
    /// `iptables-save`, scripts and units with iptables commands, `firewall-cmd --direct` lines,
    /// `nft list ruleset`, also with `-j`. Those before tracking decide. What rules ask of ipsets
    /// is looked up in what `ipset save` prints, given as one more file.
    #[arg(short, long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,

    /// A rule with a match or target that is not supported matches nothing, and is named
    #[arg(long, requires = "rules")]
    pub allow_unknown: bool,

    /// Timeout policies that rules name, `-j CT --timeout NAME`: what nfct lists (repeatable)
    ///
    /// What `nfct list timeout` prints, or a script of `nfct add timeout` commands. Of what a
    /// policy does not say, the settings are taken.
    #[arg(long, value_name = "FILE")]
    pub timeout_policies: Vec<PathBuf>,

    /// Connections open at the start: a table as conntrack or /proc prints it (repeatable)
    ///
    /// `conntrack -L` with or without `-o extended`, `save` or `xml`, or /proc/net/nf_conntrack. An
    /// entry that NAT has translated is held by its original tuple.
    #[arg(short, long, value_name = "FILE")]
    pub seed_table: Vec<PathBuf>,

    /// Timeouts and settings to begin with
    #[arg(short, long, value_enum, default_value_t = Preset::Linux)]
    pub preset: Preset,

    /// Stop there: `+1m30s` after the first packet, `14:06:12.5` UTC, or seconds since 1970
    #[arg(long, value_name = "MOMENT")]
    pub until: Option<Moment>,

    /// Addresses of the host that captured: what they send crosses OUTPUT
    #[arg(long, value_name = "ADDR,..", value_delimiter = ',')]
    pub local: Vec<IpAddr>,

    /// The interfaces to look at, and their names if the capture has none: lan0, or 2=lan0,3=wan0
    ///
    /// By name in a capture that names its interfaces; else the name of its one interface; or by
    /// number, with a name or without: that of the interface in the file, from 0, or of the
    /// interface at the host in an SLL2 capture. Packets of other interfaces are left out.
    #[arg(long, value_name = "NAME|INDEX[=NAME],..")]
    pub iface: Option<Naming>,

    /// What to do with a packet that an `-i any` capture shows twice
    #[arg(long, value_enum, default_value_t = Copies::Drop)]
    pub copies: Copies,

    /// Key of the table's hash: a number, or `random`
    ///
    /// Whom `early-drop` and `adaptive` take depends on it, with their `seed`, and what
    /// `--compare` says that a table needs. No other verdict does.
    #[arg(long, value_name = "N|random", default_value = "0")]
    pub hash_seed: HashSeed,

    /// No progress, no kernel messages
    #[arg(short, long)]
    pub quiet: bool,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 the table had no room for a packet (--check), 2 bad input, 130 interrupted";

const DIFF_EXIT_CODES: &str = "\
Exit codes: 0 the same, 1 they differ, 2 bad input, 130 interrupted";

/// What an image says itself, or a gateway does not have.
const WITHOUT_IMAGE: [&str; 8] =
    ["on_full", "buckets", "config", "rules", "timeout_policies", "preset", "local", "copies"];

const FIRMWARE_EXIT_CODES: &str = "Exit codes: 0 done, 2 bad input";

const FIRMWARE_EXAMPLES: &str = "\
Exit codes:
  0    done
  2    bad input, or the image cannot be written; a file that was there is what it was

Examples:
  keeptrack firmware-config -r rules.v4 -r rules.v6 -c sysctl.conf -o gateway.image
  keeptrack firmware-config -r rules.v4 -c keeptrack.fail=open --check
  keeptrack firmware-config -r rules.v4 -c sysctl.conf --uf2 -o gateway.uf2
  keeptrack firmware-config --print gateway.image > gateway.txt
  keeptrack firmware-config -r gateway.txt -c gateway.txt -o gateway.image
  keeptrack replay ports.pcapng --firmware-config gateway.image -m 3000";

const REPLAY_EXAMPLES: &str = "\
Exit codes:
  0    done
  1    the table had no room for a packet, which was dropped or passed untracked (only with --check)
  2    bad input, or an output that cannot be written; what was counted before is reported
  130  interrupted; what was counted before is reported

Examples:
  tcpdump -i any -s 96 -w relay.pcap         a capture on a server
  tcpdump -i lan0 -s 96 -w gateway.pcap      on a gateway: the inside interface

  keeptrack replay relay.pcap                what size the traffic takes
  keeptrack replay relay.pcap -m 16k         what a table of that size does
  keeptrack replay relay.pcap -m 16k --on-full linux:buckets=4096
                                             what a Linux kernel does
  keeptrack replay relay.pcap -m 16k --compare
                                             every policy side by side
  iptables-save -t raw > rules.v4
  keeptrack replay relay.pcap -m 16k -r rules.v4
  sysctl -a > sysctl.txt; conntrack -L > open.txt; tcpdump -i lan0 -s 96 -w gateway.pcap
  keeptrack replay gateway.pcap -c sysctl.txt -s open.txt
  keeptrack replay gateway.pcap.0*.gz -o table,extended=table.txt -o summary
  tcpdump -i lan0 -s 96 -U -w - | keeptrack replay - -o events,timestamp
  conntrack -E -o timestamp > events.log     the kernel's own account: no capture
  keeptrack replay events.log -m 16k";

const DIFF_EXAMPLES: &str = "\
Exit codes, as those of diff(1):
  0    both tables are the same
  1    they differ
  2    bad input
  130  interrupted; nothing was compared

Examples:
  tcpdump -i lan0 -s 96 -w gateway.pcap &
  sleep 600; conntrack -L -o extended > kernel.txt; kill %1
  keeptrack diff gateway.pcap kernel.txt
  keeptrack diff gateway.pcap kernel.txt -c sysctl.txt -s open.txt --until +10m";

impl World {
    /// The name of the preset.
    #[must_use]
    pub(crate) fn preset_name(&self) -> String {
        let name = self.preset.to_possible_value();
        name.map_or_else(String::new, |name| name.get_name().to_owned())
    }

    /// Whose the timeouts are: those of a gateway's configuration, by the name of its image, or those
    /// of the preset.
    pub(crate) fn timeouts_name(&self) -> String {
        match &self.firmware_config {
            Some(image) => printable(&image.display().to_string()),
            None => self.preset_name(),
        }
    }

    /// The files that are read beside the capture. A setting that was typed may look like one.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let config = self.config.iter().map(Path::new);
        let rest = self.rules.iter().chain(&self.timeout_policies).chain(&self.seed_table);
        config.chain(rest.chain(&self.firmware_config).map(PathBuf::as_path))
    }
}

impl FirmwareConfig {
    /// The files that are read. A setting that was typed may look like one.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.config.iter().map(Path::new).chain(self.rules.iter().map(PathBuf::as_path))
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }
}
