//! Runs that do not come to their end: interrupted, killed, the disk full. What was told by then is
//! there, in whole lines, and the exit code says what happened.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

/// A capture of 9,496 packets.
const MAIL_RELAY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/captures/mail-relay.pcapng");
/// Half of it.
const HALF_LEN: usize = 600_000;
/// Entries of a table that has to take some out early, and so has something to tell of them.
const MAX: &str = "300";
/// What is written in lines while packets pass.
const STREAMS: [&str; 3] = ["packets", "events,timestamp", "ledger"];

fn keeptrack(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keeptrack"));
    command.args(words);
    command
}

/// A path in a folder of this test's own.
fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ending");
    fs::create_dir_all(&folder).expect("a folder for tests");
    let path = folder.join(name);
    // Of an earlier run, perhaps.
    let _ = fs::remove_file(&path);
    path
}

/// Starts a replay of stdin, gives it half of a capture, and waits until it has told of that.
fn half_way(words: &[&str], told: &Path) -> Child {
    let capture = fs::read(MAIL_RELAY).expect("the bundled capture");
    given(&capture[..HALF_LEN], words, told)
}

/// Starts a replay of stdin, gives it `input` without an end, and waits until it has told of that.
#[allow(clippy::zombie_processes, reason = "whoever asked for it waits")]
fn given(input: &[u8], words: &[&str], told: &Path) -> Child {
    let mut child = keeptrack(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let stdin = child.stdin.as_mut().expect("a pipe");
    stdin.write_all(input).expect("it is read");
    let mut len = 0;
    loop {
        thread::sleep(Duration::from_millis(300));
        let now = fs::metadata(told).map_or(0, |file| file.len());
        if now > 0 && now == len {
            return child;
        }
        len = now;
    }
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("kill");
    assert!(sent.success());
}

/// What the whole capture makes it write, as far as `told` goes.
fn is_beginning_of_whole(told: &[u8], format: &str) -> bool {
    let words = ["replay", MAIL_RELAY, "-q", "-m", MAX, "-o", format];
    let whole = keeptrack(&words).output().expect("it starts");
    !told.is_empty() && told.ends_with(b"\n") && whole.stdout.starts_with(told)
}

#[test]
fn an_interrupted_run_reports_what_it_has() {
    for name in ["INT", "TERM"] {
        let lines = path(&format!("{name}.jsonl"));
        let output = format!("packets={}", lines.display());
        let words = ["replay", "-", "-m", MAX, "-o", &output, "-o", "summary"];
        let child = half_way(&words, &lines);
        signal(&child, name);
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let stdout = String::from_utf8(stdout).unwrap();
        assert_eq!(status.code(), Some(130), "{}", String::from_utf8_lossy(&stderr));
        assert!(stdout.contains("until it was interrupted"), "{stdout}");
        assert!(is_beginning_of_whole(&fs::read(&lines).unwrap(), "packets"));
    }
}

#[test]
fn an_interrupted_log_is_told_as_far_as_it_went() {
    let log = "[1795355110.000001]\t    [NEW] udp      17 30 src=192.0.2.1 dst=192.0.2.2 sport=1 \
               dport=2 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1\n";
    let lines = path("log.txt");
    let output = format!("events,timestamp={}", lines.display());
    let child = given(log.as_bytes(), &["replay", "-", "-o", &output, "-o", "summary"], &lines);
    signal(&child, "INT");
    let Output { status, stdout, .. } = child.wait_with_output().unwrap();
    assert_eq!(status.code(), Some(130));
    assert_eq!(fs::read_to_string(&lines).unwrap(), log);
    assert!(String::from_utf8(stdout).unwrap().contains("until it was interrupted"));
}

#[test]
fn a_killed_run_has_told_in_whole_lines_what_came_before() {
    for format in STREAMS {
        let lines = path(&format!("killed-{format}"));
        let output = format!("{format}={}", lines.display());
        let mut child = half_way(&["replay", "-", "-m", MAX, "-o", &output], &lines);
        child.kill().unwrap();
        child.wait().unwrap();
        let told = fs::read(&lines).unwrap();
        assert!(is_beginning_of_whole(&told, format), "{format}");
        assert!(told.len() > 10_000, "{}", told.len());
    }
}

#[test]
fn a_killed_run_leaves_no_file_that_nobody_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |name: &str| folder.path().join(name);
    let (lines, table) = (in_folder("lines"), in_folder("table"));
    let outputs = [format!("packets={}", lines.display()), format!("table={}", table.display())];
    let mut child = half_way(&["replay", "-", "-o", &outputs[0], "-o", &outputs[1]], &lines);
    child.kill().unwrap();
    child.wait().unwrap();
    let left = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["lines"]);
}

/// Runs with files limited to some 64 KiB, as on a disk that is nearly full.
fn on_small_disk(words: &[&str]) -> Output {
    let run = "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_keeptrack");
    Command::new("sh").args(["-c", run, program]).args(words).output().expect("it starts")
}

#[test]
fn a_full_disk_keeps_whole_lines_and_is_told() {
    for format in STREAMS {
        let lines = path(&format!("full-{format}"));
        let output = format!("{format}={}", lines.display());
        let words = ["replay", MAIL_RELAY, "-q", "-m", MAX, "-o", &output, "-o", "json"];
        let Output { status, stdout, stderr } = on_small_disk(&words);
        let told = fs::read(&lines).unwrap();
        let count = told.iter().filter(|byte| **byte == b'\n').count();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{format}");
        assert!(is_beginning_of_whole(&told, format), "{format}");
        assert!(stderr.contains(&format!("; {count} whole lines are written")), "{stderr}");
        let stdout = String::from_utf8(stdout).unwrap();
        assert!(stdout.contains("\"complete\": false"), "{format}: {stdout}");
    }
}

#[test]
fn a_table_that_cannot_be_written_leaves_the_old_one() {
    let table = path("table.txt");
    fs::write(&table, "the old one\n").unwrap();
    let output = format!("table={}", table.display());
    let Output { status, stderr, .. } =
        on_small_disk(&["replay", MAIL_RELAY, "-q", "-o", &output, "-o", "summary"]);
    assert_eq!(status.code(), Some(2));
    assert!(String::from_utf8(stderr).unwrap().contains("table.txt"));
    assert_eq!(fs::read_to_string(&table).unwrap(), "the old one\n");
    let folder = table.parent().unwrap();
    let leavings = fs::read_dir(folder).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".keeptrack")
    });
    assert_eq!(leavings.count(), 0);
}

#[test]
fn a_device_and_a_fifo_are_written_straight() {
    let full = keeptrack(&["replay", MAIL_RELAY, "-o", "table=/dev/full"]).output().unwrap();
    assert_eq!(full.status.code(), Some(2));
    assert!(String::from_utf8(full.stderr).unwrap().contains("/dev/full: No space left"));

    let fifo = path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let output = format!("table={}", fifo.display());
    let mut child = keeptrack(&["replay", MAIL_RELAY, "-q", "-o", &output]).spawn().unwrap();
    let mut table = String::new();
    File::open(&fifo).unwrap().read_to_string(&mut table).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let plain = keeptrack(&["replay", MAIL_RELAY, "-q", "-o", "table"]).output().unwrap();
    assert_eq!(table.as_bytes(), plain.stdout);
}

#[test]
fn a_fifo_that_nobody_reads_any_more_leaves_the_others_whole() {
    let (fifo, events) = (path("left-fifo"), path("beside-fifo"));
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let outputs = [format!("packets={}", fifo.display()), format!("events={}", events.display())];
    let mut child = keeptrack(&["replay", MAIL_RELAY, "-q", "-o", &outputs[0], "-o", &outputs[1]])
        .spawn()
        .unwrap();
    // Whoever opens it leaves at once.
    File::open(&fifo).unwrap().read_exact(&mut [0]).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let whole = keeptrack(&["replay", MAIL_RELAY, "-q", "-o", "events"]).output().unwrap();
    assert!(fs::read(&events).unwrap() == whole.stdout);
}

#[test]
fn an_interrupted_run_that_nobody_reads_is_interrupted() {
    let lines = path("unread.jsonl");
    let output = format!("packets={}", lines.display());
    let mut child = half_way(&["replay", "-", "-o", &output, "-o", "summary"], &lines);
    drop(child.stdout.take());
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
