//! Help, manual pages and completions: everything that can be typed stands in them.

use std::fs;

use clap::CommandFactory;
use keeptrack::options::Options;

use super::made::Files;
use super::{Failure, Ran, keeptrack};

/// What is printed instead of a run.
fn help(words: &[&str]) -> String {
    match keeptrack(words).end {
        Err(Failure::Typed(help)) => help.to_string(),
        other => panic!("{words:?} ran: {other:?}"),
    }
}

/// The names of a command's options.
fn options(command: &str) -> Vec<String> {
    let program = Options::command();
    let command = program.find_subcommand(command).unwrap();
    let long = command.get_arguments().filter_map(|argument| argument.get_long());
    long.map(|name| format!("--{name}")).collect()
}

#[test]
fn help_is_short_and_help_command_is_full() {
    for command in ["replay", "sweep", "diff"] {
        let (short, full) = (help(&[command, "--help"]), help(&["help", command]));
        assert_eq!(short, help(&[command, "-h"]));
        assert!(!short.contains("Examples:") && full.contains("Examples:"));
        assert!(short.lines().count() * 2 < full.lines().count());
        for text in [short, full] {
            assert!(text.contains("Exit codes") && text.contains("130"));
            for option in options(command) {
                assert!(text.contains(&option), "{command} {option}");
            }
        }
    }
}

#[test]
fn there_is_a_page_for_the_program_and_for_each_command() {
    let files = Files::new();
    let folder = files.path("man");
    keeptrack(&["man", &folder]).end.unwrap();
    for command in ["replay", "sweep", "diff", "firmware-config"] {
        let page = fs::read_to_string(format!("{folder}/keeptrack-{command}.1")).unwrap();
        let plain = page.replace('\\', "");
        for option in options(command) {
            assert!(plain.contains(&option), "{command} {option}");
        }
        assert!(plain.contains("Examples:"), "{command}");
    }
    let first = fs::read(format!("{folder}/keeptrack.1")).unwrap();
    assert_eq!(keeptrack(&["man"]).stdout, first);
}

#[test]
fn every_shell_completes_every_option() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let Ran { end, stdout } = keeptrack(&["completions", shell]);
        end.unwrap();
        let script = String::from_utf8(stdout).unwrap();
        for command in ["replay", "sweep", "diff"] {
            for option in options(command) {
                assert!(completes(shell, &script, command, &option), "{shell} {command} {option}");
            }
        }
        // Where there is no such option, none is found.
        assert!(!completes(shell, &script, "replay", "--tolerance"), "{shell}");
        assert!(!completes(shell, &script, "diff", "--check"), "{shell}");
    }
}

/// Whether a script offers a command's option, in its shell's own way to write that.
fn completes(shell: &str, script: &str, command: &str, option: &str) -> bool {
    let part = |begin: &str, end| {
        let (_, rest) = script.split_once(begin).expect("the command");
        rest.split_once(end).expect("its end").0
    };
    match shell {
        "bash" => {
            let begin = format!("keeptrack__subcmd__{command})\n            opts=\"");
            part(&begin, "\"").split(' ').any(|word| word == option)
        }
        "elvish" => {
            let begin = format!("&'keeptrack;{command}'= {{");
            part(&begin, "\n        }").contains(&format!("cand {option} '"))
        }
        "fish" => {
            let begin = format!("-n \"__fish_keeptrack_using_subcommand {command}\" ");
            let word = format!(" -l {} -d ", option.trim_start_matches('-'));
            script.lines().any(|line| line.contains(&begin) && line.contains(&word))
        }
        "powershell" => {
            let begin = format!("'keeptrack;{command}' {{");
            part(&begin, "\n            break").contains(&format!("::new('{option}', "))
        }
        _ => {
            let begin = format!("({command})\n_arguments ");
            let ways = [format!("{option}=["), format!("{option}[")];
            ways.iter().any(|way| part(&begin, "&& ret=0").contains(way))
        }
    }
}
