//! The mail relay through a small table, and what is counted of it: as the kernel's runs were
//! counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::lines::{self, Line, Written, text};
use super::summary::Measured;
use super::{Finding, Interval, each_seed};

/// What was counted, by name.
pub type Figures = BTreeMap<&'static str, u64>;

/// The figures that are forecast.
pub const NAMES: [&str; 12] = [
    "early_drop",
    "drop",
    "invalid",
    "killed_udp_lo",
    "killed_udp_net",
    "killed_tcp_syn",
    "killed_tcp_timewait",
    "killed_other",
    "live_end",
    "end_lo_dns",
    "end_net_udp",
    "end_tcp",
];

/// Who had more seconds left than that when it was taken out counts as killed.
const KILLED_LEFT_S: f64 = 1.0;
/// The seconds from the first packet to the collector's first run: both runs that were recorded
/// packet by packet show it, and all kernels were started in the same way.
const FIRST_RUN_S: &str = "54.24";
/// Jiffies a second of User Mode Linux.
const HZ: &str = "100";

/// The capture.
#[derive(Debug, Clone)]
pub struct Relay(PathBuf);

impl Relay {
    /// The capture in the directory of traces.
    #[must_use]
    pub fn below(traces: &Path) -> Self {
        Self(traces.join("mail_relay").join("mail_relay.pcap"))
    }

    /// What is counted with such a table and that seed.
    ///
    /// # Errors
    /// When it cannot be replayed.
    pub fn count(&self, (max, buckets): (u64, u64), seed: u64) -> Result<Figures, String> {
        let capture = self.0.to_str().ok_or("its name is not text")?;
        let policy = format!("linux:buckets={buckets},hz={HZ},gc={FIRST_RUN_S},seed={seed}");
        let written = lines::replay(&[
            capture,
            "--copies=keep",
            "--config=nf_conntrack_checksum=0",
            "--on-full",
            &policy,
            "--max",
            &max.to_string(),
        ])?;
        Ok(figures(&written))
    }

    /// A kernel's run beside the forecast of it.
    ///
    /// # Errors
    /// When that cannot be made.
    pub fn compare(&self, run: &Measured) -> Result<Vec<Finding>, String> {
        let counted = each_seed(|seed| self.count((run.max, run.buckets), seed))?;
        let mut findings = Vec::new();
        for name in NAMES {
            let Some(kernel) = run.figures.get(name).copied() else {
                return Err(format!("{}: there is no figure `{name}`", run.name));
            };
            let of = |figures: &Figures| figures.get(name).copied().unwrap_or(0) as f64;
            let forecast = Interval::of(&counted.iter().map(of).collect::<Vec<_>>())?;
            findings.push(Finding::of(format!("{} {name}", run.name), kernel as f64, forecast));
        }
        Ok(findings)
    }
}

fn figures(written: &Written) -> Figures {
    let mut figures = Figures::new();
    let mut count = |name| *figures.entry(name).or_default() += 1;
    for packet in &written.packets {
        match text(packet, "v") {
            "dropped" => count("drop"),
            "invalid" => count("invalid"),
            _ => {}
        }
        if packet.contains_key("gone") {
            // A reset that answers a SYN takes the entry out.
            count("killed_tcp_syn");
        }
    }
    for line in &written.evicted {
        if text(line, "rule").starts_with("in the newcomer's") {
            count("early_drop");
        }
        if line.get("left").and_then(serde_json::Value::as_f64) > Some(KILLED_LEFT_S) {
            count(killed(line));
        }
    }
    for line in written.table.lines() {
        count("live_end");
        count(match line.split_whitespace().next() {
            Some("udp") if line.contains("src=127.") => "end_lo_dns",
            Some("udp") => "end_net_udp",
            _ => "end_tcp",
        });
    }
    figures
}

/// As what a killed connection counts.
fn killed(line: &Line) -> &'static str {
    let conn = line.get("conn").and_then(serde_json::Value::as_object);
    let word = |field| conn.map_or("", |conn| text(conn, field));
    match (word("proto"), text(line, "st")) {
        ("udp", _) if word("src").starts_with("127.") => "killed_udp_lo",
        ("udp", _) => "killed_udp_net",
        ("tcp", "SYN_SENT") => "killed_tcp_syn",
        ("tcp", "TIME_WAIT") => "killed_tcp_timewait",
        _ => "killed_other",
    }
}
