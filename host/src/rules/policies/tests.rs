//! Policies of commands and listings, and what is said of those that cannot be.

use keeptrack_core::{Protocol, TimeoutPolicy};

use super::*;

fn loaded(files: &[(&str, &str)]) -> Result<Policies, Diagnostics> {
    let defaults = TimeoutPolicy { udp_stream: 77, ..TimeoutPolicy::LINUX };
    let sources =
        files.iter().map(|&(name, text)| Ok(Source::new(name.to_owned(), text.to_owned())));
    Policies::gathered(sources, &defaults)
}

/// As nfct 1.4.7 lists a policy.
const LISTED: &str = ".web = {\n\t.l3proto = 2,\n\t.l4proto = 6,\n\t.policy = {\n\
    \t\t.SYN_SENT = 120,\n\t\t.SYN_RECV = 60,\n\t\t.ESTABLISHED = 100,\n\t\t.FIN_WAIT = 120,\n\
    \t\t.CLOSE_WAIT = 60,\n\t\t.LAST_ACK = 30,\n\t\t.TIME_WAIT = 120,\n\t\t.CLOSE = 10,\n\
    \t\t.SYN_SENT2 = 8,\n\t\t.RETRANS = 300,\n\t\t.UNACKNOWLEDGED = 300,\n\t},\n};\n";

const COMMANDS: &str = "#!/bin/sh\nnfct flush timeout\n\
    sudo /usr/sbin/nfct add timeout dns inet UDP unreplied 5\n\
    nfct timeout add v6 inet6 icmpv6 timeout 7\n\
    iptables -t raw -A PREROUTING -p udp -j CT --timeout dns\n\
    nfct list timeout # shows them\n";

#[test]
fn commands_and_listings_make_policies() {
    let policies = loaded(&[("raw.sh", COMMANDS), ("list", LISTED)]).unwrap();
    let shown = policies.by_name.iter().map(|(name, policy)| {
        format!("{name} {:?} {} {}", policy.family, policy.protocol_name(), policy.id.index())
    });
    assert_eq!(shown.collect::<Vec<_>>(), ["dns V4 udp 0", "v6 V6 icmpv6 1", "web V4 tcp 2"]);
    let linux = TimeoutPolicy { udp_stream: 77, ..TimeoutPolicy::LINUX };
    let expected = [
        TimeoutPolicy { udp: 5, ..linux },
        TimeoutPolicy { icmpv6: 7, ..linux },
        TimeoutPolicy { tcp_established: 100, tcp_syn_sent2: 8, ..linux },
    ];
    assert_eq!(policies.timeouts(), expected);
}

#[test]
fn a_policy_is_for_the_protocols_that_one_tracker_tracks() {
    let policies = loaded(&[(
        "f",
        "nfct add timeout any inet generic timeout 5\nnfct add timeout lite inet udplite replied 9",
    )])
    .unwrap();
    let is_for = |name: &str, protocol| policies.find(name).unwrap().is_for(Protocol(protocol));
    for (protocol, any, lite) in
        [(50, true, false), (255, true, false), (136, false, true), (17, false, false)]
    {
        assert_eq!((is_for("any", protocol), is_for("lite", protocol)), (any, lite), "{protocol}");
    }
}

#[test]
fn what_cannot_be_is_shown_at_its_word() {
    let expected = "\
error: unknown state `estblished`
 --> f:1:31
  |
1 | nfct add timeout web inet tcp estblished 100
  |                               ^^^^^^^^^^ tcp has none of this name
  |
help: did you mean `ESTABLISHED`?";
    let shown = loaded(&[("f", "nfct add timeout web inet tcp estblished 100")]).unwrap_err();
    assert_eq!(shown.to_string(), expected);
    let title = |text: &str| {
        let shown = loaded(&[("f", text)]).unwrap_err().to_string();
        shown.lines().take(2).map(str::trim).collect::<Vec<_>>().join(" ").replace("-->", "@")
    };
    let twice = format!("{LISTED}{LISTED}");
    let other = LISTED.replace("l4proto = 6", "l4proto = 33");
    let cut = LISTED.trim_end_matches("};\n");
    let headless = LISTED.replace(".web = {", "");
    let long = "x".repeat(32);
    let cases = [
        ("nfct add timeout", "the name of a policy is missing behind `add` @ f:1:6"),
        ("nfct add timeout a inet tcp", "a state and its seconds is missing behind `tcp` @ f:1:25"),
        (
            "nfct add timeout a inet tcp close",
            "a number of seconds is missing behind `close` @ f:1:29",
        ),
        ("nfct add timeout a ipv4 tcp close 1", "unknown family `ipv4` @ f:1:20"),
        ("nfct add timeout a inet dccp open 1", "no tracker for the protocol `dccp` @ f:1:25"),
        ("nfct add timeout a inet tcp close 7d", "`7d` is not a number of seconds @ f:1:35"),
        ("nfct add timeout a inet tcp close 1036801", "`1036801` is too long a timeout @ f:1:35"),
        ("nfct add policy a inet tcp close 1", "unknown subsystem `policy` @ f:1:10"),
        ("nfct default-set timeout inet udp replied 7", "`default-set` makes no policy @ f:1:6"),
        (&format!("nfct add timeout {long} inet udp replied 7"), "a name of 32 bytes @ f:1:18"),
        ("sudo sysctl -w a=1", "not a line of timeout policies @ f:1:6"),
        (
            "nfct add timeout $N inet udp replied 7",
            "shell variables and commands are not expanded @ f:1:18",
        ),
        (&twice, "the timeout policy `web` is there already: f:17 @ f:18:2"),
        (&format!("{LISTED}nfct delete timeout web"), "policies are taken away again @ f:18:6"),
        (&other, "no tracker for the protocol `33` @ f:3:13"),
        (cut, "the policy `web` does not end @ f:1:2"),
        (&headless, "not a line of `nfct list timeout` in this place @ f:2:2"),
    ];
    for (text, expected) in cases {
        assert_eq!(title(text), format!("error: {expected}"), "{text}");
    }
    // What follows in a block that something is wrong with says nothing, but the next one does.
    let error = loaded(&[("f", &format!("{other}{LISTED}"))]).unwrap_err();
    assert_eq!(error.diagnostics().len(), 1);
}

#[test]
fn garbage_is_refused_soon() {
    let error = loaded(&[("f", &".x\n".repeat(100_000))]).unwrap_err();
    assert!(error.diagnostics().len() <= 21);
    let many: String =
        (0..256).map(|name| format!("nfct add timeout p{name} inet udp replied 1\n")).collect();
    let shown = loaded(&[("f", &many)]).unwrap_err().to_string();
    assert!(shown.starts_with("error: more than 255 timeout policies\n   --> f:256:18"), "{shown}");
    let long = format!("nfct add timeout {}", "x ".repeat(1_000_000));
    assert!(loaded(&[("f", &long)]).unwrap_err().to_string().len() < 1000);
}
