//! What rules and settings do beside what they say: a lint each, checked against the running kernel.
//!
//! `docs/lint.md` says of each what the kernel does.

mod buckets;
mod filter;
mod finding;
mod iptables_words;
mod json;
mod nat;
mod nft_words;
mod one_sided;
mod packets;
mod ports;
mod property;
mod scene;
mod without_effect;
mod wording;
mod words;

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use crate::capture::{Kind, Text};
use crate::error::Error;
use crate::options::{Lint, LintFormat, Output, When};
use crate::output;
use crate::rules::{self, Known, Unknown};
use crate::run::Outcome;
use crate::session::refuse_stdin_twice;
use crate::settings::Settings;
use crate::source::{Source, Wanted};

pub(crate) use self::finding::Finding;
use self::scene::Scene;

/// What is linted.
const TEXTS: Wanted = Wanted {
    what: "rules or settings",
    options: &["-r", "-c"],
    others: &[],
    refused: "is neither rules nor sysctl text",
    help: "give the output of `iptables-save`, `nft list ruleset` or `sysctl -a`",
};

/// Tells what is found in the files.
///
/// # Errors
/// All that is wrong with them: nothing is found then.
pub(crate) fn run(options: &Lint, color: When, stdout: &mut dyn Write) -> Result<Outcome, Error> {
    let read: Vec<&Path> = options.files.iter().map(PathBuf::as_path).collect();
    refuse_stdin_twice(read.iter().copied())?;
    let summary = [Output { format: LintFormat::Summary, file: None }];
    let asked = if options.output.is_empty() { &summary[..] } else { &options.output };
    let documents = output::documents(asked, &read, color, stdout)?;
    let unknown = if options.allow_unknown { Unknown::MatchesNothing } else { Unknown::Refused };
    // No packet is asked about: that the host has some address is enough.
    let known = Known::new(vec![Ipv4Addr::UNSPECIFIED.into()], unknown);
    let findings = findings(&options.files, known)?;
    for (format, document) in documents {
        document.write(|out| match format {
            LintFormat::Summary => print(out, &findings),
            LintFormat::Json => json::json(out, &findings),
        })?;
    }
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::Finding })
}

/// What is found in the files, in their order.
///
/// # Errors
/// All that is wrong with them.
pub(crate) fn findings(files: &[PathBuf], known: Known) -> Result<Vec<Finding>, Error> {
    let (mut texts, mut sysctls) = (Vec::new(), Vec::new());
    for path in files {
        let source = Source::read(path, &TEXTS).map_err(rules::Error::from)?;
        match Kind::of(source.text().as_bytes()) {
            Kind::Text(Text::Sysctl) => sysctls.push(source),
            _ => texts.push(source),
        }
    }
    let mut findings = of_rules(texts, known)?;
    findings.extend(of_settings(&sysctls)?);
    Ok(findings)
}

/// How much is found in the rules of a file's bytes.
///
/// # Errors
/// All that is wrong with them.
pub fn count_of_bytes(bytes: &[u8], known: Known) -> Result<usize, Error> {
    let file = Source::of("rules".to_owned(), bytes, &TEXTS).map_err(rules::Error::from)?;
    Ok(of_rules(vec![file], known)?.len())
}

/// What is found in rules.
///
/// # Errors
/// All that is wrong with them.
pub(crate) fn of_rules(texts: Vec<Source>, known: Known) -> Result<Vec<Finding>, Error> {
    let outline = rules::outlined(texts, known)?;
    let scene = Scene::new(&outline);
    let lints: [fn(&Scene<'_>) -> Vec<Finding>; 10] = [
        without_effect::loopback_at_prerouting,
        without_effect::behind_tracking,
        without_effect::shadowed,
        without_effect::unreached,
        one_sided::findings,
        one_sided::one_family,
        nat::breaks_nat,
        filter::opens_host,
        filter::dropped,
        ports::out_of_range,
    ];
    let mut findings: Vec<Finding> = lints.iter().flat_map(|lint| lint(&scene)).collect();
    findings.sort_by_key(Finding::order);
    // A rule that packets come to in several ways is told of once.
    findings.dedup_by_key(|finding| (finding.lint, finding.order()));
    Ok(findings)
}

fn of_settings(sysctls: &[Source]) -> Result<Vec<Finding>, Error> {
    let settings = Settings::of_texts(sysctls)?;
    Ok(buckets::findings(&settings, sysctls))
}

fn print(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    for (number, finding) in findings.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", finding.diagnostic.styled())?;
    }
    Ok(())
}
