//! The program as a process: exit codes, what goes to stdout and what to stderr, and a reader that
//! goes away.

use std::fs;
#[cfg(target_os = "linux")]
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A capture whose table has 1,342 entries at its peak.
const MAIL_RELAY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/captures/mail-relay.pcapng");

fn keeptrack(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keeptrack"));
    command.args(words);
    command
}

fn run(words: &[&str]) -> Output {
    keeptrack(words).output().expect("the program starts")
}

#[test]
fn the_exit_code_tells_what_came_of_it() {
    let cases: [(&[&str], i32); 10] = [
        (&["replay", MAIL_RELAY], 0),
        (&["replay", MAIL_RELAY, "-m", "1342", "--check"], 0),
        (&["replay", MAIL_RELAY, "-m", "1341"], 0),
        (&["replay", MAIL_RELAY, "-m", "1341", "--check"], 1),
        (&["replay", "nowhere.pcap"], 2),
        (&["replay", MAIL_RELAY, "-m", "0"], 2),
        (&["replay"], 2),
        (&[], 2),
        (&["replay", "--help"], 0),
        (&["--version"], 0),
    ];
    for (words, code) in cases {
        assert_eq!(run(words).status.code(), Some(code), "{words:?}");
    }
}

#[test]
fn errors_go_to_stderr_and_results_to_stdout() {
    let refused = run(&["replay", "nowhere.pcap", "-o", "json"]);
    assert_eq!(String::from_utf8(refused.stderr).unwrap(), "error: nowhere.pcap does not exist\n");
    assert!(refused.stdout.is_empty());

    let damaged = Path::new(env!("CARGO_TARGET_TMPDIR")).join("damaged.pcapng");
    let mut capture = fs::read(MAIL_RELAY).unwrap();
    let len = capture.len();
    capture[len / 2..].fill(0xff);
    fs::write(&damaged, capture).unwrap();
    let partly = run(&["replay", damaged.to_str().unwrap()]);
    assert_eq!(partly.status.code(), Some(2));
    let (stdout, stderr) = (partly.stdout, String::from_utf8(partly.stderr).unwrap());
    assert!(String::from_utf8(stdout).unwrap().contains("in the part that could be read"));
    assert!(stderr.starts_with("error: ") && stderr.contains("is damaged at record"), "{stderr}");
}

#[test]
fn stderr_has_the_kernels_messages_and_no_progress() {
    let stderr = |words: &[&str]| {
        let ran = run(&[&["replay", MAIL_RELAY], words].concat());
        String::from_utf8(ran.stderr).unwrap()
    };
    assert_eq!(stderr(&[]), "");
    let messages = stderr(&["-m", "1000"]);
    assert!(messages.lines().count() > 1);
    for line in messages.lines() {
        let (time, message) = line.split_once("] ").unwrap();
        assert!(time.starts_with('[') && time.len() == "[00:00:00.000".len(), "{line}");
        let is_message = message == "nf_conntrack: nf_conntrack: table full, dropping packet";
        let is_rest = message.starts_with("net_ratelimit: ");
        assert!(is_message || is_rest && message.ends_with(" callbacks suppressed"), "{line}");
    }
    assert_eq!(stderr(&["-m", "1000", "-q"]), "");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut child = keeptrack(&["replay", MAIL_RELAY, "-o", "packets"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    // The reader is dropped here, long before the last of more lines than a pipe holds.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with(r#"{"i":0,"#), "{line}");
    let ran = child.wait_with_output().unwrap();
    assert_eq!((ran.status.code(), ran.stderr), (Some(0), Vec::new()));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_failure() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let ran = keeptrack(&["replay", MAIL_RELAY]).stdout(full).stderr(Stdio::piped()).spawn();
    let ran = ran.unwrap().wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    let error = String::from_utf8(ran.stderr).unwrap();
    assert!(error.starts_with("error: the output cannot be written: stdout: "), "{error}");
}

#[test]
#[cfg(unix)]
fn a_capture_may_come_through_a_pipe() {
    let mut cat = Command::new("cat").arg(MAIL_RELAY).stdout(Stdio::piped()).spawn().unwrap();
    let piped = keeptrack(&["replay", "/dev/stdin", "-o", "packets"])
        .stdin(cat.stdout.take().unwrap())
        .output()
        .unwrap();
    cat.wait().unwrap();
    assert!(piped.stdout == run(&["replay", MAIL_RELAY, "-o", "packets"]).stdout);
}
