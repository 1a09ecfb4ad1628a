//! Tables as iptables-save prints them: `*raw`, chains with their policies, rules, COMMIT.

use std::ops::Range;

use super::{Reader, Section, Table};
use crate::diagnostic::Fault;
use crate::rules::command;
use crate::rules::text::Line;
use crate::rules::words::{self, Syntax, Word};

impl Reader<'_, '_> {
    /// `*raw`
    pub(super) fn open(&mut self, line: &Line) -> Result<(), Fault> {
        self.is_silent = false;
        let name = Word {
            text: self.part(line.span.start + 1..line.span.end).to_owned(),
            span: line.span.clone(),
        };
        let table = command::table_named(&name);
        // The lines of a table that does not exist are not worth an error each.
        let known = table.as_ref().copied().unwrap_or("unknown");
        let opened = Section { table: known, opened: line.span.clone() };
        if let Some(open) = self.section.replace(opened) {
            return Err(not_committed(open.opened));
        }
        let Some(table) = self.to.tables.named(table?) else { return Ok(()) };
        let here = format!("{}:{}", self.file.name(), line.number);
        let mut saved = self.to.saved.iter();
        let saved = saved.find(|(known, family, _)| (*known, *family) == (table, self.family));
        if let Some((_, family, before)) = saved {
            let family = crate::rules::family::name(*family);
            let table = table.name();
            let title = format!("the {table} table of {family} is there already: {before}");
            return Err(Fault::new(line.span.clone(), title)
                .label("iptables-restore would put it in the place of the first")
                .help("a file of IPv6 rules is known by its name: `rules.v6`, `ip6tables.save`"));
        }
        self.to.saved.push((table, self.family, here));
        Ok(())
    }

    /// A line between `*raw` and COMMIT, or what begins another table that is read.
    pub(super) fn saved_line(&mut self, line: &Line, table: Table) -> Result<(), Fault> {
        let mut words = words::split(self.file.text(), line.span.clone(), Syntax::Save)?;
        let Some(first) = words.first() else { return Ok(()) };
        if let Some(name) = first.text.strip_prefix(':') {
            let name = Word { text: name.to_owned(), span: first.part(1..first.text.len()) };
            return self.declare(line, table, &name, words.get(1));
        }
        if first.text.starts_with('[') && first.text.ends_with(']') {
            words.remove(0);
        }
        if let Some((_, word)) = command::table(&words)? {
            return Err(Fault::new(word.span.clone(), "a table inside of a table")
                .label(format!("`*{}` has named it", table.name())));
        }
        let command = command::parse(&words, line.span.clone())?;
        match &command.family {
            Some((family, _)) if *family != self.family => {
                self.to.skipped.rules_of_other_family += 1;
                Ok(())
            }
            _ => self.apply(line, (table, self.family), command).map(drop),
        }
    }

    /// Counts a line of a table that is not read, if it is a rule.
    pub(super) fn skip_saved(&mut self, line: &Line, table: &'static str) {
        let text = self.part(line.span.clone());
        if !["-A", "[", "-I"].iter().any(|begin| text.starts_with(begin)) {
            return;
        }
        self.to.skipped.count(table);
        if table == "nat" && !self.to.skipped.has_nat {
            let words = words::split(self.file.text(), line.span.clone(), Syntax::Save);
            self.to.skipped.has_nat = words.is_ok_and(|words| command::translates(&words));
        }
    }

    /// `:PREROUTING ACCEPT [0:0]` and `:chain - [0:0]`
    fn declare(
        &mut self,
        line: &Line,
        table: Table,
        name: &Word,
        policy: Option<&Word>,
    ) -> Result<(), Fault> {
        let family = self.family;
        match policy.filter(|policy| policy.text != "-") {
            Some(policy) => {
                let chain = self.to.tables.chains(table).find(family, name)?;
                self.set_policy(line, (table, chain), policy)
            }
            None => self.to.tables.chains(table).make(family, name),
        }
    }
}

pub(super) fn not_committed(opened: Range<usize>) -> Fault {
    Fault::new(opened, "this table has no COMMIT")
        .label("iptables-restore would change nothing")
        .help("end it with a line `COMMIT`; if the file is cut, rules are missing")
}
