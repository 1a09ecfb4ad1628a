//! The rows of the table of changes: as it is, each change, each size, and what is chosen of them.

use super::forecast::Forecast;
use super::rank::{Advice, Chosen};

/// A row.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// `A`, `A+C`; none: the table as it is.
    pub(super) letters: String,
    pub(super) name: String,
    /// Which of the changes that were tried it is of.
    pub(super) tried: Option<usize>,
    pub(super) is_chosen: bool,
    /// The most entries at once.
    pub(super) peak: u64,
    /// The same if there was room for all.
    pub(super) needs: u64,
    pub(super) is_estimate: bool,
    /// The most if what outlives the capture goes on to grow; `None`: nobody can say.
    pub(super) later: Option<u64>,
    /// The entries that the table may have.
    pub(super) limit: Option<u64>,
    /// Packets that get no entry; `None`: nobody can say.
    pub(super) refused: Option<u64>,
    /// Entries that have to leave early.
    pub(super) early: Option<u64>,
    /// Bytes.
    pub(super) ram: u64,
}

/// All rows, in their order.
pub(super) fn rows(advice: &Advice) -> Vec<Row> {
    let mut rows = vec![of_change(advice, &advice.now)];
    let mut letters = 'A'..='Z';
    let mut letter = || letters.next().map(String::from).unwrap_or_default();
    for &at in &advice.shown {
        let Some(forecast) = advice.tried.get(at) else { continue };
        let row = of_change(advice, forecast);
        let is_chosen = advice.chosen == Chosen::Change { tried: Some(at), size: None };
        rows.push(Row { letters: letter(), tried: Some(at), is_chosen, ..row });
    }
    for &size in &advice.shown_sizes {
        let row = of_size(advice, (&advice.now, advice.size(size).to_string()), size);
        let is_chosen = advice.chosen == Chosen::Change { tried: None, size: Some(size) };
        // Whether it is larger than the table is, nobody knows without a limit: it is not chosen.
        let letters = if advice.max().is_some() { letter() } else { String::new() };
        rows.push(Row { letters, is_chosen, ..row });
    }
    rows.extend(both(advice, &rows));
    rows
}

/// Two changes that are chosen together.
fn both(advice: &Advice, rows: &[Row]) -> Option<Row> {
    let Chosen::Change { tried: Some(tried), size: Some(size) } = advice.chosen else {
        return None;
    };
    let of_change = rows.iter().find(|row| row.tried == Some(tried))?;
    let of_size = rows.iter().find(|row| row.tried.is_none() && row.limit == Some(size as u64))?;
    let letters = format!("{}+{}", of_change.letters, of_size.letters);
    let row = self::of_size(advice, (advice.tried.get(tried)?, String::new()), size);
    Some(Row { letters, is_chosen: true, tried: Some(tried), ..row })
}

/// A change of the table as it is.
fn of_change(advice: &Advice, forecast: &Forecast) -> Row {
    let peak = forecast.limited.map_or(forecast.demand, |figures| figures.peak) as u64;
    let needs = advice.max().map_or(forecast.demand, |max| advice.sizes.demand(forecast, max));
    let needs = needs as u64;
    Row {
        name: forecast.name(),
        peak,
        needs,
        is_estimate: forecast.is_estimate,
        later: (forecast.growth > 0).then(|| needs.saturating_add(forecast.growth)),
        limit: advice.max().map(|max| max as u64),
        refused: forecast.limited.map(|figures| figures.refused),
        early: forecast.limited.map(|figures| figures.early),
        ram: advice.ram.bytes(advice.max().unwrap_or(forecast.demand)),
        ..Row::default()
    }
}

/// A change in a larger table.
fn of_size(advice: &Advice, (forecast, name): (&Forecast, String), size: usize) -> Row {
    let demand = advice.sizes.demand(forecast, size);
    let is_estimate = advice.sizes.is_estimate(forecast, size);
    // A table that is never full refuses nobody and sends nobody away.
    let has_room = demand < size && !is_estimate;
    let later = (forecast.growth > 0).then(|| advice.sizes.needed(forecast, size));
    Row {
        name,
        peak: demand.min(size) as u64,
        needs: demand as u64,
        is_estimate,
        later,
        limit: Some(size as u64),
        refused: has_room.then_some(0),
        early: has_room.then_some(0),
        ram: advice.ram.bytes(size),
        ..Row::default()
    }
}
