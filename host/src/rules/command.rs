//! One command of iptables: its table, what it does to which chain, and the words of its rule.

use std::ops::Range;
use std::slice::Iter;

use keeptrack_core::raw::Family;

use super::matches::value;
use super::names::TABLES;
use super::words::Word;
use crate::diagnostic::Fault;
use crate::source::Wanted;

/// What a command does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// `-A`
    Append { chain: Word },
    /// `-I`; rules count from 1.
    Insert { chain: Word, at: usize, at_word: Option<Word> },
    /// `-N`
    NewChain { chain: Word },
    /// `-P`
    Policy { chain: Word, policy: Word },
    /// `-F` and `-X`: takes rules or chains away.
    Clear { word: Word },
    /// `-D`: takes a rule away, if the chain has it.
    Delete { chain: Word, word: Word },
    /// `-L`, `-S`, `-Z` and `-C`: no rule changes.
    Nothing,
}

/// A command of the raw table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) action: Action,
    /// `-4` or `-6`, and where it stands.
    pub(super) family: Option<(Family, Word)>,
    /// The options of the rule.
    pub(super) rule: Vec<Word>,
}

/// Options whose value may be any text: it is no option, whatever it looks like.
const TEXT_OPTIONS: [&str; 3] = ["--comment", "--log-prefix", "--nflog-prefix"];

/// The table that `words` name, and the word.
///
/// # Errors
/// A table that iptables does not have.
pub(super) fn table(words: &[Word]) -> Result<Option<(&'static str, &Word)>, Fault> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "-t" | "--table" => {
                return table_named(value(word, &mut words)?).map(|table| Some((table, word)));
            }
            option if TEXT_OPTIONS.contains(&option) => {
                words.next();
            }
            _ => {}
        }
    }
    Ok(None)
}

/// The table of that name.
pub(super) fn table_named(word: &Word) -> Result<&'static str, Fault> {
    TABLES.iter().copied().find(|table| *table == word.text).ok_or_else(|| {
        Fault::new(word.span.clone(), format!("unknown table `{}`", word.text))
            .label("not a table of iptables")
            .did_you_mean(&word.text, TABLES.iter().copied())
    })
}

/// Whether the command puts a rule into a chain.
pub(super) fn adds_rule(words: &[Word]) -> bool {
    words.iter().any(|word| matches!(word.text.as_str(), "-A" | "--append" | "-I" | "--insert"))
}

/// Reads the words of a command behind the name of the program; `line` is where all of it stands, of
/// a file that is `wanted` for its rules.
///
/// # Errors
/// No command, two of them, or one that is not supported.
pub(super) fn parse(words: &[Word], line: Range<usize>, wanted: &Wanted) -> Result<Command, Fault> {
    let mut rest = words.iter();
    let mut action = None;
    let mut family = None;
    let mut rule = Vec::new();
    while let Some(word) = rest.next() {
        match word.text.as_str() {
            "-t" | "--table" | "-W" | "--wait-interval" => {
                value(word, &mut rest)?;
            }
            "-w" | "--wait" => {
                take_number(&mut rest);
            }
            "-v" | "--verbose" | "-n" | "--numeric" | "-x" | "--exact" | "--line-numbers" => {}
            "-4" | "--ipv4" => family = Some((Family::V4, word.clone())),
            "-6" | "--ipv6" => family = Some((Family::V6, word.clone())),
            option if TEXT_OPTIONS.contains(&option) => {
                rule.push(word.clone());
                rule.extend(rest.next().cloned());
            }
            _ => match action_of(word, &mut rest, wanted)? {
                None => rule.push(word.clone()),
                Some(_) if action.is_some() => {
                    return Err(
                        Fault::new(word.span.clone(), "a second command").label("one a line")
                    );
                }
                found => action = found,
            },
        }
    }
    let action = action.ok_or_else(|| {
        Fault::new(line, "no command").label("nothing like `-A PREROUTING` on this line")
    })?;
    Ok(Command { action, family, rule })
}

fn action_of(
    word: &Word,
    rest: &mut Iter<'_, Word>,
    wanted: &Wanted,
) -> Result<Option<Action>, Fault> {
    let mut chain = || value(word, rest).cloned();
    Ok(Some(match word.text.as_str() {
        "-A" | "--append" => Action::Append { chain: chain()? },
        "-I" | "--insert" => {
            let chain = chain()?;
            let at_word = take_number(rest).cloned();
            let at = at_word.as_ref().map_or(Ok(1), |word| word.text.parse());
            // Too many digits: further than any chain reaches, and refused there.
            Action::Insert { chain, at: at.unwrap_or(usize::MAX), at_word }
        }
        "-N" | "--new-chain" => Action::NewChain { chain: chain()? },
        "-P" | "--policy" => {
            let chain = chain()?;
            Action::Policy { chain, policy: value(word, rest)?.clone() }
        }
        "-F" | "--flush" | "-X" | "--delete-chain" => {
            take_name(rest);
            Action::Clear { word: word.clone() }
        }
        "-L" | "--list" | "-S" | "--list-rules" | "-Z" | "--zero" => {
            take_name(rest);
            take_number(rest);
            Action::Nothing
        }
        "-C" | "--check" => {
            chain()?;
            Action::Nothing
        }
        "-D" | "--delete" => Action::Delete { chain: chain()?, word: word.clone() },
        "-R" | "--replace" | "-E" | "--rename-chain" => return Err(looks_up(word, wanted)),
        _ => return Ok(None),
    }))
}

/// That a command speaks of rules that it does not make.
pub(super) fn looks_up(word: &Word, wanted: &Wanted) -> Fault {
    let title = format!("`{}` is not supported by this version", word.text);
    Fault::new(word.span.clone(), title)
        .label("rules can be added, not looked up again")
        .help(format!("let the script run, and {}", wanted.help))
}

/// Takes the next word when it is a number.
fn take_number<'w>(words: &mut Iter<'w, Word>) -> Option<&'w Word> {
    let next = words.as_slice().first()?;
    let is_number = !next.text.is_empty() && next.text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { words.next() } else { None }
}

/// Takes the next word when it is no option.
fn take_name(words: &mut Iter<'_, Word>) {
    if words.as_slice().first().is_some_and(|next| !next.text.starts_with('-')) {
        words.next();
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::RAW_RULES;
    use super::super::words::{Syntax, split};
    use super::*;

    fn words(line: &str) -> Vec<Word> {
        split(line, 0..line.len(), Syntax::Save).unwrap()
    }

    /// The action, with the words of the rule.
    fn parsed(line: &str) -> Result<String, Range<usize>> {
        let command = parse(&words(line), 0..line.len(), &RAW_RULES).map_err(|fault| fault.span)?;
        let action = match command.action {
            Action::Append { chain } => format!("A {}", chain.text),
            Action::Insert { chain, at, .. } => format!("I {} {at}", chain.text),
            Action::NewChain { chain } => format!("N {}", chain.text),
            Action::Policy { chain, policy } => format!("P {} {}", chain.text, policy.text),
            Action::Clear { word } => word.text,
            Action::Delete { chain, .. } => format!("D {}", chain.text),
            Action::Nothing => "nothing".to_owned(),
        };
        let rule: Vec<&str> = command.rule.iter().map(|word| word.text.as_str()).collect();
        Ok(format!("{action}: {}", rule.join(" ")))
    }

    #[test]
    fn commands_are_told_from_the_options_of_their_rules() {
        let cases = [
            ("-w -t raw -A OUTPUT -o lo -j NOTRACK", "A OUTPUT: -o lo -j NOTRACK"),
            ("-i lo -w 5 --append PREROUTING -t raw -j X", "A PREROUTING: -i lo -j X"),
            ("-I PREROUTING -j X", "I PREROUTING 1: -j X"),
            ("--insert PREROUTING 3 -j X", "I PREROUTING 3: -j X"),
            ("-A X -m comment --comment -D -j Y", "A X: -m comment --comment -D -j Y"),
            ("-N X", "N X: "),
            ("-P OUTPUT DROP", "P OUTPUT DROP: "),
            ("-F", "-F: "),
            ("-X X", "-X: "),
            ("-v -L OUTPUT 3 -n", "nothing: "),
            ("-C X -j Y", "nothing: -j Y"),
            ("-D X -j Y", "D X: -j Y"),
        ];
        for (line, expected) in cases {
            assert_eq!(parsed(line).as_deref(), Ok(expected), "{line}");
        }
        let faults = [
            ("-j X", 0..4),
            ("-A", 0..2),
            ("-R X 1", 0..2),
            ("-A X -A Y", 5..7),
            ("-P OUTPUT", 0..2),
        ];
        for (line, expected) in faults {
            assert_eq!(parsed(line), Err(expected), "{line}");
        }
    }

    #[test]
    fn the_table_may_stand_anywhere_but_in_a_comment() {
        let cases = [
            ("-A X -t nat -j Y", Ok(Some("nat"))),
            ("-A X --comment -t nat", Ok(None)),
            ("-A X --table rwa", Err(13..16)),
            ("-A X -t", Err(5..7)),
        ];
        for (line, expected) in cases {
            let found = table(&words(line)).map(|found| found.map(|(table, _)| table));
            assert_eq!(found.map_err(|fault| fault.span), expected, "{line}");
        }
    }
}
