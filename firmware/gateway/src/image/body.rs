//! The body of an image: settings and the two programs.
//!
//! | words | what |
//! |---|---|
//! | 1 | log: u8 (0 drops, 1 connections, 2 packets), victim: u8 (0 refuse, 1 early-drop, 2 ranked), flags: u8, `nf_conntrack_tcp_max_retrans`: u8 |
//! | 1 | `nf_conntrack_max`, 0 when all slots are used |
//! | 26 | the timeouts in seconds, in the order of [`Timeout::ALL`] |
//! | 2 | the cap on a source, an amount; then v4: u8, v6: u8, 0: u16, all 0 without a cap |
//! | 2 | adaptive timeouts: start, end, amounts; 0 without |
//! | 3 | the slots kept for each class, amounts |
//! | | the program of PREROUTING, the program of FORWARD |
//!
//! Flags: 1 `tcp_loose`, 2 `tcp_be_liberal`, 4 `tcp_ignore_invalid_rst`, 8 `checksum`. An amount is
//! a number with its two highest bits telling of what: 0 entries, 1 hundredths of the table (1 to
//! 1,000), 2 one part of so many.

use keeptrack_core::raw::Policy;
use keeptrack_core::{Class, Config, MAX_SECONDS, Prefix, TcpConfig, Timeout, TimeoutPolicy};

use super::ImageError;
use crate::rules::{RawRules, Rules, Table, Word, check};
use crate::settings::{Amount, Configuration, Fail, Full, LogLevel, Settings, Victim};

pub(super) const LOOSE: u8 = 1;
pub(super) const BE_LIBERAL: u8 = 2;
pub(super) const IGNORE_INVALID_RST: u8 = 4;
pub(super) const CHECKSUM: u8 = 8;

/// The most hundredths of a table that an amount may be.
const MAX_PERCENT: u32 = 1000;

/// Reads words one after another.
struct Words<'f> {
    all: &'f [Word],
    read_count: usize,
}

impl<'f> Words<'f> {
    fn word(&mut self) -> Result<Word, ImageError> {
        let word = self.rest().first().ok_or(ImageError::Setting(self.read_count))?;
        self.read_count = self.read_count.wrapping_add(1);
        Ok(*word)
    }

    fn number(&mut self) -> Result<u32, ImageError> {
        self.word().map(u32::from_le_bytes)
    }

    /// That the last word was wrong, unless there is something.
    fn known<T>(&self, value: Option<T>) -> Result<T, ImageError> {
        value.ok_or(ImageError::Setting(self.read_count.wrapping_sub(1)))
    }

    fn rest(&self) -> &'f [Word] {
        self.all.get(self.read_count..).unwrap_or(&[])
    }
}

pub(super) fn read(fail: Fail, body: &[Word]) -> Result<Settings<'_>, ImageError> {
    let mut words = Words { all: body, read_count: 0 };
    let settings = settings(fail, &mut words)?;
    let (raw, behind) =
        check(words.rest(), Table::Raw).map_err(|(fault, at)| ImageError::Raw(fault, at))?;
    let (filter, behind) =
        check(behind, Table::Filter).map_err(|(fault, at)| ImageError::Filter(fault, at))?;
    match behind {
        [] => Ok(Settings { raw: RawRules(raw), filter, ..settings }),
        _ => Err(ImageError::Behind),
    }
}

/// The settings, with no rules.
fn settings<'f>(fail: Fail, words: &mut Words<'_>) -> Result<Settings<'f>, ImageError> {
    let [log, victim, flags, max_retrans] = words.word()?;
    let log = words.known(LogLevel::ALL.get(usize::from(log)).copied())?;
    let victim = words.known(Victim::ALL.get(usize::from(victim)).copied())?;
    let all_flags = LOOSE | BE_LIBERAL | IGNORE_INVALID_RST | CHECKSUM;
    let flags = words.known((flags & !all_flags == 0).then_some(flags))?;
    let max = Some(words.number()?).filter(|max| *max > 0);
    let timeouts = timeouts_of(words)?;
    let tcp = TcpConfig {
        loose: flags & LOOSE != 0,
        be_liberal: flags & BE_LIBERAL != 0,
        ignore_invalid_rst: flags & IGNORE_INVALID_RST != 0,
        max_retrans,
    };
    let config = Config { timeouts, tcp, checksum: flags & CHECKSUM != 0, unfinished_sums: false };
    let full = Full { victim, source_cap: source_cap(words)?, adaptive: adaptive(words)? };
    let mut reserves = [Amount::NONE; Class::MAX_COUNT];
    for reserve in &mut reserves {
        *reserve = amount(words)?;
    }
    Ok(Settings { fail, log, max, config, full, reserves, ..Settings::BARE })
}

fn timeouts_of(words: &mut Words<'_>) -> Result<TimeoutPolicy, ImageError> {
    Timeout::ALL.iter().try_fold(TimeoutPolicy::LINUX, |timeouts, &timeout| {
        let seconds = words.number()?;
        let seconds = words.known((seconds <= MAX_SECONDS).then_some(seconds))?;
        Ok(timeouts.with(timeout, seconds))
    })
}

fn source_cap(words: &mut Words<'_>) -> Result<Option<(Amount, Prefix)>, ImageError> {
    match (amount(words)?, words.word()?) {
        (Amount::NONE, [0, 0, 0, 0]) => Ok(None),
        (Amount::NONE, _) => words.known(None),
        (most, [v4_len, v6_len, 0, 0]) => {
            let prefix = words.known(Prefix::new(v4_len, v6_len))?;
            Ok(Some((most, prefix)))
        }
        _ => words.known(None),
    }
}

fn adaptive(words: &mut Words<'_>) -> Result<Option<(Amount, Amount)>, ImageError> {
    match (amount(words)?, amount(words)?) {
        (Amount::NONE, Amount::NONE) => Ok(None),
        (start, end) if end != Amount::NONE => Ok(Some((start, end))),
        _ => words.known(None),
    }
}

fn amount(words: &mut Words<'_>) -> Result<Amount, ImageError> {
    let word = words.number()?;
    let number = word & Amount::MAX;
    words.known(match word >> 30 {
        0 => Some(Amount::Entries(number)),
        1 if (1..=MAX_PERCENT).contains(&number) => Some(Amount::Percent(number)),
        2 if number > 0 => Some(Amount::Part(number)),
        _ => None,
    })
}

/// An amount as an image holds it, if it can.
#[cfg(feature = "write")]
pub(super) fn word_of(amount: Amount) -> Option<u32> {
    let (kind, number, least, most) = match amount {
        Amount::Entries(number) => (0, number, 0, Amount::MAX),
        Amount::Percent(number) => (1, number, 1, MAX_PERCENT),
        Amount::Part(number) => (2, number, 1, Amount::MAX),
    };
    (least..=most).contains(&number).then_some(kind << 30 | number)
}

impl Settings<'_> {
    /// Usual settings without a rule: nothing passes FORWARD.
    pub(super) const BARE: Self = Configuration {
        fail: Fail::Default,
        log: LogLevel::Drops,
        max: None,
        config: Config::DEFAULT,
        full: Full { victim: Victim::Ranked, source_cap: None, adaptive: None },
        reserves: [Amount::NONE; Class::MAX_COUNT],
        raw: RawRules(Rules::none(Policy::Accept)),
        filter: Rules::none(Policy::Drop),
    };
}
