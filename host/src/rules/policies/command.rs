//! A command of nfct: `nfct add timeout web inet tcp established 100 close 10`.

use std::slice::Iter;

use keeptrack_core::TimeoutPolicy;

use super::{Draft, names};
use crate::diagnostic::Fault;
use crate::rules::words::Word;

/// What a command does.
pub(super) enum Action {
    Add(Draft),
    /// Takes policies away: of that name, or all.
    Remove {
        word: Word,
        name: Option<Word>,
    },
    /// No policy changes.
    Nothing,
}

/// Reads the words behind `program`, the name of the program.
///
/// # Errors
/// The first word that nfct would refuse, or that sets what is a setting here.
pub(super) fn parse(
    program: &Word,
    words: &[Word],
    defaults: &TimeoutPolicy,
) -> Result<Action, Fault> {
    let (command, mut rest) = match words {
        [] => return Err(missing(program, "a command", "`add timeout` and a policy")),
        [command] => (command, [].iter()),
        // The older form has the subsystem first.
        [first, second, rest @ ..] => match (first.text.as_str(), second.text.as_str()) {
            ("helper", _) | (_, "helper") => return Ok(Action::Nothing),
            ("timeout", _) => (second, rest.iter()),
            (_, "timeout") => (first, rest.iter()),
            (_, text) => {
                let title = format!("unknown subsystem `{text}`");
                return Err(Fault::new(second.span.clone(), title)
                    .label("policies are of the subsystem `timeout`"));
            }
        },
    };
    match command.text.as_str() {
        "add" => add(command, &mut rest, defaults).map(Action::Add),
        "delete" => {
            let name = next(command, &mut rest, "the name of a policy")?;
            Ok(Action::Remove { word: command.clone(), name: Some(name.clone()) })
        }
        "flush" => Ok(Action::Remove { word: command.clone(), name: None }),
        "list" | "get" | "default-get" | "help" | "version" => Ok(Action::Nothing),
        "default-set" => Err(Fault::new(command.span.clone(), "`default-set` makes no policy")
            .label("it sets what all connections live by")
            .help("set that with `--config`: `-c nf_conntrack_udp_timeout=20`")),
        text => Err(Fault::new(command.span.clone(), format!("unknown command `{text}`"))
            .label("not a command of nfct")
            .did_you_mean(text, ["add", "delete", "flush", "list", "get"])),
    }
}

/// `web inet tcp established 100 close 10`
fn add(
    command: &Word,
    words: &mut Iter<'_, Word>,
    defaults: &TimeoutPolicy,
) -> Result<Draft, Fault> {
    let name = next(command, words, "the name of a policy")?;
    let family_word = next(name, words, "`inet` or `inet6`")?;
    let family = names::family(family_word)?;
    let protocol = next(family_word, words, "a protocol")?;
    let tracker = names::tracker(protocol)?;
    let mut timeouts = *defaults;
    let mut state = next(protocol, words, "a state and its seconds")?;
    loop {
        let timeout = tracker.state(state, &state.text)?;
        let value = next(state, words, "a number of seconds")?;
        timeouts = timeouts.with(timeout, names::seconds(value, &value.text)?);
        match words.next() {
            Some(word) => state = word,
            None => return Ok(Draft { name: name.clone(), family, tracker, timeouts }),
        }
    }
}

fn next<'w>(before: &Word, words: &mut Iter<'w, Word>, what: &str) -> Result<&'w Word, Fault> {
    words.next().ok_or_else(|| missing(before, what, "the line ends behind it"))
}

fn missing(before: &Word, what: &str, label: &str) -> Fault {
    Fault::new(before.span.clone(), format!("{what} is missing behind `{}`", before.text))
        .label(label)
}
