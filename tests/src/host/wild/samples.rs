//! The rules among the samples of what Linux prints: each file is read, or refused for its reason.

use super::super::made::{Files, MAIL_RELAY};
use super::super::samples::folder;
use super::super::{Ran, keeptrack};

/// Files, and how many rules are read; or what stands in the error.
const FILES: &[(&str, Result<usize, &str>)] = &[
    ("iptables-legacy-save.txt", Ok(40)),
    ("iptables-nft-save.txt", Ok(40)),
    ("rules.txt", Ok(41)),
    ("native.nft", Ok(29)),
    ("native-list.txt", Ok(29)),
    ("native-list-a-s.txt", Ok(29)),
    ("native-j.json", Ok(29)),
    ("bad.v4", Err("bad.v4:4:22")),
    ("bad.nft", Err("help: did you mean `notrack`?")),
    ("nft-list-of-iptables-nft.txt", Err("rules lost their parameters in this listing")),
    ("nft-j-of-iptables-nft.json", Err("rules lost their parameters in this JSON")),
    // What is printed for people: lists and messages around the saved text.
    ("odd-rules-save.txt", Err("not a line of iptables rules")),
    ("translate.txt", Err("give the output of `nft list ruleset`")),
    ("native-j-lines.jsonl", Err("it looks like JSON")),
];

#[test]
fn every_sample_of_rules_is_read_or_refused_for_its_reason() {
    let Some(folder) = folder() else { return };
    let files = Files::new();
    // The rules ask for a set that no sample has, and one for a port of a bridge.
    let sets = files.with("sets", "create nt hash:ip,port\n");
    let outcome = |name: &str| {
        let rules = folder.join("rules").join(name);
        let given = ["-r", rules.to_str().unwrap(), "-r", &sets, "--allow-unknown"];
        let words = ["replay", "-q", "-o", "json", MAIL_RELAY, "--local", "192.0.2.1"];
        let Ran { end, stdout } = keeptrack(&[&words[..], &given].concat());
        end.map_err(|failure| failure.shown())?;
        let object: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
        Ok::<_, String>(object["rules"].as_array().unwrap().len())
    };
    let wrong: Vec<_> = FILES
        .iter()
        .map(|(name, expected)| (name, expected, outcome(name)))
        .filter(|(_, expected, found)| match (expected, found) {
            (Ok(expected), Ok(found)) => expected != found,
            (Err(words), Err(found)) => !found.contains(words),
            _ => true,
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
