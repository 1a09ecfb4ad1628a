//! Bad input: one clear message with file and place, and what was counted before stays reported.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use flate2::Compression;
use flate2::write::GzEncoder;
use keeptrack::Outcome;
use keeptrack_core::Protocol;

use super::made::{ETHERNET, Files, MAIL_RELAY, RAW, SLL2, json, line, pcap, sll2, summary};
use super::{Failure, Ran, keeptrack};
use crate::frames::{CLIENT, SERVER, ip, udp};

/// Runs, and answers what is said of the error that it must end with, and what was reported.
fn refused(words: &[&str]) -> (String, String) {
    let Ran { end, stdout } = keeptrack(&[&["replay", "-q"], words].concat());
    let failure = end.expect_err("an error");
    if let Failure::Typed(error) = &failure {
        assert_eq!(error.exit_code(), 2, "as for all other bad input");
    }
    (failure.shown(), String::from_utf8(stdout).unwrap())
}

/// A datagram from a port of the client's.
fn datagram(from: u16) -> Vec<u8> {
    ip(Protocol::UDP, CLIENT, SERVER, &udp(from, 53))
}

/// Three datagrams of 28 bytes, as raw IP in a pcap: records begin at byte 24, 68 and 112.
fn three_datagrams() -> Vec<u8> {
    pcap(RAW, &[(1_000, datagram(1)), (2_000, datagram(2)), (3_000, datagram(3))])
}

#[test]
fn a_file_that_is_no_capture_is_refused_by_what_it_is() {
    let files = Files::new();
    let how = "a capture is what `tcpdump -w FILE` or `dumpcap -w FILE` writes";
    let cases: [(&[u8], &str, &str); 11] = [
        (b"", "is empty", how),
        (b"\x7fELF\x02\x01\x01", "is not a capture (neither pcap nor pcapng)", how),
        (b"\xd4\xc3\xb2\xa1\x02", "ends inside its header", how),
        (b"\x1f\x8b\x08\0", "ends inside its header", how),
        (
            b"*raw\nCOMMIT\n",
            "is not a capture (it looks like iptables-save output)",
            "pass it with `-r CAPTURE`",
        ),
        (
            b"table inet raw {\n}\n",
            "is not a capture (it looks like an nft ruleset)",
            "pass it with `-r CAPTURE`",
        ),
        (
            b"net.ipv4.tcp_rmem = 1\n",
            "is not a capture (it looks like sysctl settings)",
            "pass it with `-c CAPTURE`",
        ),
        (
            b"tcp      6 431999 ESTABLISHED src=192.0.2.1\n",
            "is not a capture (it looks like a conntrack table)",
            "pass it with `-s CAPTURE`",
        ),
        (b"cpu=0   \tfound=0\n", "is not a capture (it looks like conntrack counters)", how),
        (
            b"\xfd7zXZ\0",
            "is compressed with xz",
            "unpack it on the way: `xz -dc CAPTURE | keeptrack replay -`",
        ),
        (
            b"\x28\xb5\x2f\xfd\x00\xa8\0\0",
            "takes more than 128 MiB of memory to unpack with zstd",
            "unpack it on the way: `zstd -dc --long=31 CAPTURE | keeptrack replay -`",
        ),
    ];
    for (content, what, help) in cases {
        let file = files.with("x.pcap", content);
        let help = help.replace("CAPTURE", &file);
        let expected = format!("error: {file} {what}\nhelp: {help}\n");
        assert_eq!(refused(&[&file]), (expected, String::new()));
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let files = Files::new();
    let directory = files.path("");
    let expected = format!("error: {directory} is a directory, not a capture\n");
    assert_eq!(refused(&[&directory]).0, expected);
    let nowhere = files.path("nowhere.pcap");
    assert_eq!(refused(&[&nowhere]).0, format!("error: {nowhere} does not exist\n"));

    let secret = files.with("secret.pcap", three_datagrams());
    fs::set_permissions(&secret, Permissions::from_mode(0o000)).unwrap();
    if File::open(&secret).is_ok() {
        eprintln!("skipped: root may read a file that nobody may read");
        return;
    }
    let (error, _) = refused(&[&secret]);
    assert!(error.starts_with(&format!("error: {secret} cannot be opened: permission denied\n")));
    assert!(error.contains("help: "), "{error}");
}

#[test]
fn a_capture_without_packets_is_refused() {
    let files = Files::new();
    let none = files.with("none.pcap", pcap(ETHERNET, &[]));
    let (error, reported) = refused(&[&none]);
    let expected = format!(
        "error: {none} holds no packets\n\
         help: was the right interface captured? `tcpdump -D` lists them\n"
    );
    assert_eq!((error, reported), (expected, String::new()));

    let cut = files.with("cut.pcap", &three_datagrams()[..60]);
    let expected = format!(
        "error: {cut} holds no packets: \
         the file ends inside record 0 (byte 24), which is left out\n"
    );
    assert_eq!(refused(&[&cut]), (expected, String::new()));
}

#[test]
fn a_record_cut_at_the_end_is_a_warning_and_the_rest_counts() {
    let files = Files::new();
    let capture = three_datagrams();
    let cut = files.with("cut.pcap", &capture[..capture.len() - 5]);
    let object = json(&[&cut]);
    assert_eq!((&object["packets"], &object["connections"]), (&2.into(), &2.into()));
    let text = summary(&[&cut]);
    line(&text, "! the file ends inside record 2 (byte 112), which is left out");
    line(&text, "A table of 2 entries holds this traffic");
}

#[test]
fn what_came_before_the_damage_is_reported() {
    let files = Files::new();
    let mut capture = three_datagrams();
    // The captured length of the second record.
    capture[68 + 8..68 + 12].fill(0x7f);
    let file = files.with("damaged.pcap", capture);
    let expected = format!(
        "error: {file} is damaged at record 1 (byte 68): \
         captured length 2139062143 is more than 262144\n"
    );
    let (error, text) = refused(&[&file]);
    assert_eq!(error, expected);
    line(&text, "A table of 1 entries holds this traffic in the part that could be read");
    let (error, object) = refused(&[&file, "-o", "json"]);
    assert_eq!(error, expected);
    let object: serde_json::Value = serde_json::from_str(&object).unwrap();
    assert_eq!((&object["complete"], &object["packets"]), (&false.into(), &1.into()));
    let (_, packets) = refused(&[&file, "-o", "packets"]);
    assert_eq!(packets.lines().count(), 1);
}

/// By gzip, without compression: what the capture holds stands in the file as it is.
fn stored(capture: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(capture).unwrap();
    packed.finish().unwrap()
}

#[test]
fn a_compressed_capture_that_is_cut_or_damaged_counts_as_far_as_it_goes() {
    let files = Files::new();
    let packed = stored(&three_datagrams());
    let content = |len: usize| packed[..len].to_vec();
    let cut = files.with("cut.pcap.gz", content(packed.len() - 13));
    let text = summary(&[&cut]);
    line(&text, "! the file ends inside record 2 (byte 112 unpacked), which is left out");
    line(&text, "A table of 2 entries holds this traffic");
    let no_end = files.with("no-end.pcap.gz", content(packed.len() - 3));
    let text = summary(&[&no_end]);
    line(&text, "! the file is cut: its gzip data end before record 3 (byte 156 unpacked)");
    line(&text, "A table of 3 entries holds this traffic");

    let more = files.with("more.pcap.gz", [&packed, &b"?"[..]].concat());
    line(&summary(&[&more]), "! what follows the gzip data is left out");

    let damaged = files.with("damaged.pcap.gz", [&packed, &b"\x1f\x8b\xff??????????"[..]].concat());
    let (error, text) = refused(&[&damaged]);
    let beginning = format!("error: {damaged} cannot be unpacked past byte ");
    assert!(error.starts_with(&beginning) && error.contains(": gzip: "), "{error}");
    line(&text, "A table of 3 entries holds this traffic in the part that could be read");
}

#[test]
fn link_types_that_are_not_read_are_named() {
    let files = Files::new();
    for (link, name) in [(189, "USB_LINUX (189)"), (147, "147")] {
        let file = files.with("link.pcap", pcap(link, &[(0, vec![0; 64]), (1, vec![0; 64])]));
        let (error, written) = refused(&[&file, "-o", "json"]);
        let expected = format!(
            "error: {file} holds no frames that can be read: link type {name}\n\
             help: capture on an Ethernet interface, or on all with `tcpdump -i any`\n"
        );
        assert_eq!((error, written.as_str()), (expected, ""), "nothing was counted");
    }
}

/// What the marks of an error that is shown with its line are under.
fn underlined(error: &str) -> &str {
    let lines: Vec<_> = error.lines().collect();
    let marks = lines.iter().position(|line| line.contains('^'));
    let marks = marks.unwrap_or_else(|| panic!("nothing is marked:\n{error}"));
    let from = lines[marks].find('^').unwrap();
    &lines[marks - 1][from..=lines[marks].rfind('^').unwrap()]
}

#[test]
fn words_of_rules_that_are_wrong_are_underlined() {
    let files = Files::new();
    let cases = [
        ("-A PREROUTING -p udp --dprot 53 -j NOTRACK", "--dprot", "help: did you mean `--dport`?"),
        (
            "-A PREROUTING -p udp -m multiport --dports 70000 -j NOTRACK",
            "70000",
            "port 70000 is out of range",
        ),
        ("-A PREROUTING -i lo -j NOTRAK", "NOTRAK", "did you mean `NOTRACK`?"),
        ("-A PREROUTNG -j NOTRACK", "PREROUTNG", "chain"),
        ("-A PREROUTING -s 10.0.0.0/33 -j NOTRACK", "10.0.0.0/33", "33"),
        ("-A PREROUTING -s 300.0.0.1 -j NOTRACK", "300.0.0.1", "300.0.0.1"),
        ("-A PREROUTING -p tpc -j NOTRACK", "tpc", "tpc"),
    ];
    for (rule, word, said) in cases {
        let rules = files.with("rules.v4", format!("*raw\n# a comment\n{rule}\nCOMMIT\n"));
        let (error, reported) = refused(&[MAIL_RELAY, "-r", &rules]);
        let column = rule.find(word).unwrap() + 1;
        line(&error, &format!("--> {rules}:3:{column}"));
        assert_eq!(underlined(&error), word, "{error}");
        assert!(error.starts_with("error: ") && error.contains(said), "{error}");
        assert_eq!(reported, "");
    }
    let nowhere = files.path("nowhere.v4");
    let (error, _) = refused(&[MAIL_RELAY, "-r", &nowhere]);
    assert_eq!(error, format!("error: cannot read {nowhere}: No such file or directory\n"));
}

#[test]
fn options_that_cannot_be_are_refused_with_the_option() {
    let cases: [(&[&str], &str); 8] = [
        (&["--max", "0"], "'0' for '--max <N>': a table needs at least one entry"),
        (&["--max", "1e6"], "'1e6' for '--max <N>': `1e6` is not a number of entries"),
        (&["-m", "1000m"], "'1000m' for '--max <N>': more than 268435456 entries"),
        (
            &["-o", "xml"],
            "`xml` is none of summary, json, packets, ledger, events, table, expectations, stats",
        ),
        (&["-o", "json="], "no file name behind `=`"),
        (&["--iface", "2=lan0,wan0"], "`wan0` is not the number of an interface: write `2=lan0,3`"),
        (&["--local", "192.0.2"], "'192.0.2' for '--local <ADDR,..>'"),
        (&["--hash-seed", "0x1"], "'0x1' for '--hash-seed <N|random>'"),
    ];
    for (words, said) in cases {
        let (error, _) = refused(&[&[MAIL_RELAY], words].concat());
        assert!(error.starts_with("error: ") && error.contains(said), "{error}");
    }
}

#[test]
fn outputs_that_cannot_be_written_are_refused() {
    let files = Files::new();
    let capture = files.with("x.pcap", three_datagrams());
    let (error, _) = refused(&[&capture, "-o", "json", "-o", "summary"]);
    line(&error, "error: two outputs to stdout");
    let (one, other) = (files.path("out"), files.path("./out"));
    let (json, packets) = (format!("json={one}"), format!("packets={other}"));
    let (error, _) = refused(&[&capture, "-o", &json, "-o", &packets]);
    line(&error, &format!("error: two outputs to {other}"));

    let nowhere = files.path("nowhere/out");
    let (error, _) = refused(&[&capture, "-o", &format!("json={nowhere}")]);
    assert!(error.starts_with(&format!("error: {nowhere} cannot be written: ")), "{error}");
    if cfg!(target_os = "linux") {
        let (error, _) = refused(&[&capture, "-o", "packets=/dev/full"]);
        assert!(error.starts_with("error: the output cannot be written: /dev/full: "), "{error}");
    }
}

#[test]
fn an_output_never_takes_the_place_of_what_is_read() {
    let files = Files::new();
    let capture = files.with("x.pcap", three_datagrams());
    let rules = files.with("rules.v4", "-A PREROUTING -j ACCEPT\n");
    for read in ["x.pcap", "rules.v4"] {
        let same = files.path(&format!("./{read}"));
        let (error, _) = refused(&[&capture, "-r", &rules, "-o", &format!("json={same}")]);
        line(&error, &format!("error: {same} is to be read and written"));
    }
    assert_eq!(fs::read(&capture).unwrap(), three_datagrams());
}

#[test]
fn a_rule_that_asks_for_an_interface_needs_its_name() {
    let files = Files::new();
    let capture = files.with("x.pcap", three_datagrams());
    let rules = files.with("rules.v4", "-A PREROUTING -p udp\n-A PREROUTING -i lan+ -j NOTRACK\n");
    let expected = format!(
        "error: {capture} has no interface names, but {rules}:2 matches `-i lan+`\n\
         help: name it: `--iface lan0`, or by index: `--iface 2=lan0,3=wan0`\n"
    );
    assert_eq!(refused(&[&capture, "-r", &rules]), (expected, String::new()));
    for (name, untracked) in [("lan0", 3), ("0=lan1", 3), ("wan0", 0)] {
        let object = json(&[&capture, "-r", &rules, "--iface", name]);
        assert_eq!(object["untracked"], untracked, "{name}");
    }
}

#[test]
fn each_interface_of_a_cooked_capture_needs_its_name() {
    let files = Files::new();
    let frames = [(0, sll2(2, 0, &datagram(1))), (1, sll2(3, 0, &datagram(2)))];
    let capture = files.with("any.pcap", pcap(SLL2, &frames));
    let rules = files.with("rules.v4", "-A PREROUTING -i wan0 -j NOTRACK\n");
    for (names, missing) in [
        ("lan0", "several interfaces without a name: which is `lan0`?"),
        ("2=lan0,3", "has no interface names"),
    ] {
        let (error, text) = refused(&[&capture, "-r", &rules, "--iface", names]);
        line(&error, missing);
        line(&text, "A table of 1 entries holds this traffic in the part that could be read");
    }
    for (names, untracked) in [("2=lan0", 0), ("3=wan0", 1)] {
        let object = json(&[&capture, "-r", &rules, "--iface", names]);
        assert_eq!(object["skipped_by"]["elsewhere"], 1, "{names}");
        assert_eq!(object["untracked"], untracked, "{names}");
    }
    let (error, _) = refused(&[&capture, "--iface", "4=dmz0"]);
    line(&error, "was captured at `--iface 4=dmz0`");
    line(&error, "it has the interfaces 2, 3");
    let object = json(&[&capture, "-r", &rules, "--iface", "2=lan0,3=wan0"]);
    assert_eq!((&object["untracked"], &object["tracked"]), (&1.into(), &1.into()));
}

#[test]
fn a_rule_in_output_needs_the_hosts_addresses() {
    let files = Files::new();
    let capture = files.with("x.pcap", three_datagrams());
    let rules = files.with("rules.v4", "-A OUTPUT -p udp -j NOTRACK\n");
    let expected = format!(
        "error: {capture} does not tell what its host sent, but {rules}:1 is in OUTPUT\n\
         help: name the addresses of the host that captured: `--local 192.0.2.1,2001:db8::1`\n"
    );
    assert_eq!(refused(&[&capture, "-r", &rules]), (expected, String::new()));
    for (local, untracked) in [(CLIENT, 3), (SERVER, 0)] {
        let object = json(&[&capture, "-r", &rules, "--local", &local.to_string()]);
        assert_eq!(object["untracked"], untracked, "{local}");
    }
    // A rule about an interface that the packets were not seen at does not ask.
    let rules = files.with("rules.v4", "-A OUTPUT -o lo -j NOTRACK\n");
    let ran = keeptrack(&["replay", "-q", &capture, "-r", &rules, "--iface", "lan0"]);
    assert_eq!(ran.end.unwrap(), Outcome::Done);
}

#[test]
fn a_rule_about_loopback_needs_no_names_where_each_frame_tells_that_it_is_elsewhere() {
    let files = Files::new();
    let packet = ip(Protocol::UDP, CLIENT, SERVER, &udp(1, 53));
    let capture = files.with("any.pcap", pcap(SLL2, &[(0, sll2(2, 0, &packet))]));
    for rule in ["-A OUTPUT -o lo -j NOTRACK", "-A PREROUTING -i lo -j NOTRACK"] {
        let rules = files.with("lo.rules", rule);
        keeptrack(&["replay", "-q", &capture, "-r", &rules]).end.unwrap();
    }
    let both =
        files.with("both.rules", "-A OUTPUT -o lo -j NOTRACK\n-A PREROUTING -i lan0 -j DROP\n");
    let (error, _) = refused(&[&capture, "-r", &both]);
    assert!(error.contains("both.rules:2 matches `-i lan0`"), "{error}");
}
