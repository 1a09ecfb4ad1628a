//! Lines outside of any table: commands of iptables and firewalld, as scripts and units have them.

use std::ops::Range;

use keeptrack_core::raw::Family;

use super::{Ran, Reader};
use crate::diagnostic::Fault;
use crate::rules::command;
use crate::rules::forms::{self, Idle};
use crate::rules::shell::{self, Runs, Simple};
use crate::rules::text::Line;
use crate::rules::words::{self, Syntax, Word};

impl Reader<'_, '_> {
    /// A line of commands from `start` on, with or without the name of the program.
    pub(super) fn commands(&mut self, line: &Line, start: usize) -> Result<(), Fault> {
        // What `iptables -t raw -S` prints names no table; commands are of `filter` then.
        if self.part(start..line.span.end).starts_with('-') {
            self.is_silent = false;
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
        self.is_silent = false;
        self.may_fail = simple.may_fail;
        let ran = self.run(line, &program, rest);
        self.may_fail = false;
        ran
    }

    /// A program with the words `rest` behind it.
    fn run(&mut self, line: &Line, program: &Word, rest: Range<usize>) -> Result<Ran, Fault> {
        if program.text.ends_with("firewall-cmd") {
            let words = words::split(self.file.text(), rest, self.shell())?;
            return self.direct(line, &words);
        }
        let family = self.program_family(program)?;
        let words = words::split(self.file.text(), rest, self.shell())?;
        self.command(line, (family, words), "filter")
    }

    /// The words of a command behind the name of the program.
    pub(super) fn command(
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
                self.to.skipped.has_nat |= table == "nat" && command::translates(&words);
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

    /// The family of the rules that `program` makes.
    fn program_family(&mut self, program: &Word) -> Result<Family, Fault> {
        let name = program.text.rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix("-legacy").or(name.strip_suffix("-nft")).unwrap_or(name);
        match name {
            "iptables" => return Ok(Family::V4),
            "ip6tables" => return Ok(Family::V6),
            _ => {}
        }
        if let Some(foreign) = foreign(program) {
            // None of its lines is one of iptables: one error tells it all.
            self.has_ended = true;
            return Err(foreign);
        }
        if forms::SHELL_WORDS.contains(&name) {
            let title = format!("`{name}` is for a shell, and none runs here");
            return Err(Fault::new(program.span.clone(), title)
                .label("only a shell knows what it decides")
                .help(format!("let the script run, and {}", self.to.tables.wanted().help)));
        }
        Err(Fault::new(program.span.clone(), "not a line of iptables rules")
            .label("neither iptables nor ip6tables, nor a line of iptables-save")
            .did_you_mean(name, ["iptables", "ip6tables"]))
    }

    fn shell(&self) -> Syntax {
        Syntax::Shell(self.to.tables.wanted())
    }
}

/// That a line is one of another system's rules, if it begins as they do.
fn foreign(program: &Word) -> Option<Fault> {
    let (system, help) = match program.text.as_str() {
        "proto" | "domain" | "chain" => {
            ("ferm", "let ferm write them, `ferm --noexec --lines`, and give that")
        }
        word if is_of_router_os(word) => {
            ("RouterOS", "write them as lines of iptables: `-A PREROUTING ... -j NOTRACK`")
        }
        _ => return None,
    };
    let title = format!("rules of {system} are not supported");
    Some(Fault::new(program.span.clone(), title).label("not a line of iptables").help(help))
}

/// Whether a line of RouterOS begins so: with a menu, a command, or a value.
fn is_of_router_os(word: &str) -> bool {
    let behind = |menu: &&str| word.strip_prefix(*menu);
    let mut menus = ["/ip", "/ipv6"].iter().filter_map(behind);
    word == "add"
        || word.starts_with("action=")
        || menus.any(|rest| rest.is_empty() || rest.starts_with('/'))
}
