//! What pages quote is what the program writes.

use super::keeptrack;
use super::made::{Files, MAIL_RELAY};

/// The page that describes the command.
pub(super) const PAGE: &str = include_str!("../../../docs/replay.md");

/// The page of the gateway's configuration.
const FIRMWARE_CONFIG: &str = include_str!("../../../docs/firmware-config.md");

/// The page of `keeptrack advise`.
pub(super) const ADVISE: &str = include_str!("../../../docs/advise.md");

/// The page of `keeptrack sweep`.
pub(super) const SWEEP: &str = include_str!("../../../docs/sweep.md");

/// The page of `keeptrack lint`.
const LINT: &str = include_str!("../../../docs/lint.md");

/// How files end that a page shows or has made.
const FILES: [&str; 6] = [".rules", ".v4", ".v6", ".conf", ".image", ".uf2"];

/// How the page calls the bundled capture.
const QUOTED: &str = "tests/captures/mail-relay.pcapng";

/// A command and what it writes.
struct Shown {
    command: &'static str,
    lines: Vec<&'static str>,
}

/// The commands in a block of the page.
fn commands(block: &'static str) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push(Shown { command, lines: Vec::new() }),
            (None, Some(shown)) => shown.lines.push(line),
            (None, None) => panic!("no command before `{line}`"),
        }
    }
    commands
}

/// Whether the lines are what was written, where `...` stands for any lines.
fn is_quote(quoted: &[&str], written: &[&str]) -> bool {
    match (quoted, written) {
        (["...", rest @ ..], _) => (0..=written.len()).any(|from| is_quote(rest, &written[from..])),
        ([line, rest @ ..], [first, others @ ..]) => line == first && is_quote(rest, others),
        _ => quoted.is_empty() && written.is_empty(),
    }
}

/// What a run says: what it writes, and what is wrong if anything is.
fn said(typed: &[&str]) -> String {
    let ran = keeptrack(typed);
    let written = String::from_utf8(ran.stdout).unwrap();
    match ran.end {
        Ok(_) => written,
        Err(failure) => written + &failure.shown(),
    }
}

#[test]
fn pages_quote_what_the_program_writes() {
    for page in [PAGE, ADVISE, FIRMWARE_CONFIG, LINT, SWEEP] {
        let files = Files::new();
        let blocks: Vec<_> = page.split("```console\n").skip(1).collect();
        assert!(!blocks.is_empty());
        for block in blocks {
            let (block, _) = block.split_once("```").expect("the end of a block");
            commands(block).iter().for_each(|shown| check(shown, &files));
        }
    }
}

/// Makes the file that is shown, or runs the command.
fn check(Shown { command, lines }: &Shown, files: &Files) {
    if let Some(name) = command.strip_prefix("cat ") {
        files.with(name, lines.join("\n") + "\n");
        return;
    }
    let words = command.strip_prefix("keeptrack ").expect("a run of the program");
    let typed = words.split(' ').map(|word| match word {
        QUOTED => MAIL_RELAY.to_owned(),
        file if FILES.iter().any(|end| file.ends_with(end)) => files.path(file),
        word => word.to_owned(),
    });
    let typed: Vec<String> = typed.collect();
    let written = said(&typed.iter().map(String::as_str).collect::<Vec<_>>());
    let written = written.replace(MAIL_RELAY, QUOTED).replace(&files.path(""), "");
    let written: Vec<_> = written.lines().collect();
    assert!(is_quote(lines, &written), "$ {command}\n{}", written.join("\n"));
}
