//! The options of `-j FULL`, a target of our own: what a full table does with newcomers.

use keeptrack_core::OnRefusal;
use keeptrack_core::raw::{Target, WhenFull};

use super::target::behind_tracking;
use super::{Given, Parser, Purpose, flag, once};
use crate::diagnostic::Fault;
use crate::rules::names::{FULL, Opt};
use crate::rules::words::Word;

/// What stands behind `-j FULL`.
#[derive(Debug, Default)]
pub(super) struct Full<'w> {
    class: Option<&'w Word>,
    bypass: bool,
}

impl Full<'_> {
    /// Whether anything stands there: without it, `FULL` is a chain like any other.
    pub(super) const fn is_asked(&self) -> bool {
        self.class.is_some() || self.bypass
    }
}

impl<'w> Parser<'w> {
    pub(super) fn full(&mut self, given: Given<'w>, opt: Opt) -> Result<(), Fault> {
        let target = self.target.map(|(word, _)| word).filter(|word| word.text == FULL);
        let Some(target) = target else {
            let title = format!("`{}` without `-j {FULL}`", given.word.text);
            return Err(given.fault(title).label("what to do when the table is full"));
        };
        if self.standing.purpose == Purpose::BridgeFilter {
            return Err(behind_tracking(target));
        }
        match opt {
            Opt::Class => {
                let name = self.value(given)?;
                once(&mut self.full.class, name, given)
            }
            _ => flag(&mut self.full.bypass, given),
        }
    }

    /// What `-j FULL` does.
    pub(super) fn full_target(&mut self) -> Result<Target, Fault> {
        let class = self.full.class.map(|name| self.standing.classes.named(name)).transpose()?;
        let refused = self.full.bypass.then_some(OnRefusal::Bypass);
        Ok(Target::Full(WhenFull { class, refused }))
    }
}

#[cfg(test)]
mod tests {
    use keeptrack_core::Class;
    use keeptrack_core::raw::Family;

    use super::super::{Purpose, RuleTarget, Standing, parse};
    use super::*;
    use crate::diagnostic::Diagnostic;
    use crate::rules::Known;
    use crate::rules::classes::Classes;
    use crate::rules::policies::Policies;
    use crate::rules::sets::HostSets;
    use crate::rules::words::{Syntax, split};
    use crate::source::Source;

    /// The target, or the words that are marked and what is said of them.
    fn parsed(line: &str, classes: &mut Classes) -> Result<RuleTarget, (String, String)> {
        let words = split(line, 0..line.len(), Syntax::Save).unwrap();
        let policies = Policies::default();
        let (purpose, family) = (Purpose::Raw, Family::V4);
        let (known, sets) = (&Known::default(), &mut HostSets::default());
        let policies = &policies;
        let standing = Standing { purpose, family, hook: None, policies, classes, known, sets };
        parse(&words, standing).map(|rule| rule.target).map_err(|fault| {
            let marked = line[fault.span.clone()].to_owned();
            let file = Source::new("f".to_owned(), line.to_owned());
            (marked, Diagnostic::new(fault, &file).to_string())
        })
    }

    #[test]
    fn classes_count_by_their_first_rule() {
        let mut classes = Classes::default();
        let bypass = Some(OnRefusal::Bypass);
        let cases = [
            ("-j FULL --class ssh", (Class::at(0), None)),
            ("-j FULL --bypass", (None, bypass)),
            ("-j FULL --bypass --class bgp", (Class::at(1), bypass)),
            ("-p tcp -j FULL --class ssh -m comment --comment x", (Class::at(0), None)),
        ];
        for (line, (class, refused)) in cases {
            let target = RuleTarget::BuiltIn(Target::Full(WhenFull { class, refused }));
            assert_eq!(parsed(line, &mut classes), Ok(target), "{line}");
        }
        let names: Vec<_> = classes.all().map(|(name, _)| name).collect();
        assert_eq!(names, ["ssh", "bgp"]);
    }

    #[test]
    fn what_is_wrong_is_marked_at_its_word() {
        let long = "x".repeat(32);
        let cases = [
            ("-j FULL --class", "--class", "has no value"),
            ("-j FULL --class a --class b", "--class", "comes twice"),
            ("-j FULL --bypass --bypass", "--bypass", "comes twice"),
            ("-j FULL ! --bypass", "!", "cannot be inverted"),
            ("--bypass -j FULL", "--bypass", "without `-j FULL`"),
            ("-j CT --class ssh", "--class", "without `-j FULL`"),
            ("-j FULL --zone 5", "--zone", "without `-j CT`"),
            ("-j FULL --class ssh/9", "ssh/9", "is not a name of a class"),
            ("-j FULL --class 9", "9", "a letter, then letters"),
            ("-j FULL --class ''", "''", "a name of 0 bytes"),
            (&format!("-j FULL --class {long}"), &long, "a class has one of 1 to 31"),
        ];
        for (line, marked, said) in cases {
            let (word, message) = parsed(line, &mut Classes::default()).unwrap_err();
            assert_eq!(word, marked, "{line}");
            assert!(message.contains(said), "{line}: {message}");
        }
    }
}
