//! What a finding says is to be done, done: nothing is found there any more, and nothing in what was
//! added.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::Value;
use tempfile::TempDir;

use super::cases;
use crate::host::{Ran, keeptrack};
use crate::wild_kernel;

/// Lints whose mending is a choice: what is said is no rule.
const CHOICES: [&str; 3] = ["breaks-nat", "opens-host", "port-out-of-range"];
/// What is said of rules that have no short words.
const IN_GENERAL: [&str; 3] = [
    "leave out what the flags ask",
    "write the same for the other family",
    "have the answers left untracked as well",
];
/// The file of the commands that are added.
const ADDED: &str = "added.sh";

/// Files, by name.
type Files = Vec<(String, String)>;

#[derive(Debug, Clone)]
struct Found {
    lint: String,
    file: String,
    /// Which line it is of, and that.
    number: usize,
    line: String,
    label: String,
    notes: Vec<String>,
}

fn found(files: &Files) -> Vec<Found> {
    let folder = TempDir::new().unwrap();
    let mut words = vec!["lint".to_owned(), "-o".to_owned(), "json".to_owned()];
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        words.push(path.to_str().unwrap().to_owned());
    }
    let Ran { end, stdout } = keeptrack(&words.iter().map(String::as_str).collect::<Vec<_>>());
    end.unwrap_or_else(|failure| panic!("{}\n{files:?}", failure.shown()));
    let object: Value = serde_json::from_slice(&stdout).unwrap();
    let of = |finding: &Value| {
        let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let file = text("file").rsplit('/').next().unwrap().to_owned();
        let (_, lines) = files.iter().find(|(name, _)| *name == file).unwrap();
        let number = usize::try_from(finding["line"].as_u64().unwrap()).unwrap() - 1;
        let line = lines.lines().nth(number).unwrap().to_owned();
        let notes = finding["notes"].as_array().unwrap().iter();
        let notes = notes.map(|note| note.as_str().unwrap().to_owned()).collect();
        Found { lint: text("lint"), file, number, line, label: text("label"), notes }
    };
    object["findings"].as_array().unwrap().iter().map(of).collect()
}

/// The files, when all that a finding says is done; `None`: it says nothing that can be done.
fn mended(files: &Files, finding: &Found) -> Option<Files> {
    let mut files = files.clone();
    files.push((ADDED.to_owned(), String::new()));
    let done = finding.notes.iter().filter(|note| done(&mut files, finding, note)).count();
    // What is empty is no rules.
    files.retain(|(_, text)| !text.is_empty());
    (done > 0).then_some(files)
}

/// Does what a note says, if it says anything.
fn done(files: &mut Files, finding: &Found, note: &str) -> bool {
    let mut quoted = note.split('`').skip(1).step_by(2);
    let first = quoted.next().unwrap_or_default();
    let own = files.iter().position(|(name, _)| *name == finding.file).unwrap();
    let lines: Vec<String> = files[own].1.lines().map(str::to_owned).collect();
    let program = if finding.line.contains("ip6tables") { "ip6tables" } else { "iptables" };
    let program = if finding.file.ends_with(".v6") { "ip6tables" } else { program };
    let mut add = |command: String| files.last_mut().unwrap().1 += &(command + "\n");
    if first.starts_with("iptables ") || first.starts_with("ip6tables ") {
        add(first.to_owned());
    } else if note.starts_with("write `-A") {
        add(format!("{program} -t raw {first}"));
    } else if let Some(hook) = quoted.next().and_then(|words| words.strip_prefix("hook ")) {
        let (_, table) = files[own].1.split_once("table ").unwrap();
        let own_table = table.split('{').next().unwrap();
        let table = quoted.next().map_or(own_table.to_owned(), |family| format!("{family} added"));
        let chain = format!("chain added {{ type filter hook {hook}; {first}; }}");
        if note.contains("in its place") {
            files[own].1 = files[own].1.replacen(&format!("{}\n", finding.line), "\n", 1);
        }
        files[own].1 += &format!("\ntable {table} {{\n {chain}\n}}\n");
    } else if note.starts_with("jump to it") {
        let chain = finding.label.split('`').nth(1).unwrap();
        add(format!("{program} -t raw -A OUTPUT -j {chain}"));
    } else if note.starts_with("accept it there: `-A") {
        let asked = finding.line.split_once(" -j ").unwrap().0.split_once("-A ").unwrap().1;
        let asked = asked.split_once(' ').unwrap().1;
        add(format!("{program} {}", first.replace("...", asked)));
    } else if note.starts_with("put it before") && finding.line.starts_with("firewall-cmd") {
        // A direct rule stands where its priority says.
        files[own].1 = files[own].1.replacen("PREROUTING 1 ", "PREROUTING -1 ", 1);
    } else if note.starts_with("put it before") {
        let mut lines = lines;
        let line = lines.remove(finding.number);
        let chain = line.split_once("-A ").unwrap().1.split(' ').next().unwrap();
        let begins = |line: &String| line.contains(&format!("-A {chain} "));
        let at = lines.iter().position(begins).unwrap();
        lines.insert(at, line);
        files[own].1 = lines.join("\n") + "\n";
    } else if note.starts_with("leave one of both out") {
        let mut lines = lines;
        lines.remove(finding.number);
        files[own].1 = lines.join("\n") + "\n";
    } else if note.starts_with("put it in a prerouting/output chain") {
        let hook = if finding.line.contains("oif") { "output" } else { "prerouting" };
        files[own].1 += "\ntable inet added {\n";
        files[own].1 += &format!(" chain added {{ type filter hook {hook} priority raw; ");
        files[own].1 += &format!("{}; }}\n}}\n", finding.line.trim());
        files[own].1 = files[own].1.replacen(&format!("{}\n", finding.line), "\n", 1);
    } else {
        return false;
    }
    true
}

/// What is wrong with what is said of files.
fn undone(files: &Files) -> Option<String> {
    let all = found(files);
    for finding in &all {
        let is_choice = CHOICES.contains(&finding.lint.as_str())
            || IN_GENERAL
                .iter()
                .any(|said| finding.notes.iter().any(|note| note.starts_with(said)));
        let Some(mended) = mended(files, finding) else {
            if is_choice {
                continue;
            }
            return Some(format!("nothing is said: {finding:?}"));
        };
        let like = |other: &&Found| {
            other.lint == finding.lint && (other.line == finding.line || other.file == ADDED)
        };
        let before = all.iter().filter(like).count();
        let left = found(&mended);
        if left.iter().filter(like).count() >= before {
            return Some(format!("{finding:#?}\n{mended:#?}\n{left:#?}"));
        }
    }
    None
}

#[test]
fn what_is_said_of_the_cases_mends_them() {
    for case in cases::all() {
        let files = case.rules.iter().map(|(name, text)| (name.to_string(), text.to_string()));
        if let Some(undone) = undone(&files.collect()) {
            panic!("{}: {undone}", case.name);
        }
    }
}

#[test]
fn what_is_said_of_the_wild_rules_mends_them() {
    for case in wild_kernel::CASES {
        let ruleset = case.ruleset();
        let forms = [("wild.sh", case.iptables), ("wild.nft", ruleset.as_str())];
        // Not every case is written for both tools.
        for (name, rules) in forms.into_iter().filter(|(_, rules)| !rules.trim().is_empty()) {
            let files = [(name, rules), ("sets.txt", wild_kernel::IPSETS)];
            let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
            if let Some(undone) = undone(&files.to_vec()) {
                panic!("{}: {undone}", case.number);
            }
        }
    }
}

/// What a rule of NOTRACK asks: of each option one or none.
fn rule() -> impl Strategy<Value = String> {
    let interface = |option: &'static str| {
        let names = ["", "lan0", "br-+", "lo"].map(|name| match name {
            "" => String::new(),
            name => format!(" {option} {name}"),
        });
        let not_lo = format!(" ! {option} lo");
        select([names.to_vec(), vec![not_lo]].concat())
    };
    let hook = prop_oneof![
        interface("-i").prop_map(|by| format!("PREROUTING{by}")),
        interface("-o").prop_map(|by| format!("OUTPUT{by}")),
    ];
    let addresses = ["10.0.0.1", "10.0.0.2", "10.1.0.0/16", "127.0.0.1", "10.0.0.0/255.0.0.255"];
    let address = move |option: &'static str| {
        let some = subsequence(addresses.to_vec(), 1..3);
        let is = some.prop_map(move |some| format!(" {option} {}", some.join(",")));
        let not = select(addresses.to_vec()).prop_map(move |one| format!(" ! {option} {one}"));
        prop_oneof![4 => Just(String::new()), 2 => is, 1 => not]
    };
    let ports = select(vec![
        "",
        " --dport 53",
        " --sport 53",
        " ! --sport 53",
        " --sport 1024:65535 --dport 53",
        " -m multiport --dports 53,123",
        " -m multiport ! --sports 53,1000:2000",
        " -m multiport --ports 53",
        " -m multiport ! --ports 53,123",
    ]);
    let protocol = (select(vec!["udp", "tcp", "sctp"]), ports)
        .prop_map(|(name, ports)| format!(" -p {name}{ports}"));
    let lite = select(vec!["", " -m multiport --sports 7", " -m multiport ! --ports 7"]);
    let protocol = prop_oneof![
        4 => protocol,
        1 => lite.prop_map(|ports| format!(" -p udplite{ports}")),
        1 => select(vec!["", " -p icmp", " -p icmp --icmp-type 8", " -p icmp --icmp-type 0/0", " -p gre"])
            .prop_map(str::to_owned),
    ];
    let kind = select(vec![
        "",
        "",
        "",
        " -m addrtype --dst-type LOCAL",
        " -m addrtype --src-type LOCAL",
        " -m pkttype --pkt-type unicast",
    ]);
    (hook, address("-s"), address("-d"), protocol, kind).prop_map(
        |(hook, source, destination, protocol, kind)| {
            format!("-A {hook}{source}{destination}{protocol}{kind} -j NOTRACK")
        },
    )
}

/// The same of nft, by its hook.
fn rule_of_nft() -> impl Strategy<Value = (&'static str, String)> {
    let by = |key: &'static str| {
        let names = ["", "KEY lan0 ", "KEY != \"lo\" ", "KEY lo ", "KEY { \"br-*\", lan0 } "];
        select(names.map(|words| words.replace("KEY", key)).to_vec())
    };
    let hook = prop_oneof![
        by("iifname").prop_map(|by| ("prerouting", by)),
        by("oifname").prop_map(|by| ("output", by)),
    ];
    let addresses = select(vec![
        "",
        "",
        "ip saddr 10.0.0.0/8 ",
        "ip daddr != 10.0.0.0/8 ",
        "ip saddr { 10.0.0.1, 10.0.0.2 } ip daddr 192.0.2.1 ",
        "ip6 daddr fd00::/8 ",
        "fib daddr type local ",
        "ip saddr 127.0.0.1 ",
    ]);
    let ports = select(vec![
        "",
        "udp dport 53",
        "udp dport { 53, 123 }",
        "tcp sport != 80",
        "meta l4proto { tcp, udp } th dport 53",
        "udp sport 1024-65535 udp dport 53",
        "meta l4proto gre",
        "meta l4proto != udp",
        "icmp type echo-request",
        "icmpv6 type { echo-request, echo-reply }",
        "udplite sport 7",
    ]);
    (hook, addresses, ports).prop_map(|((hook, by), addresses, ports)| {
        (hook, format!("{by}{addresses}{ports} notrack"))
    })
}

proptest! {
    #[test]
    fn what_is_said_of_any_rules_of_nft_mends_them(
        family in select(vec!["ip", "ip6", "inet"]),
        rules in prop::collection::vec(rule_of_nft(), 1..4),
    ) {
        // A table of one family takes no addresses of the other.
        let of_other = |rule: &str| match family {
            "ip" => rule.contains("ip6 ") || rule.contains("icmpv6"),
            "ip6" => rule.contains("ip saddr") || rule.contains("ip daddr") || rule.contains("icmp "),
            _ => false,
        };
        let mut text = format!("table {family} t {{\n");
        for chain in ["prerouting", "output"] {
            text += &format!(" chain {chain} {{\n  type filter hook {chain} priority raw;\n");
            let own = rules.iter().filter(|(hook, rule)| *hook == chain && !of_other(rule));
            own.for_each(|(_, rule)| text += &format!("  {rule}\n"));
            text += " }\n";
        }
        let undone = undone(&vec![("rules.nft".to_owned(), text + "}\n")]);
        prop_assert!(undone.is_none(), "{}", undone.unwrap_or_default());
    }

    #[test]
    fn what_is_said_of_any_rules_mends_them(rules in prop::collection::vec(rule(), 1..4)) {
        let text = format!("*raw\n{}\nCOMMIT\n", rules.join("\n"));
        let undone = undone(&vec![("rules.v4".to_owned(), text)]);
        prop_assert!(undone.is_none(), "{}", undone.unwrap_or_default());
    }
}
