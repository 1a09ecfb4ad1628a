//! Other ways to write a command of iptables: behind `sudo`, in a unit of systemd, as a direct rule
//! of firewalld.

use keeptrack_core::raw::Family;

use super::matches::value;
use super::words::Word;
use crate::diagnostic::Fault;

/// What a line of a script or of a unit is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A command, which begins at that byte.
    Command(usize),
    /// What a unit does when it stops: no rule is added.
    Stops,
}

/// Tells what a line is that stands outside of any table.
pub(super) fn of(line: &str) -> Form {
    let mut rest = line;
    if let Some((key, command)) = line.split_once('=')
        && key.starts_with("Exec")
    {
        if !["ExecStart", "ExecStartPre", "ExecStartPost"].contains(&key.trim_end()) {
            return Form::Stops;
        }
        // systemd's own signs: whether a failure counts, whose rights the command has.
        rest = command.trim_start().trim_start_matches(['-', '+', '!', '@', ':']);
    }
    Form::Command(line.len() - behind_sudo(rest).len())
}

/// The command without a `sudo` before it.
pub(super) fn behind_sudo(command: &str) -> &str {
    let behind = command.strip_prefix("sudo").filter(|rest| rest.starts_with([' ', '\t']));
    behind.unwrap_or(command).trim_start()
}

/// What a program of a script is that makes no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idle {
    /// It does what is no matter here.
    Succeeds,
    /// It does nothing but fail.
    Fails,
    /// It ends the script.
    Ends,
}

/// Whether `program` is one that scripts have beside their rules.
pub(super) fn idle(program: &str) -> Option<Idle> {
    match program {
        "true" | ":" | "set" | "echo" | "printf" | "modprobe" | "sleep" => Some(Idle::Succeeds),
        "false" => Some(Idle::Fails),
        "exit" => Some(Idle::Ends),
        _ => None,
    }
}

/// The words with which a shell decides or repeats.
pub(super) const SHELL_WORDS: [&str; 13] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac",
    "function",
];

/// Whether a line begins a section of a unit: `[Service]`.
pub(super) fn is_unit_section(line: &str) -> bool {
    let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// A command of firewalld about direct rules or chains.
#[derive(Debug)]
pub(super) struct Direct {
    pub(super) family: Family,
    pub(super) asks: Asks,
}

/// What it asks for.
#[derive(Debug)]
pub(super) enum Asks {
    /// What iptables does with those words.
    Command(Vec<Word>),
    Add(DirectRule),
    Remove(DirectRule),
    /// To remove all rules that were added to that chain of that table.
    RemoveAll {
        table: Word,
        chain: Word,
    },
}

/// A direct rule: those of lower priorities stand before it.
#[derive(Debug, Clone)]
pub(super) struct DirectRule {
    pub(super) table: Word,
    pub(super) chain: Word,
    pub(super) priority: i64,
    /// The options of the rule.
    pub(super) words: Vec<Word>,
}

impl DirectRule {
    /// Whether it is of that chain.
    pub(super) fn is_in(&self, table: &Word, chain: &Word) -> bool {
        self.table.text == table.text && self.chain.text == chain.text
    }

    /// Whether firewalld takes them for the same rule.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let texts = |rule: &Self| -> Vec<String> {
            rule.words.iter().map(|word| word.text.clone()).collect()
        };
        self.is_in(&other.table, &other.chain)
            && self.priority == other.priority
            && texts(self) == texts(other)
    }

    /// The words with which iptables does something about the rule.
    pub(super) fn command(&self, action: &str, at: Option<usize>) -> Vec<Word> {
        let word = |text: &str| Word { text: text.to_owned(), span: self.chain.span.clone() };
        let begin = [word("-t"), self.table.clone(), word(action), self.chain.clone()];
        let at = at.map(|at| word(&at.to_string()));
        begin.into_iter().chain(at).chain(self.words.iter().cloned()).collect()
    }
}

/// What firewalld is asked for that is about rules of its own, each with a family behind it.
const DIRECT: [&str; 8] = [
    "--add-rule",
    "--remove-rule",
    "--remove-rules",
    "--add-chain",
    "--remove-chain",
    "--passthrough",
    "--add-passthrough",
    "--remove-passthrough",
];

/// Reads what stands behind `firewall-cmd`; `None` when it is about no direct rule of IP.
///
/// # Errors
/// A rule that is cut, or a priority that is no number.
pub(super) fn direct(words: &[Word]) -> Result<Option<Direct>, Fault> {
    let mut rest = words.iter();
    let Some(ask) = rest.find(|word| DIRECT.contains(&word.text.as_str())) else {
        return Ok(None);
    };
    let family = match value(ask, &mut rest)?.text.as_str() {
        "ipv4" => Family::V4,
        "ipv6" => Family::V6,
        _ => return Ok(None),
    };
    let asks = match ask.text.as_str() {
        "--passthrough" | "--add-passthrough" => Asks::Command(rest.cloned().collect()),
        "--remove-passthrough" => Asks::Command(taken_back(rest.as_slice())),
        _ => {
            let (table, chain) = (value(ask, &mut rest)?.clone(), value(ask, &mut rest)?.clone());
            asked(ask, (table, chain), rest)?
        }
    };
    Ok(Some(Direct { family, asks }))
}

/// What is asked for about a chain, of a rule with `rest` behind it.
fn asked(
    ask: &Word,
    (table, chain): (Word, Word),
    mut rest: std::slice::Iter<'_, Word>,
) -> Result<Asks, Fault> {
    let option = |text: &str| Word { text: text.to_owned(), span: ask.span.clone() };
    let about = |action: &str| {
        Asks::Command(vec![option("-t"), table.clone(), option(action), chain.clone()])
    };
    match ask.text.as_str() {
        "--add-chain" => return Ok(about("-N")),
        "--remove-chain" => return Ok(about("-X")),
        "--remove-rules" => return Ok(Asks::RemoveAll { table, chain }),
        _ => {}
    }
    let priority = value(ask, &mut rest)?;
    let number = priority.text.parse().map_err(|_| {
        Fault::new(priority.span.clone(), format!("`{}` is not a priority", priority.text))
            .label("a number, between the chain and the rule")
    })?;
    let words = rest.cloned().collect();
    let rule = DirectRule { table, chain, priority: number, words };
    Ok(if ask.text == "--add-rule" { Asks::Add(rule) } else { Asks::Remove(rule) })
}

/// The words of a command that takes back what these have done.
fn taken_back(words: &[Word]) -> Vec<Word> {
    let mut words = words.to_vec();
    let mut places = Vec::new();
    for (at, word) in words.iter_mut().enumerate() {
        let back = match word.text.as_str() {
            "-A" | "--append" => "-D",
            "-I" | "--insert" => {
                // The chain is next; a number behind it was the place.
                places.push(at + 2);
                "-D"
            }
            "-N" | "--new-chain" => "-X",
            _ => continue,
        };
        back.clone_into(&mut word.text);
    }
    let is_place =
        |at: usize, word: &Word| places.contains(&at) && word.text.parse::<u32>().is_ok();
    let kept = words.into_iter().enumerate().filter(|(at, word)| !is_place(*at, word));
    kept.map(|(_, word)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::super::words::{Syntax, split};
    use super::*;

    #[test]
    fn commands_stand_behind_units_and_sudo() {
        for (line, expected) in [
            ("iptables -F", Form::Command(0)),
            ("sudo  iptables -F", Form::Command(6)),
            ("ExecStartPost=/sbin/iptables -F", Form::Command(14)),
            ("ExecStart=-+iptables -F", Form::Command(12)),
            ("ExecStop=iptables -F", Form::Stops),
        ] {
            assert_eq!(of(line), expected, "{line}");
        }
        assert!(is_unit_section("[Service]") && !is_unit_section("[4:232]"));
    }

    #[test]
    fn direct_rules_are_those_of_iptables() {
        let read = |line: &str| {
            let words = split(line, 0..line.len(), Syntax::Save).unwrap();
            let direct = direct(&words).map_err(|fault| fault.span)?;
            let texts = |words: Vec<Word>| {
                words.into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
            };
            Ok(direct.map(|Direct { family, asks }| match asks {
                Asks::Command(words) => format!("{family:?} {}", texts(words)),
                Asks::Add(rule) => {
                    format!("{family:?} {} {}", texts(rule.command("-I", Some(2))), rule.priority)
                }
                Asks::Remove(rule) => format!("{family:?} {}", texts(rule.command("-D", None))),
                Asks::RemoveAll { table, chain } => format!("{} {}", table.text, chain.text),
            }))
        };
        for (line, expected) in [
            (
                "--permanent --direct --add-rule ipv4 raw PREROUTING -1 -i lo -j NOTRACK",
                Ok(Some("V4 -t raw -I PREROUTING 2 -i lo -j NOTRACK -1")),
            ),
            ("--remove-rule ipv6 raw X 0 -i lo", Ok(Some("V6 -t raw -D X -i lo"))),
            ("--direct --remove-rules ipv4 raw X", Ok(Some("raw X"))),
            ("--direct --add-chain ipv6 raw X", Ok(Some("V6 -t raw -N X"))),
            ("--direct --remove-chain ipv6 raw X", Ok(Some("V6 -t raw -X X"))),
            ("--direct --passthrough ipv4 -t raw -F", Ok(Some("V4 -t raw -F"))),
            (
                "--direct --remove-passthrough ipv4 -t raw -I X 2 -j Y",
                Ok(Some("V4 -t raw -D X -j Y")),
            ),
            ("--direct --add-rule eb filter X 0 -j DROP", Ok(None)),
            ("--reload", Ok(None)),
            ("--direct --add-rule ipv4 raw X -i lo", Err(31..33)),
        ] {
            assert_eq!(read(line), expected.map(|text| text.map(str::to_owned)), "{line}");
        }
    }
}
