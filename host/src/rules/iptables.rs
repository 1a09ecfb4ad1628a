//! Lines of iptables: what iptables-save and `iptables -S` print, and commands as scripts have
//! them.

mod apply;
mod commands;
mod direct;
mod heard;
mod saved;

use std::ops::Range;

use keeptrack_core::raw::Family;

pub(super) use self::direct::Added;
use self::saved::not_committed;
use super::chains::Table;
use super::classes::Classes;
use super::forms::{self, Form};
use super::ipset;
use super::outline::Outline;
use super::policies::{self, Policies};
use super::sets::HostSets;
use super::tables::Tables;
use super::text::{self, Line};
use super::{Known, Origin, RuleSource, SkippedCounts};
use crate::diagnostic::{Fault, Faults};
use crate::settings;
use crate::source::Source;

/// The longest line that is read, in bytes: what iptables-restore takes.
const MAX_LINE_LEN: usize = 10_240;

/// What a file's lines are put into.
pub(super) struct Destination<'d> {
    pub(super) tables: &'d mut Tables,
    /// The timeout policies that rules may name.
    pub(super) policies: &'d Policies,
    pub(super) classes: &'d mut Classes,
    pub(super) known: &'d Known,
    pub(super) sets: &'d mut HostSets,
    /// Hears of the rules of all tables, if anybody asks.
    pub(super) outline: Option<&'d mut Outline>,
    pub(super) skipped: &'d mut SkippedCounts,
    /// Takes the errors.
    pub(super) faults: Faults<'d>,
    /// The tables that an iptables-save text has given, and where.
    pub(super) saved: &'d mut Vec<Saved>,
    /// The direct rules of firewalld so far.
    pub(super) direct: &'d mut Vec<Added>,
}

/// A table of a family that an iptables-save text has given, and where.
pub(super) type Saved = (Table, Family, String);

/// Reads the lines of `file`.
pub(super) fn read(file: &Source, destination: Destination<'_>) {
    let family = super::family::inferred(file);
    let section = None;
    let mut reader = Reader {
        file,
        family,
        section,
        in_unit: false,
        may_fail: false,
        has_ended: false,
        is_silent: true,
        to: destination,
    };
    for line in text::lines(file) {
        if let Err(fault) = reader.line(&line)
            && !reader.to.faults.take(fault)
        {
            return;
        }
        if reader.has_ended {
            break;
        }
    }
    if let Some(section) = reader.section {
        reader.to.faults.take(not_committed(section.opened));
    }
    if reader.is_silent {
        let what = if file.text().trim().is_empty() { "is empty" } else { "has no rules" };
        reader.to.faults.whole(text::silent(file.name(), what));
    }
}

struct Reader<'f, 'd> {
    file: &'f Source,
    /// Of lines that do not name the program.
    family: Family,
    section: Option<Section>,
    /// Whether this is a unit of systemd, of which only some lines are commands.
    in_unit: bool,
    /// Whether the script goes on when the command that is read fails, and knows it.
    may_fail: bool,
    /// Whether the script ends here.
    has_ended: bool,
    /// Whether nothing stood in the file so far but comments and what makes no rules.
    is_silent: bool,
    to: Destination<'d>,
}

/// What the program would have made of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ran {
    /// What it says.
    Done,
    /// Nothing: it would have told of an error.
    Failed,
}

/// A table of an iptables-save text, up to its COMMIT.
#[derive(Clone)]
struct Section {
    table: &'static str,
    opened: Range<usize>,
}

impl Reader<'_, '_> {
    fn line(&mut self, line: &Line) -> Result<(), Fault> {
        let text = self.file.text().get(line.span.clone()).unwrap_or_default();
        if text.len() > MAX_LINE_LEN {
            let start = line.span.start;
            let first = text.chars().next().map_or(0, char::len_utf8);
            return Err(Fault::new(start..start + first, "a line of more than 10240 bytes")
                .label("no rule is that long"));
        }
        match (text, &self.section) {
            ("", _) => Ok(()),
            (_, section) if text.starts_with('#') => {
                // A table is of one family; inside of it, comments are for people.
                let said = super::family::of_comment(text).filter(|_| section.is_none());
                self.family = said.unwrap_or(self.family);
                Ok(())
            }
            _ if text.starts_with('*') => self.open(line),
            ("COMMIT", Some(_)) => {
                self.section = None;
                Ok(())
            }
            (_, Some(Section { table, .. })) => {
                let table = *table;
                self.hear_saved(line, table);
                if let Some(table) = self.to.tables.named(table) {
                    return self.saved_line(line, table);
                }
                self.skip_saved(line, table);
                Ok(())
            }
            // A script may make the policies as well, and set what the gateway is told besides.
            (_, None) if policies::is_nfct(text) || ipset::is_of_ipset(text) => {
                self.is_silent = false;
                Ok(())
            }
            (_, None) if settings::is_setting(text) => {
                self.is_silent = false;
                self.to.skipped.settings_in(self.file.name());
                Ok(())
            }
            (_, None) if forms::is_unit_section(text) => {
                self.in_unit = true;
                Ok(())
            }
            (_, None) if self.in_unit && !text.starts_with("Exec") => Ok(()),
            (_, None) => match forms::of(text) {
                Form::Stops => Ok(()),
                Form::Command(at) => self.commands(line, line.span.start + at),
            },
        }
    }

    fn source(&self, line: &Line) -> RuleSource {
        RuleSource {
            file: self.file.name().to_owned(),
            line: line.number,
            text: self.part(line.span.clone()).to_owned(),
            origin: Origin::Rule,
            interfaces: Vec::new(),
            hooks: Vec::new(),
        }
    }

    fn part(&self, span: Range<usize>) -> &str {
        self.file.text().get(span).unwrap_or_default()
    }
}
