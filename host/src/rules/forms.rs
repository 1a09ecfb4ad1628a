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

/// A command of firewalld that makes a direct rule or chain, as iptables takes it.
#[derive(Debug)]
pub(super) struct Direct {
    pub(super) family: Family,
    /// The words behind the name of the program, but for the place of a rule.
    pub(super) words: Vec<Word>,
    /// The chain of a rule, and its priority: the rules of lower ones stand before.
    pub(super) rule: Option<(Word, i64)>,
}

/// Reads what stands behind `firewall-cmd`; `None` when it makes no direct rule of IP.
///
/// # Errors
/// A rule that is cut, or a priority that is no number.
pub(super) fn direct(words: &[Word]) -> Result<Option<Direct>, Fault> {
    let mut rest = words.iter();
    let asks = ["--add-rule", "--add-chain", "--passthrough"];
    let Some(ask) = rest.find(|word| asks.contains(&word.text.as_str())) else { return Ok(None) };
    let family = match value(ask, &mut rest)?.text.as_str() {
        "ipv4" => Family::V4,
        "ipv6" => Family::V6,
        _ => return Ok(None),
    };
    let option = |text: &str| Word { text: text.to_owned(), span: ask.span.clone() };
    if ask.text == "--passthrough" {
        return Ok(Some(Direct { family, words: rest.cloned().collect(), rule: None }));
    }
    let table = value(ask, &mut rest)?.clone();
    let chain = value(ask, &mut rest)?.clone();
    if ask.text == "--add-chain" {
        let words = vec![option("-t"), table, option("-N"), chain];
        return Ok(Some(Direct { family, words, rule: None }));
    }
    let priority = value(ask, &mut rest)?;
    let number = priority.text.parse().map_err(|_| {
        Fault::new(priority.span.clone(), format!("`{}` is not a priority", priority.text))
            .label("a number, between the chain and the rule")
    })?;
    let words = [option("-t"), table].into_iter().chain(rest.cloned()).collect();
    Ok(Some(Direct { family, words, rule: Some((chain, number)) }))
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
    fn a_direct_rule_is_one_of_iptables() {
        let read = |line: &str| {
            let words = split(line, 0..line.len(), Syntax::Save).unwrap();
            let direct = direct(&words).map_err(|fault| fault.span)?;
            Ok(direct.map(|Direct { family, words, rule }| {
                let words: Vec<String> = words.into_iter().map(|word| word.text).collect();
                let rule = rule.map(|(chain, priority)| (chain.text, priority));
                format!("{family:?} {} {rule:?}", words.join(" "))
            }))
        };
        for (line, expected) in [
            (
                "--permanent --direct --add-rule ipv4 raw PREROUTING -1 -i lo -j NOTRACK",
                Ok(Some("V4 -t raw -i lo -j NOTRACK Some((\"PREROUTING\", -1))")),
            ),
            ("--direct --add-chain ipv6 raw X", Ok(Some("V6 -t raw -N X None"))),
            ("--direct --passthrough ipv4 -t raw -F", Ok(Some("V4 -t raw -F None"))),
            ("--direct --add-rule eb filter X 0 -j DROP", Ok(None)),
            ("--reload", Ok(None)),
            ("--direct --add-rule ipv4 raw X -i lo", Err(31..33)),
        ] {
            assert_eq!(read(line), expected.map(|text| text.map(str::to_owned)), "{line}");
        }
    }
}
