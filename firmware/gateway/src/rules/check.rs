//! What a program is checked for before the first packet is walked through it.

use core::fmt;

use keeptrack_core::raw::Policy;

use super::record::{Record, Then, Word, facts};
use super::test::Test;
use super::{Begin, MAX_DEPTH, MAX_WALK, Rules};

/// What is wrong with a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RuleFault {
    /// The image ends within it.
    Length,
    /// A chain to start in, or a policy, that there is not, or a first word of another form.
    Head,
    /// A chain does not begin where the one before ends.
    Begin,
    /// A record is longer than its chain.
    Record,
    /// A record asks for facts that there are not.
    Facts,
    /// A target that there is not in this table, or not with this argument.
    Target,
    /// A test that there is not, or not in this form.
    Test,
    /// A rule leads into a chain that does not come later.
    Chain,
    /// A chain does not end in RETURN.
    End,
    /// A chain's longest walk is not as long as it says, or longer than [`MAX_WALK`].
    Walk,
    /// A chain's depth is not as it says, or more than [`MAX_DEPTH`].
    Depth,
}

impl RuleFault {
    /// What it is, in a few words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Length => "the image ends within the rules",
            Self::Head => "no head of a program",
            Self::Begin => "a chain begins in the wrong place",
            Self::Record => "a record ends outside of its chain",
            Self::Facts => "a record asks for unknown facts",
            Self::Target => "an unknown target",
            Self::Test => "an unknown test",
            Self::Chain => "a rule leads back",
            Self::End => "a chain has no end",
            Self::Walk => "a walk is too long",
            Self::Depth => "chains lie too deep",
        }
    }
}

impl fmt::Display for RuleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which of the two programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Raw,
    Filter,
}

/// The words in front of the chains.
const HEAD_LEN: usize = 4;

/// What a chain says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// The first of its words among those of all records.
    pub(super) begins: u16,
    pub(super) depth: u16,
    pub(super) walk: u32,
}

impl Entry {
    /// That of an empty chain.
    pub(super) const EMPTY: Self = Self { begins: 0, depth: 1, walk: 0 };

    fn of(chains: &[Word], number: usize) -> Option<Self> {
        let entry = chains.get(number.checked_mul(2)?..)?;
        let [[low, high, depth, deeper], walk, ..] = entry else { return None };
        Some(Self {
            begins: u16::from_le_bytes([*low, *high]),
            depth: u16::from_le_bytes([*depth, *deeper]),
            walk: u32::from_le_bytes(*walk),
        })
    }

    /// The same with one more rule, whose target leads into `inner`, if it leads anywhere.
    pub(super) fn with(self, then: Then, inner: Option<Self>) -> Self {
        let (walk, depth) = inner.map_or((0, 0), |inner| (inner.walk, inner.depth));
        let depth = depth.saturating_add(u16::from(matches!(then, Then::Jump(_))));
        let walk = self.walk.saturating_add(1).saturating_add(walk);
        Self { depth: self.depth.max(depth), walk, ..self }
    }
}

impl Then {
    /// The chain that it leads into.
    pub(super) fn chain(self) -> Option<u16> {
        match self {
            Self::Jump(number) | Self::Goto(number) => Some(number),
            _ => None,
        }
    }
}

/// The program that `words` begin with, and what is behind it.
///
/// Looks at each word once.
///
/// # Errors
/// What is wrong with it, and at which of its words.
pub(crate) fn check(
    words: &[Word],
    table: Table,
) -> Result<(Rules<'_>, &[Word]), (RuleFault, usize)> {
    let no_head = (RuleFault::Head, 0);
    let too_short = (RuleFault::Length, 0);
    let [[low, high, 0, 0], len, v4, v6, behind @ ..] = words else { return Err(no_head) };
    let chain_count = usize::from(u16::from_le_bytes([*low, *high]));
    let len = usize::try_from(u32::from_le_bytes(*len)).map_err(|_| too_short)?;
    let (chains, behind) = behind.split_at_checked(chain_count.wrapping_mul(2)).ok_or(too_short)?;
    let (records, behind) = behind.split_at_checked(len).ok_or(too_short)?;
    let checker = Checker { chains, records, table };
    let placed = |(fault, at): (RuleFault, usize)| {
        (fault, HEAD_LEN.wrapping_add(chains.len()).wrapping_add(at))
    };
    let mut begins = 0;
    for number in 0..chain_count {
        begins = checker.chain(number, begins).map_err(placed)?;
    }
    if begins != records.len() {
        return Err(placed((RuleFault::Record, begins)));
    }
    let start = |word: &Word| checker.start(*word).ok_or(no_head);
    Ok((Rules { chains, records, starts: [start(v4)?, start(v6)?] }, behind))
}

struct Checker<'f> {
    chains: &'f [Word],
    records: &'f [Word],
    table: Table,
}

impl<'f> Checker<'f> {
    /// Where the packets of a family begin, by the word that says so.
    fn start(&self, [low, high, policy, zero]: Word) -> Option<Begin<'f>> {
        let policy = match (policy, zero) {
            (0, 0) => Policy::Accept,
            (1, 0) => Policy::Drop,
            _ => return None,
        };
        let records = match usize::from(u16::from_le_bytes([low, high])) {
            0 => &[],
            number => {
                let entry = Entry::of(self.chains, number.wrapping_sub(1))?;
                self.records.get(usize::from(entry.begins)..)?
            }
        };
        Some(Begin { records, policy })
    }

    /// Checks the chain of that number, and answers where the next one begins.
    fn chain(&self, number: usize, begins: usize) -> Result<usize, (RuleFault, usize)> {
        let entry = Entry::of(self.chains, number);
        let entry = entry.filter(|entry| usize::from(entry.begins) == begins);
        let entry = entry.ok_or((RuleFault::Begin, begins))?;
        let next = Entry::of(self.chains, number.wrapping_add(1));
        let ends = next.map_or(self.records.len(), |next| usize::from(next.begins));
        let mut records = self.records.get(begins..ends).ok_or((RuleFault::Begin, begins))?;
        let mut found = Entry { begins: entry.begins, ..Entry::EMPTY };
        let mut is_ended = false;
        while !records.is_empty() {
            let at = ends.wrapping_sub(records.len());
            let (record, behind) = Record::split(records).ok_or((RuleFault::Record, at))?;
            let then = self.record(&record).map_err(|fault| (fault, at))?;
            let into = then.chain().map(usize::from);
            if into.is_some_and(|into| into <= number) {
                return Err((RuleFault::Chain, at));
            }
            let inner = into.map(|into| Entry::of(self.chains, into).ok_or((RuleFault::Chain, at)));
            found = found.with(then, inner.transpose()?);
            is_ended = record.takes_all() && then == Then::Return;
            records = behind;
        }
        if !is_ended {
            return Err((RuleFault::End, begins));
        }
        if found.walk != entry.walk || found.walk > MAX_WALK {
            return Err((RuleFault::Walk, begins));
        }
        if found.depth != entry.depth || usize::from(found.depth) > MAX_DEPTH {
            return Err((RuleFault::Depth, begins));
        }
        Ok(ends)
    }

    fn record(&self, record: &Record<'_>) -> Result<Then, RuleFault> {
        if record.facts & !facts::ALL != 0 {
            return Err(RuleFault::Facts);
        }
        let mut tests = record.tests;
        while !tests.is_empty() {
            (_, tests) = Test::split(tests).ok_or(RuleFault::Test)?;
        }
        let then = record.then().ok_or(RuleFault::Target)?;
        match (then, self.table) {
            (Then::NoTrack | Then::Ct(_) | Then::Full(_), Table::Filter) => Err(RuleFault::Target),
            _ => Ok(then),
        }
    }
}
