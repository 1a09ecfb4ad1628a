//! The program as a process: exit codes, what goes to stdout and what to stderr, and a reader that
//! goes away.

use std::fs::{self, File};
#[cfg(unix)]
use std::io::Write;
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
    let cases: [(&[&str], i32); 12] = [
        (&["replay", MAIL_RELAY], 0),
        (&["replay", MAIL_RELAY, "-m", "1342", "--check"], 0),
        (&["replay", MAIL_RELAY, "-m", "1341"], 0),
        (&["replay", MAIL_RELAY, "-m", "1341", "--check", "--on-full", "refuse"], 1),
        (&["replay", MAIL_RELAY, "-m", "1341", "--check"], 0),
        (&["replay", MAIL_RELAY, "-m", "1000", "--check", "--on-full", "ovs"], 1),
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
    let messages = stderr(&["-m", "1000", "--on-full", "refuse"]);
    assert!(messages.lines().count() > 1);
    for line in messages.lines() {
        let (time, message) = line.split_once("] ").unwrap();
        assert!(time.starts_with('[') && time.len() == "[00:00:00.000".len(), "{line}");
        let is_message = message == "nf_conntrack: nf_conntrack: table full, dropping packet";
        let is_rest = message.starts_with("net_ratelimit: ");
        assert!(is_message || is_rest && message.ends_with(" callbacks suppressed"), "{line}");
    }
    assert_eq!(stderr(&["-m", "1000", "--on-full", "refuse", "-q"]), "");
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

/// Runs with a stdout that nobody reads.
#[cfg(unix)]
fn unread(words: &[&str]) -> Output {
    let mut child = keeptrack(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It waits for its capture until nobody is there any more.
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("a pipe");
    // It need not read all of it.
    let _ = stdin.write_all(&fs::read(MAIL_RELAY).expect("the bundled capture"));
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

#[test]
#[cfg(target_os = "linux")]
fn a_reader_that_goes_away_takes_nothing_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (object, lines) = (path("object.json"), path("events"));
    let (to_object, to_lines) = (format!("json={object}"), format!("events={lines}"));
    let whole = ["replay", MAIL_RELAY, "-q", "-o"];
    let outputs = ["replay", "-", "-q", "-o", "packets", "-o", &to_object, "-o", &to_lines];
    assert_eq!(unread(&outputs).status.code(), Some(0));
    let object: serde_json::Value = serde_json::from_slice(&fs::read(object).unwrap()).unwrap();
    assert_eq!((&object["complete"], &object["packets"]), (&true.into(), &9_496.into()));
    assert!(fs::read(lines).unwrap() == run(&[&whole[..], &["events"]].concat()).stdout);

    let cases: [(&[&str], i32); 5] = [
        (&["-o", "summary"], 0),
        (&["-o", "summary", "-o", "json=/dev/full"], 2),
        (&["-o", "packets", "-o", "events=/dev/full"], 2),
        (&["-m", "1341", "--on-full", "refuse", "--check"], 1),
        (&["-m", "1341", "--on-full", "refuse", "--check", "-o", "packets"], 1),
    ];
    for (words, code) in cases {
        let ran = unread(&[&["replay", "-", "-q"], words].concat());
        let stderr = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(code), "{words:?} {stderr}");
        assert_eq!(stderr.contains("/dev/full: No space left"), code == 2, "{stderr}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_error_in_the_capture_hides_none_of_an_output() {
    let cut = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hiding.pcapng");
    let mut capture = fs::read(MAIL_RELAY).unwrap();
    let len = capture.len();
    capture[len / 2..].fill(0xff);
    fs::write(&cut, capture).unwrap();
    let ran = run(&["replay", cut.to_str().unwrap(), "-o", "json=/dev/full", "-o", "summary"]);
    let stderr = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(stderr.contains("is damaged at record"), "{stderr}");
    assert!(stderr.contains("/dev/full: No space left on device"), "{stderr}");
    assert!(!ran.stdout.is_empty());
}

#[test]
#[cfg(unix)]
fn neither_side_of_a_redirection_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let capture = fs::read(MAIL_RELAY).unwrap();
    let path = folder.path().join("in.pcapng");
    fs::write(&path, &capture).unwrap();
    let name = path.to_str().unwrap();
    let to_input = format!("packets={name}");
    let ran = keeptrack(&["replay", "-", "-o", &to_input])
        .stdin(File::open(&path).unwrap())
        .output()
        .unwrap();
    let refusal = format!("error: {name} is to be read and written\n");
    assert!(String::from_utf8(ran.stderr).unwrap().starts_with(&refusal));

    let appended = File::options().append(true).open(&path).unwrap();
    let ran = keeptrack(&["replay", name, "-o", "packets"]).stdout(appended).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(fs::read(&path).unwrap() == capture);

    let (out, to_out) = (folder.path().join("out"), "packets=/dev/stdout");
    fs::write(&out, "before\n").unwrap();
    let appended = File::options().append(true).open(&out).unwrap();
    let ran = keeptrack(&["replay", name, "-o", to_out]).stdout(appended).output().unwrap();
    assert_eq!(ran.status.code(), Some(0));
    assert!(fs::read_to_string(&out).unwrap().starts_with("before\n{"));
}

#[test]
fn auto_colours_stdout_and_no_file() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("summary.txt");
    let to_file = format!("summary={}", file.display());
    let has_colors = |text: &[u8]| text.contains(&0x1b);
    for (color, in_file, in_stdout) in
        [("auto", false, true), ("always", true, true), ("never", false, false)]
    {
        // It makes every stdout a terminal that shows colours.
        let run = |output| {
            keeptrack(&["replay", MAIL_RELAY, "--color", color, "-o", output])
                .env("CLICOLOR_FORCE", "1")
                .output()
                .unwrap()
        };
        assert_eq!(run(&to_file).status.code(), Some(0));
        assert_eq!(has_colors(&fs::read(&file).unwrap()), in_file, "{color}");
        assert_eq!(has_colors(&run("summary").stdout), in_stdout, "{color}");
    }
}

#[test]
fn conntrack_counts_what_it_shows_and_proc_does_not() {
    for (format, is_counted) in [
        ("table", true),
        ("table,extended", true),
        ("table,save", true),
        ("table,proc", false),
        ("events", true),
    ] {
        let stderr = String::from_utf8(run(&["replay", MAIL_RELAY, "-o", format]).stderr).unwrap();
        assert_eq!(stderr.contains("have been shown"), is_counted, "{format}: {stderr}");
    }
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

#[test]
fn settings_among_rules_count_only_where_settings_are_read() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let text = folder.join("gateway.txt");
    let header = "# keeptrack gateway configuration, edited";
    let rules = "# keeptrack: IPv6\n*filter\nCOMMIT";
    fs::write(&text, format!("{header}\nkeeptrack.fail = closed\n{rules}\n")).unwrap();
    let text = text.to_str().unwrap();
    let told = |words: &[&str]| {
        let ran = run(&[&["firmware-config", "--check", "-r", text], words].concat());
        assert_eq!(ran.status.code(), Some(0));
        String::from_utf8(ran.stderr).unwrap()
    };
    let lost = format!("warning: settings in {text} have no effect: give it to -c too\n");
    assert!(told(&[]).contains(&lost));
    assert!(told(&["-c", "keeptrack.fail=open"]).contains(&lost));
    assert!(!told(&["-c", text]).contains("have no effect"));
}

#[test]
fn an_image_is_printed_from_stdin() {
    let image = run(&["firmware-config", "-q", "-c", "keeptrack.fail=closed", "-o", "-"]).stdout;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stdin.image");
    fs::write(&file, image).unwrap();
    let stdin = Stdio::from(File::open(&file).unwrap());
    let ran = keeptrack(&["firmware-config", "--print", "-"]).stdin(stdin).output().unwrap();
    assert!(String::from_utf8(ran.stdout).unwrap().contains("keeptrack.fail = closed\n"));
}
