//! Lines outside of any table: commands of iptables and firewalld, as scripts and units have them.

use std::ops::Range;

use keeptrack_core::raw::Family;

use super::{Ran, Reader};
use crate::diagnostic::Fault;
use crate::rules::command;
use crate::rules::forms::{self, Direct, Idle};
use crate::rules::shell::{self, Runs, Simple};
use crate::rules::text::Line;
use crate::rules::words::{self, Syntax, Word};
use crate::source::Wanted;

impl Reader<'_, '_> {
    /// A line of commands from `start` on, with or without the name of the program.
    pub(super) fn commands(&mut self, line: &Line, start: usize) -> Result<(), Fault> {
        // What `iptables -t raw -S` prints names no table; commands are of `filter` then.
        if self.part(start..line.span.end).starts_with('-') {
            let words = words::split(self.file.text(), start..line.span.end, Syntax::Save)?;
            return self.command(line, (self.family, words), "raw").map(drop);
        }
        let mut ran = Ran::Done;
        for simple in shell::commands(self.file.text(), start..line.span.end) {
            let runs = match simple.runs {
                Runs::Always => true,
                Runs::AfterSuccess => ran == Ran::Done,
                Runs::AfterFailure => ran == Ran::Failed,
            };
            if runs {
                ran = self.simple(line, &simple)?;
            }
            if self.has_ended {
                break;
            }
        }
        Ok(())
    }

    /// One command of a shell.
    fn simple(&mut self, line: &Line, simple: &Simple) -> Result<Ran, Fault> {
        let text = self.file.text();
        let behind = forms::behind_sudo(self.part(simple.span.clone()));
        let program = self.program(simple.span.end - behind.len()..simple.span.end)?;
        let rest = program.span.end..simple.span.end;
        match forms::idle(&program.text) {
            Some(Idle::Fails) => return Ok(Ran::Failed),
            Some(idle) => {
                self.has_ended = idle == Idle::Ends;
                return Ok(Ran::Done);
            }
            None => {}
        }
        let (family, words) = if program.text.ends_with("firewall-cmd") {
            let words = words::split(text, rest, self.shell())?;
            let Some(direct) = forms::direct(&words)? else { return Ok(Ran::Done) };
            (direct.family, self.placed(direct))
        } else {
            let family = program_family(&program, self.to.tables.wanted())?;
            (family, words::split(text, rest, self.shell())?)
        };
        self.may_fail = simple.may_fail;
        let ran = self.command(line, (family, words), "filter");
        self.may_fail = false;
        ran
    }

    /// The words of a command behind the name of the program.
    fn command(
        &mut self,
        line: &Line,
        (family, words): (Family, Vec<Word>),
        default: &'static str,
    ) -> Result<Ran, Fault> {
        let table = command::table(&words)?.map_or(default, |(table, _)| table);
        let heard = self.hear(line, (table, family), &words);
        let Some(table) = self.to.tables.named(table) else {
            if command::adds_rule(&words) {
                self.to.skipped.count(table);
            }
            return Ok(heard);
        };
        let command = command::parse(&words, line.span.clone())?;
        match &command.family {
            Some((other, word)) if *other != family => {
                Err(Fault::new(word.span.clone(), format!("`{}` of the other family", word.text))
                    .label("this rule is none of that family"))
            }
            _ => self.apply(line, (table, family), command),
        }
    }

    /// The words of a direct rule with its place, which stands before those of higher priority.
    fn placed(&mut self, Direct { family, mut words, rule }: Direct) -> Vec<Word> {
        let Some((chain, priority)) = rule else { return words };
        let name = chain.text.clone();
        let before = self.direct.iter().filter(|(known_family, known, known_priority)| {
            (*known_family, known) == (family, &name) && *known_priority <= priority
        });
        let place = before.count() + 1;
        self.direct.push((family, name, priority));
        let word = |text: String| Word { text, span: chain.span.clone() };
        words.extend([word("-I".to_owned()), chain.clone(), word(place.to_string())]);
        words
    }

    /// The program that begins the part `line`.
    fn program(&self, line: Range<usize>) -> Result<Word, Fault> {
        let name = self.part(line.clone()).split(char::is_whitespace).next().unwrap_or_default();
        let span = line.start..line.start + name.len();
        if name.contains('$') {
            // A shell would put the name there: splitting says so.
            words::split(self.file.text(), span.clone(), self.shell())?;
        }
        Ok(Word { text: name.to_owned(), span })
    }

    fn shell(&self) -> Syntax {
        Syntax::Shell(self.to.tables.wanted())
    }
}

/// The family of the rules that `program` makes, of a file that is `wanted` for its rules.
fn program_family(program: &Word, wanted: &Wanted) -> Result<Family, Fault> {
    let name = program.text.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix("-legacy").or(name.strip_suffix("-nft")).unwrap_or(name);
    match name {
        "iptables" => Ok(Family::V4),
        "ip6tables" => Ok(Family::V6),
        "proto" | "domain" | "chain" => Err(foreign(program, "ferm")
            .help("let ferm write them, `ferm --noexec --lines`, and give that")),
        _ if name.starts_with("action=") || name == "add" => Err(foreign(program, "RouterOS")
            .help("write them as lines of iptables: `-A PREROUTING ... -j NOTRACK`")),
        _ if forms::SHELL_WORDS.contains(&name) => Err(Fault::new(
            program.span.clone(),
            format!("`{name}` is for a shell, and none runs here"),
        )
        .label("only a shell knows what it decides")
        .help(format!("let the script run, and {}", wanted.help))),
        _ => Err(Fault::new(program.span.clone(), "not a line of iptables rules")
            .label("neither iptables nor ip6tables, nor a line of iptables-save")
            .did_you_mean(name, ["iptables", "ip6tables"])),
    }
}

fn foreign(program: &Word, system: &str) -> Fault {
    Fault::new(program.span.clone(), format!("rules of {system} are not supported"))
        .label("not a line of iptables")
}
