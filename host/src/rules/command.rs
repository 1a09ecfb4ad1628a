//! One command of iptables: its table, what it does to which chain, and the words of its rule.

use std::ops::Range;
use std::slice::Iter;

use keeptrack_core::raw::Family;

use super::matches::value;
use super::names::TABLES;
use super::words::Word;
use crate::diagnostic::Fault;

/// What a command does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// `-A`
    Append { chain: Word },
    /// `-I`; rules count from 1.
    Insert { chain: Word, at: Option<Place> },
    /// `-N`
    NewChain { chain: Word },
    /// `-P`
    Policy { chain: Word, policy: Word },
    /// `-R`: puts a rule in the place of another.
    Replace { chain: Word, at: Place },
    /// `-F`: takes the rules of one chain or of all away.
    Flush { chain: Option<Word> },
    /// `-X`: takes one chain or all away, if they are empty and nothing jumps there.
    DropChain { chain: Option<Word> },
    /// `-E`: gives a chain another name.
    Rename { chain: Word, name: Word },
    /// `-D`: takes a rule away; without a place, one that is alike.
    Delete { chain: Word, at: Option<Place> },
    /// `-C`: asks for a rule that is alike.
    Check { chain: Word },
    /// `-L`, `-S` and `-Z`: no rule changes.
    Nothing,
}

/// The number of a rule in its chain, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) at: usize,
    pub(super) word: Word,
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

/// Whether the target of a rule changes addresses.
pub(super) fn translates(words: &[Word]) -> bool {
    words.windows(2).any(|pair| {
        let [jump, target] = pair else { return false };
        ["-j", "--jump"].contains(&jump.text.as_str()) && is_nat_target(&target.text)
    })
}

/// Whether a target of that name changes addresses.
pub(super) fn is_nat_target(name: &str) -> bool {
    ["DNAT", "MASQUERADE", "NETMAP", "REDIRECT", "SNAT"].contains(&name)
}

/// Reads the words of a command behind the name of the program; `line` is where all of it stands.
///
/// # Errors
/// No command, or two of them.
pub(super) fn parse(words: &[Word], line: Range<usize>) -> Result<Command, Fault> {
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
            _ => match action_of(word, &mut rest)? {
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

fn action_of(word: &Word, rest: &mut Iter<'_, Word>) -> Result<Option<Action>, Fault> {
    let mut chain = || value(word, rest).cloned();
    Ok(Some(match word.text.as_str() {
        "-A" | "--append" => Action::Append { chain: chain()? },
        "-I" | "--insert" => {
            let chain = chain()?;
            Action::Insert { chain, at: take_place(rest) }
        }
        "-N" | "--new-chain" => Action::NewChain { chain: chain()? },
        "-P" | "--policy" => {
            let chain = chain()?;
            Action::Policy { chain, policy: value(word, rest)?.clone() }
        }
        "-F" | "--flush" => Action::Flush { chain: take_name(rest).cloned() },
        "-X" | "--delete-chain" => Action::DropChain { chain: take_name(rest).cloned() },
        "-R" | "--replace" => {
            let chain = chain()?;
            let at = take_place(rest).ok_or_else(|| {
                Fault::new(word.span.clone(), "`-R` without a number")
                    .label("which rule of the chain, counted from 1")
            })?;
            Action::Replace { chain, at }
        }
        "-E" | "--rename-chain" => {
            let chain = chain()?;
            Action::Rename { chain, name: value(word, rest)?.clone() }
        }
        "-L" | "--list" | "-S" | "--list-rules" | "-Z" | "--zero" => {
            take_name(rest);
            take_number(rest);
            Action::Nothing
        }
        "-C" | "--check" => Action::Check { chain: chain()? },
        "-D" | "--delete" => {
            let chain = chain()?;
            Action::Delete { chain, at: take_place(rest) }
        }
        _ => return Ok(None),
    }))
}

/// Takes the next word when it is the number of a rule. Of too many digits it is one further than
/// any chain reaches.
fn take_place(words: &mut Iter<'_, Word>) -> Option<Place> {
    let word = take_number(words)?;
    Some(Place { at: word.text.parse().unwrap_or(usize::MAX), word: word.clone() })
}

/// Takes the next word when it is a number.
fn take_number<'w>(words: &mut Iter<'w, Word>) -> Option<&'w Word> {
    let next = words.as_slice().first()?;
    let is_number = !next.text.is_empty() && next.text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { words.next() } else { None }
}

/// Takes the next word when it is no option.
fn take_name<'w>(words: &mut Iter<'w, Word>) -> Option<&'w Word> {
    let is_name = words.as_slice().first().is_some_and(|next| !next.text.starts_with('-'));
    if is_name { words.next() } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::words::{Syntax, split};
    use super::*;

    fn words(line: &str) -> Vec<Word> {
        split(line, 0..line.len(), Syntax::Save).unwrap()
    }

    /// The action, with the words of the rule.
    fn parsed(line: &str) -> Result<String, Range<usize>> {
        let command = parse(&words(line), 0..line.len()).map_err(|fault| fault.span)?;
        let number = |at: Option<Place>| at.map_or(0, |at| at.at);
        let name = |chain: Option<Word>| chain.map_or("*".to_owned(), |chain| chain.text);
        let action = match command.action {
            Action::Append { chain } => format!("A {}", chain.text),
            Action::Insert { chain, at } => format!("I {} {}", chain.text, number(at)),
            Action::NewChain { chain } => format!("N {}", chain.text),
            Action::Policy { chain, policy } => format!("P {} {}", chain.text, policy.text),
            Action::Replace { chain, at } => format!("R {} {}", chain.text, at.at),
            Action::Flush { chain } => format!("F {}", name(chain)),
            Action::DropChain { chain } => format!("X {}", name(chain)),
            Action::Rename { chain, name } => format!("E {} {}", chain.text, name.text),
            Action::Delete { chain, at } => format!("D {} {}", chain.text, number(at)),
            Action::Check { chain } => format!("C {}", chain.text),
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
            ("-I PREROUTING -j X", "I PREROUTING 0: -j X"),
            ("--insert PREROUTING 3 -j X", "I PREROUTING 3: -j X"),
            ("-A X -m comment --comment -D -j Y", "A X: -m comment --comment -D -j Y"),
            ("-N X", "N X: "),
            ("-P OUTPUT DROP", "P OUTPUT DROP: "),
            ("-F", "F *: "),
            ("-X X", "X X: "),
            ("-E X Y", "E X Y: "),
            ("-R X 2 -j Y", "R X 2: -j Y"),
            ("-v -L OUTPUT 3 -n", "nothing: "),
            ("-C X -j Y", "C X: -j Y"),
            ("-D X -j Y", "D X 0: -j Y"),
            ("-D X 99999999999999999999", "D X 18446744073709551615: "),
        ];
        for (line, expected) in cases {
            assert_eq!(parsed(line).as_deref(), Ok(expected), "{line}");
        }
        let faults = [
            ("-j X", 0..4),
            ("-A", 0..2),
            ("-R X -j Y", 0..2),
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
