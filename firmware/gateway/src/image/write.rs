//! Images as a PC writes and reads them.

use std::fmt;
use std::vec::Vec;

use keeptrack_core::{Timeout, TimeoutPolicy};

use super::{ImageError, body, header, read};
use crate::rules::{Program, ProgramError, Table, Word};
use crate::settings::{Amount, Configuration, LogLevel, Victim};

/// All that an image says.
pub type Plan = Configuration<Program, Program>;

/// Why an image cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The rules of PREROUTING.
    Raw(ProgramError),
    /// The rules of FORWARD.
    Filter(ProgramError),
    /// A timeout that is too long to be counted.
    TimeoutTooLong(Timeout),
    /// An amount that an image cannot hold, or nothing where something is meant.
    Amount(Amount),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(error) => write!(f, "PREROUTING: {}", error.why),
            Self::Filter(error) => write!(f, "FORWARD: {}", error.why),
            Self::TimeoutTooLong(timeout) => {
                write!(f, "nf_conntrack_{} is too long", timeout.name())
            }
            Self::Amount(amount) => write!(f, "an image cannot hold {amount:?}"),
        }
    }
}

impl std::error::Error for WriteError {}

/// The image that says all of `plan`.
///
/// # Errors
/// What of it no image holds.
pub fn write(plan: &Plan) -> Result<Vec<u8>, WriteError> {
    let mut words = settings(plan)?;
    words.extend(plan.raw.words(Table::Raw).map_err(WriteError::Raw)?);
    words.extend(plan.filter.words(Table::Filter).map_err(WriteError::Filter)?);
    Ok([&header::of(plan.fail, &words), words.as_flattened()].concat())
}

/// All that an image says. What it becomes when it is written again, is the same image.
///
/// # Errors
/// Why it is no image that can be used.
pub fn plan(image: &[u8]) -> Result<Plan, ImageError> {
    let settings = read(image)?;
    Ok(Plan {
        fail: settings.fail,
        log: settings.log,
        max: settings.max,
        config: settings.config,
        full: settings.full,
        reserves: settings.reserves,
        raw: Program::of_raw(&settings.raw),
        filter: Program::of(&settings.filter),
    })
}

fn settings(plan: &Plan) -> Result<Vec<Word>, WriteError> {
    let Configuration { log, max, config, full, reserves, .. } = plan;
    let tcp = config.tcp;
    let flags = [
        (tcp.loose, body::LOOSE),
        (tcp.be_liberal, body::BE_LIBERAL),
        (tcp.ignore_invalid_rst, body::IGNORE_INVALID_RST),
        (config.checksum, body::CHECKSUM),
    ];
    let flags = flags.iter().filter(|(is_set, _)| *is_set).fold(0, |flags, (_, flag)| flags | flag);
    let mut words = vec![
        [place(&LogLevel::ALL, log), place(&Victim::ALL, &full.victim), flags, tcp.max_retrans],
        max.unwrap_or(0).to_le_bytes(),
    ];
    words.extend(of_timeouts(&config.timeouts)?);
    words.extend(match full.source_cap {
        None => [[0; 4]; 2],
        Some((most, prefix)) => [some(most)?, [prefix.v4_len(), prefix.v6_len(), 0, 0]],
    });
    words.extend(match full.adaptive {
        None => [[0; 4]; 2],
        Some((start, end)) => [amount(start)?, some(end)?],
    });
    for reserve in reserves {
        words.push(amount(*reserve)?);
    }
    Ok(words)
}

fn of_timeouts(timeouts: &TimeoutPolicy) -> Result<Vec<Word>, WriteError> {
    let word = |&timeout: &Timeout| match timeouts.seconds(timeout) {
        seconds if seconds > keeptrack_core::MAX_SECONDS => {
            Err(WriteError::TimeoutTooLong(timeout))
        }
        seconds => Ok(seconds.to_le_bytes()),
    };
    Timeout::ALL.iter().map(word).collect()
}

/// An amount that is not nothing.
fn some(some: Amount) -> Result<Word, WriteError> {
    if some == Amount::NONE { Err(WriteError::Amount(some)) } else { amount(some) }
}

fn amount(amount: Amount) -> Result<Word, WriteError> {
    body::word_of(amount).map(u32::to_le_bytes).ok_or(WriteError::Amount(amount))
}

/// The place of a value among all of its kind.
fn place<T: PartialEq>(all: &[T; 3], value: &T) -> u8 {
    let place = all.iter().position(|other| other == value).unwrap_or(0);
    u8::try_from(place).unwrap_or(0)
}
