//! The running kernel, asked about captures.

use std::fs;
use std::path::Path;

use super::answers::{Answers, Asked};
use super::case::Case;
use crate::judge::Judge;
use crate::nf::{Kernel, Packet, Peculiarity, Settings, Version, packets};
use crate::told::{Told, Verdict};

/// Settings that are the machine's, and say nothing of a verdict.
const OF_THE_MACHINE: [&str; 4] = [
    "nf_conntrack_max",
    "nf_conntrack_buckets",
    "nf_conntrack_expect_max",
    "nf_conntrack_log_invalid",
];

/// How a record compares with what the kernel says now.
#[derive(Debug)]
pub struct Checked {
    /// How many packets were asked about.
    pub packet_count: usize,
    /// What this kernel is known to do otherwise, if the capture met it; what came after it is not
    /// compared.
    pub peculiarity: Option<&'static Peculiarity>,
    /// In what both differ; a text for each.
    pub differences: Vec<String>,
}

/// Asks the kernel about a capture.
///
/// # Errors
/// When the capture cannot be read, or the kernel cannot be asked.
pub fn ask(case: &Case) -> Result<(Asked, Answers), String> {
    ask_about(case, &packets(&case.capture)?)
}

/// Asks the kernel about a capture, and compares with what is written down.
///
/// # Errors
/// When nothing is, the capture cannot be read, or the kernel cannot be asked.
pub fn check(case: &Case) -> Result<Checked, String> {
    let (then, mut recorded) = case.recorded()?;
    let packets = packets(&case.capture)?;
    let (now, mut said) = ask_about(case, &packets)?;
    let version = Version::running().map_err(|error| error.to_string())?;
    let mut differences = Vec::new();
    if then.sysctls != now.sysctls {
        differences.push(format!("settings: {:?} then, {:?} now", then.sysctls, now.sysctls));
    }
    let pairs = said.packets.iter().zip(&recorded.packets);
    let found = packets.iter().zip(pairs).enumerate().find_map(|(at, (packet, (now, then)))| {
        Some((at, version.explains(packet.ip.as_deref()?, now, then)?))
    });
    if let Some((at, _)) = found {
        for answers in [&mut recorded, &mut said] {
            answers.packets.truncate(at);
            answers.rows.clear();
        }
    }
    differences.extend(said.differences(&recorded));
    let peculiarity = found.map(|(_, peculiarity)| peculiarity);
    Ok(Checked { packet_count: packets.len(), peculiarity, differences })
}

fn ask_about(case: &Case, packets: &[Packet]) -> Result<(Asked, Answers), String> {
    let mut kernel = Kernel::new(settings(case)?)?;
    let mut answers = Answers::default();
    for (packet, index) in packets.iter().zip(0_u64..) {
        let told = match &packet.ip {
            Some(ip) => kernel.pass(packet.time_ns, ip),
            None => Ok(Told::only(Verdict::Refused)),
        };
        answers.packets.push(told.map_err(|error| format!("packet {index}: {error}"))?);
    }
    answers.rows = kernel.table()?;
    let is_kept = |name: &str| !OF_THE_MACHINE.contains(&name);
    let sysctls = kernel.sysctls().iter().filter(|(name, _)| is_kept(name));
    let version = Version::running().map_err(|error| error.to_string())?;
    let asked = Asked {
        linux: version.number().to_owned(),
        sysctls: sysctls.map(|(name, value)| (name.clone(), *value)).collect(),
    };
    Ok((asked, answers))
}

fn settings(case: &Case) -> Result<Settings, String> {
    let text = |file: Option<&Path>| {
        let read = file.map_or(Ok(String::new()), fs::read_to_string);
        read.map_err(|error| format!("{}: {error}", file.unwrap_or(Path::new("")).display()))
    };
    let mut settings = Settings {
        iptables: text(case.rules_v4.as_deref())?,
        ip6tables: text(case.rules_v6.as_deref())?,
        ..Settings::default()
    };
    let sysctl = text(case.sysctl.as_deref())?;
    for line in sysctl.lines().filter(|line| !line.starts_with('#')) {
        let pair = line.strip_prefix("net.netfilter.").and_then(|line| line.split_once('='));
        let pair = pair.and_then(|(name, value)| Some((name.trim(), value.trim().parse().ok()?)));
        let (name, value) = pair.ok_or_else(|| format!("no sysctl of netfilter: {line:?}"))?;
        settings = settings.with(name, value);
    }
    Ok(settings)
}
