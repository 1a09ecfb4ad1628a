//! What one command makes of the chains.

use keeptrack_core::raw::{Family, Hook, Policy};

use super::{Ran, Reader};
use crate::diagnostic::Fault;
use crate::rules::Unknown;
use crate::rules::chains::{BuiltIn, ChainIndex, Table};
use crate::rules::command::{Action, Command, Place};
use crate::rules::matches::{self, Purpose, Rule, Standing};
use crate::rules::text::Line;
use crate::rules::words::Word;

impl Reader<'_, '_> {
    /// Does what a command says, and tells whether the program would have failed.
    ///
    /// # Errors
    /// What the program would refuse, and no script means.
    pub(super) fn apply(
        &mut self,
        line: &Line,
        (table, family): (Table, Family),
        command: Command,
    ) -> Result<Ran, Fault> {
        let rule = &command.rule;
        let chains = self.to.tables.chains(table);
        match command.action {
            Action::Append { chain } => {
                let chain = chains.find(family, &chain)?;
                let place = (chain, chains.len(chain));
                self.put(line, (table, family), place, rule)?;
            }
            Action::Insert { chain, at } => {
                let chain = chains.find(family, &chain)?;
                let at = at.map_or(Ok(0), |at| place_in(chains.len(chain) + 1, &at))?;
                self.put(line, (table, family), (chain, at), rule)?;
            }
            Action::Replace { chain, at } => {
                let chain = chains.find(family, &chain)?;
                let at = place_in(chains.len(chain), &at)?;
                self.put(line, (table, family), (chain, at + 1), rule)?;
                self.to.tables.chains(table).remove((chain, at));
            }
            Action::NewChain { chain } if self.may_fail && chains.has(family, &chain) => {
                return Ok(Ran::Failed);
            }
            Action::NewChain { chain } => chains.make(family, &chain)?,
            Action::Rename { chain, name } => chains.rename(family, (&chain, &name))?,
            Action::Policy { chain, policy } => {
                let chain = chains.find(family, &chain)?;
                self.set_policy(line, (table, chain), &policy)?;
            }
            Action::Flush { chain: None } => chains.flush(family),
            Action::Flush { chain: Some(chain) } if !chains.has(family, &chain) => {
                return Ok(Ran::Failed);
            }
            Action::Flush { chain: Some(chain) } => chains.flush_chain(family, &chain),
            Action::DropChain { chain } => {
                let is_done = chains.drop_chains(family, chain.as_ref());
                return Ok(if is_done { Ran::Done } else { Ran::Failed });
            }
            Action::Delete { chain, at } => {
                return self.delete((table, family), (&chain, at), rule);
            }
            Action::Check { chain } => {
                let found = self.found((table, family), &chain, rule)?;
                return Ok(if found.is_empty() { Ran::Failed } else { Ran::Done });
            }
            Action::Nothing => {}
        }
        Ok(Ran::Done)
    }

    /// Takes rules away. What a script takes away that the files have not added was there before
    /// them, or never: that changes nothing here.
    fn delete(
        &mut self,
        (table, family): (Table, Family),
        (chain, at): (&Word, Option<Place>),
        rule: &[Word],
    ) -> Result<Ran, Fault> {
        let Some(Place { at, .. }) = at else {
            let found = self.found((table, family), chain, rule)?;
            for place in &found {
                self.to.tables.chains(table).remove(*place);
            }
            return Ok(if found.is_empty() { Ran::Failed } else { Ran::Done });
        };
        let chains = self.to.tables.chains(table);
        let index = chains.find(family, chain).ok().zip(at.checked_sub(1));
        match index.filter(|(chain, at)| *at < chains.len(*chain)) {
            Some(place) => {
                chains.remove(place);
                Ok(Ran::Done)
            }
            None => Ok(Ran::Failed),
        }
    }

    /// The places of the rules that are like the one of those words, the last one first; none when
    /// one of them is not there.
    fn found(
        &mut self,
        (table, family): (Table, Family),
        chain: &Word,
        words: &[Word],
    ) -> Result<Vec<(ChainIndex, usize)>, Fault> {
        let Ok(chain) = self.to.tables.chains(table).find(family, chain) else {
            return Ok(Vec::new());
        };
        match self.parsed((table, family), chain, words) {
            Ok(rule) => Ok(self.to.tables.chains(table).alike(chain, &rule)),
            // No such rule was taken in.
            Err(fault) if fault.is_undecided() => Ok(Vec::new()),
            Err(fault) => Err(fault),
        }
    }

    /// Puts a rule into a chain, if packets come to that.
    fn put(
        &mut self,
        line: &Line,
        (table, family): (Table, Family),
        (chain, at): (ChainIndex, usize),
        rule: &[Word],
    ) -> Result<(), Fault> {
        let built_in = self.to.tables.chains(table).built_in(chain);
        if let Some(BuiltIn::Host(name)) = built_in {
            self.to.skipped.count(host_chain(name));
            return Ok(());
        }
        self.refuse_output(table, built_in, line)?;
        let added = self.add(line, (table, family), (chain, at), rule);
        match (table, built_in, added) {
            // Many a chain is only for what a host gets and sends itself.
            (Table::Filter, None, Err(fault)) => {
                self.to.tables.chains(table).keep_fault(chain, fault, self.file);
                Ok(())
            }
            (_, _, added) => added,
        }
    }

    /// Puts a rule into its chain.
    fn add(
        &mut self,
        line: &Line,
        (table, family): (Table, Family),
        place: (ChainIndex, usize),
        words: &[Word],
    ) -> Result<(), Fault> {
        let rule = match self.parsed((table, family), place.0, words) {
            Err(fault)
                if fault.is_undecided() && self.to.known.unknown == Unknown::MatchesNothing =>
            {
                let place = format!("{}:{}", self.file.name(), line.number);
                self.to.skipped.undecided.push(format!("{place}: {}", fault.title()));
                return Ok(());
            }
            parsed => parsed?,
        };
        for port in &rule.wrapped {
            let place = format!("{}:{}", self.file.name(), line.number);
            let (written, installed) = (port.written, port.installed);
            self.to.skipped.wrapped_ports.push(format!("{place}: {written} is {installed}"));
        }
        self.to.skipped.event_choices += usize::from(rule.chooses_events);
        self.to.skipped.log_rules += usize::from(rule.records);
        let mut source = self.source(line);
        source.interfaces.clone_from(&rule.interfaces);
        self.to.tables.chains(table).insert(place, &rule, &source, line.span.clone())
    }

    /// The rule of those words, in that chain.
    fn parsed(
        &mut self,
        (table, family): (Table, Family),
        chain: ChainIndex,
        words: &[Word],
    ) -> Result<Rule, Fault> {
        let purpose = self.to.tables.purpose(table);
        let hook = self.to.tables.chains(table).built_in(chain).and_then(BuiltIn::hook);
        let policies = self.to.policies;
        let (classes, known, sets) = (&mut *self.to.classes, self.to.known, &mut *self.to.sets);
        matches::parse(words, Standing { purpose, family, hook, policies, classes, known, sets })
    }

    /// A bridge sends nothing of its own.
    fn refuse_output(
        &self,
        table: Table,
        built_in: Option<BuiltIn>,
        line: &Line,
    ) -> Result<(), Fault> {
        let is_bridge = self.to.tables.purpose(table) != Purpose::Raw;
        if !is_bridge || built_in != Some(BuiltIn::Hook(Hook::Output)) {
            return Ok(());
        }
        Err(Fault::new(line.span.clone(), "the gateway has no OUTPUT")
            .label("a bridge sends nothing of its own")
            .help("what it carries only arrives: put the rule into PREROUTING, or leave it out"))
    }

    pub(super) fn set_policy(
        &mut self,
        line: &Line,
        (table, chain): (Table, ChainIndex),
        word: &Word,
    ) -> Result<(), Fault> {
        let fault = |title: String| Fault::new(word.span.clone(), title);
        let policy = match word.text.as_str() {
            "ACCEPT" => Policy::Accept,
            "DROP" => Policy::Drop,
            text => return Err(fault(format!("bad policy `{text}`")).label("ACCEPT or DROP")),
        };
        let Some(built_in) = self.to.tables.chains(table).built_in(chain) else {
            return Err(fault("a chain of your own has no policy".to_owned()).label(match table {
                Table::Raw => "only PREROUTING and OUTPUT have one",
                Table::Filter => "only INPUT, FORWARD and OUTPUT have one",
            }));
        };
        if policy == Policy::Drop {
            self.refuse_output(table, Some(built_in), line)?;
        }
        let source = self.source(line);
        self.to.tables.chains(table).set_policy(chain, policy, source);
        Ok(())
    }
}

/// A place counted from 0, of a chain that has so many.
fn place_in(place_count: usize, Place { at, word }: &Place) -> Result<usize, Fault> {
    let index = at.checked_sub(1).filter(|index| *index < place_count);
    index.ok_or_else(|| {
        let fault = Fault::new(word.span.clone(), format!("no place {at} in this chain"));
        match place_count {
            0 => fault.label("it has no rules here"),
            _ => fault.label(format!("it has the places 1-{place_count} here")),
        }
    })
}

/// What the rules are called of a chain that a bridge has no use for.
fn host_chain(name: &str) -> &'static str {
    match name {
        "INPUT" => "filter INPUT",
        _ => "filter OUTPUT",
    }
}
