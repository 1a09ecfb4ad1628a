//! `keeptrack sweep` as a process: captures from a pipe, exit codes, a capture that breaks off.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A capture whose table has 1,342 entries at its peak.
const MAIL_RELAY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/captures/mail-relay.pcapng");

fn sweep(words: &[&str], stdin: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keeptrack"));
    command.arg("sweep").args(words).stdin(stdin).output().expect("the program starts")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_pipe_is_swept_as_a_file_is() {
    let words = ["max=512..2k", "udp_timeout=5,30", "-o", "csv"];
    let capture = || File::open(MAIL_RELAY).expect("the bundled capture");
    let piped = sweep(&[&["-"], &words[..]].concat(), capture().into());
    let read = sweep(&[&[MAIL_RELAY], &words[..]].concat(), Stdio::null());
    assert_eq!((piped.status.code(), read.status.code()), (Some(0), Some(0)));
    assert_eq!(text(piped.stdout), text(read.stdout));
    let twice = sweep(&["-", "-s", "-", "max=9"], capture().into());
    assert_eq!(twice.status.code(), Some(2));
    assert!(text(twice.stderr).starts_with("error: two inputs from stdin\n"));
}

#[test]
fn what_could_be_read_is_reported_and_the_exit_code_tells_that_it_was_not_all() {
    let damaged = Path::new(env!("CARGO_TARGET_TMPDIR")).join("swept.pcapng");
    let mut capture = fs::read(MAIL_RELAY).expect("the bundled capture");
    let len = capture.len();
    capture[len / 2..].fill(0xff);
    fs::write(&damaged, capture).expect("a file");
    let damaged = damaged.to_str().expect("UTF-8");
    let partly = sweep(&[damaged, "max=512..2k"], Stdio::null());
    assert_eq!(partly.status.code(), Some(2));
    assert!(text(partly.stdout).contains("; in the part that could be read"));
    let stderr = text(partly.stderr);
    assert!(stderr.starts_with("error: ") && stderr.contains("is damaged at record"), "{stderr}");
    let typed = sweep(&[MAIL_RELAY], Stdio::null());
    assert_eq!((typed.status.code(), &typed.stdout[..]), (Some(2), &b""[..]));
}

#[test]
fn without_a_summary_stderr_says_what_should_be_known() {
    let words = [MAIL_RELAY, "max=1k", "tcp_timeout_time_wait=5m", "-o", "json"];
    let said = sweep(&words, Stdio::null());
    let warning =
        "warning: the capture lasts 1m33s, and tcp_timeout_time_wait was tried up to 5m00s";
    assert!(text(said.stderr).contains(warning));
    let quiet = sweep(&[&words[..], &["-q"]].concat(), Stdio::null());
    assert_eq!(text(quiet.stderr), "");
}
