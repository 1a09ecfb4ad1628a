//! Whom a full table hurt: how many in all, and whose entries it took.

use std::io::{self, Write};

use super::super::style::{BAD, CAUTION, FAINT, STRONG, Styled};
use super::super::tally::Tally;
use super::holders::name_width;
use crate::ledger::{Aftermath, Class, Harm, Row, SAMPLE_SEED, Totals};
use crate::service::Service;
use crate::units::Count;

/// How many lines of a table are shown before the rest is put together.
const MAX_ROWS: usize = 8;

/// What was done to connections of one kind, in numbers that are shown.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Shown {
    times: u64,
    assured: u64,
    pub(super) hurt: u64,
    pub(super) live: u64,
    pub(super) got_in: u64,
}

impl Shown {
    fn of(row: &Row) -> Self {
        let Row { times, assured, connections: hurt, followed, sampled, .. } = *row;
        let (live, got_in) = (followed.live + sampled.live, followed.got_in + sampled.got_in);
        Self { times, assured, hurt, live, got_in }
    }

    /// Both together.
    pub(super) const fn and(self, more: Self) -> Self {
        Self {
            times: self.times + more.times,
            assured: self.assured + more.assured,
            hurt: self.hurt + more.hurt,
            live: self.live + more.live,
            got_in: self.got_in + more.got_in,
        }
    }

    /// Connections of a service that were refused.
    pub(super) fn refused(totals: &Totals, service: Service) -> Self {
        let rows = totals.rows().filter(|((_, whom, _), _)| whom.is_newcomer_of(service));
        rows.fold(Self::default(), |sum, (_, row)| sum.and(Self::of(row)))
    }
}

/// Writes how many connections were hurt, in one line.
pub(super) fn line(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let totals = tally.ledger.totals();
    if totals.hurt() == 0 {
        return Ok(());
    }
    let (hurt, live) = (Styled(STRONG, Count(totals.hurt())), Styled(STRONG, Count(totals.live())));
    let (followed, sampled) = totals.aftermath();
    let got_in = match totals.not_followed() {
        0 => {
            write!(out, "  hurt {hurt} connections, {live} of them live")?;
            "got in later"
        }
        _ => {
            let followed = Count(followed.connections + sampled.connections);
            // Of those that are not followed, each refused packet counts.
            write!(out, "  hurt up to {hurt} connections, {live} live of {followed} followed")?;
            "of these got in later"
        }
    };
    let parts = [
        (got_in, totals.got_in()),
        ("entries taken that were open and ASSURED", totals.open_taken()),
    ];
    for (what, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
        write!(out, "; {} {what}", Count(count))?;
    }
    writeln!(out)
}

/// Writes whose entries ended early, by kind and rule.
pub(super) fn taken(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let totals = tally.ledger.totals();
    let taken = totals.rows().filter(|((harm, ..), _)| *harm != Harm::Refused);
    let mut lines: Vec<_> = taken.map(|(class, row)| (named(class), Shown::of(row))).collect();
    if lines.is_empty() {
        return Ok(());
    }
    lines.sort_by(|(name, one), (other, two)| (two.times, name).cmp(&(one.times, other)));
    if lines.len() > MAX_ROWS {
        let rest = lines.split_off(MAX_ROWS);
        let sum = rest.iter().fold(Shown::default(), |sum, (_, shown)| sum.and(*shown));
        lines.push((format!("{} other kinds", rest.len()), sum));
    }
    let width = name_width(lines.iter().map(|(name, _)| name.as_str()));
    let head = format!(
        "{:<width$}{:>9}{:>8}{:>9}{:>9}{:>8}{:>9}",
        "ended early", "entries", "share", "ASSURED", "hurt", "live", "in later"
    );
    let all = totals.evicted() + totals.shrunk();
    writeln!(out, "\n  {}", Styled(FAINT, head))?;
    for (name, Shown { times, assured, hurt, live, got_in }) in lines {
        let share = crate::units::Share(times, all);
        write!(out, "  {name:<width$}{:>9}{share:>8}", Styled(BAD, Count(times)))?;
        let [assured, hurt, live, got_in] = [assured, hurt, live, got_in].map(Count);
        writeln!(out, "{assured:>9}{hurt:>9}{live:>8}{got_in:>9}")?;
    }
    Ok(())
}

/// Writes of how many it is not known what became.
pub(super) fn not_followed(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let totals = tally.ledger.totals();
    let not_followed = totals.not_followed();
    let (_, Aftermath { connections: sampled, .. }) = totals.aftermath();
    if not_followed + sampled == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "{} of the hurt connections {} were not followed, and of {} more a sample of {} was (seed \
         {SAMPLE_SEED}): `live` and `in later` count those that were (--ledger-max)",
        Styled(CAUTION, '!'),
        Count(not_followed),
        Count(not_followed + sampled),
        Count(sampled),
    )
}

/// `unreplied`, `finished (shrunk: adaptive)`.
fn named((harm, whom, rule): Class) -> String {
    let whom = whom.to_string();
    match harm {
        Harm::Shrunk => format!("{whom:<17} shrunk"),
        _ if rule == whom => whom,
        _ => format!("{whom:<17} {rule}"),
    }
}
