//! The settings of conntrack as an admin has them, and the gateway's own: text of sysctl in any form,
//! or typed.

mod gateway;
mod line;
mod names;
mod reader;
mod value;

use std::collections::BTreeMap;
use std::fmt;

use keeptrack_core::fragment::Limits;
use keeptrack_core::{Config, Timeout};

use crate::capture::printable;
pub use crate::diagnostic::Diagnostics as Error;
use crate::diagnostic::{Diagnostic, Faults};

pub(crate) use self::gateway::Gateway;
use self::names::{Effect, Frag, Without};
use self::reader::Given;
use crate::source::Source;

/// With the module's option `hashsize`, Linux makes the limit so many times as many entries.
const ENTRIES_A_BUCKET: u64 = 8;
/// Linux fills pages with buckets: so many where a page has 4096 bytes and a pointer 8.
///
/// `nf_ct_alloc_hashtable` rounds up to a multiple of it, `nf_conntrack_init_start` multiplies what
/// comes out; known from Linux's source, not measured.
const BUCKETS_A_PAGE: u64 = 512;

/// The settings of some files: of each name the last one.
#[derive(Debug, Default)]
pub struct Settings {
    by_name: BTreeMap<String, Setting>,
    /// The gateway's own, if they are of use.
    gateway: Option<Gateway>,
    other_count: usize,
}

#[derive(Debug)]
struct Setting {
    value: u64,
    effect: Effect,
    origin: Origin,
    /// What to say if nothing comes behind it: it is a timeout that cannot be counted.
    too_long: Option<Box<Diagnostic>>,
}

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of a file.
    Line {
        /// The file as typed. Not made safe for a terminal.
        file: String,
        /// Which line, from 1.
        line: usize,
    },
    /// The command line.
    Typed,
}

/// A setting that is not as usual and has no effect here.
#[derive(Debug, Clone, Copy)]
pub struct Ignored<'s> {
    /// Its name, as Linux has it today.
    pub name: &'s str,
    /// What it is set to.
    pub value: u64,
    /// Where.
    pub origin: &'s Origin,
    /// Why it has no effect.
    pub why: &'static str,
}

impl Settings {
    /// Reads what was typed: each word is a file, or else `NAME=VALUE`.
    ///
    /// # Errors
    /// All that is wrong with the files, at most 20 errors of each: none of their settings is used
    /// then.
    pub fn load(given: &[String]) -> Result<Self, Error> {
        Self::default().gathered(given.iter().map(|word| Given::of(word)))
    }

    /// Those of texts, one behind the other.
    ///
    /// # Errors
    /// As of [`load`](Self::load).
    pub(crate) fn of_texts(texts: &[Source]) -> Result<Self, Error> {
        let again = |text: &Source| Source::new(text.name().to_owned(), text.text().to_owned());
        Self::default().gathered(texts.iter().map(|text| Ok(Given::File(again(text)))))
    }

    /// The same of a gateway.
    ///
    /// # Errors
    /// As of [`load`](Self::load).
    pub(crate) fn load_gateway(given: &[String]) -> Result<Self, Error> {
        Self::of_gateway().gathered(given.iter().map(|word| Given::of(word)))
    }

    /// Those of a gateway, from a text that was read otherwise.
    ///
    /// # Errors
    /// As of [`load`](Self::load).
    pub(crate) fn of_gateway_text(text: Source) -> Result<Self, Error> {
        Self::of_gateway().gathered([Ok(Given::File(text))].into_iter())
    }

    fn of_gateway() -> Self {
        Self { gateway: Some(Gateway::default()), ..Self::default() }
    }

    fn gathered(
        self,
        given: impl Iterator<Item = Result<Given, Diagnostic>>,
    ) -> Result<Self, Error> {
        let mut settings = self;
        let mut diagnostics = Vec::new();
        for given in given {
            match given {
                Ok(given) => {
                    let faults = Faults::of(given.source(), &mut diagnostics);
                    reader::read(&given, &mut settings, faults);
                }
                Err(unreadable) => diagnostics.push(unreadable),
            }
        }
        let held = settings.by_name.values_mut();
        diagnostics.extend(held.filter_map(|setting| setting.too_long.take()).map(|long| *long));
        Error::unless(diagnostics, settings)
    }

    /// `config` with what is set here.
    #[must_use]
    pub fn apply(&self, mut config: Config) -> Config {
        for setting in self.by_name.values() {
            match setting.effect {
                Effect::Timeout(timeout) => {
                    config.timeouts = config.timeouts.with(timeout, setting.seconds());
                }
                Effect::Loose => config.tcp.loose = setting.value != 0,
                Effect::BeLiberal => config.tcp.be_liberal = setting.value != 0,
                Effect::IgnoreInvalidRst => config.tcp.ignore_invalid_rst = setting.value != 0,
                Effect::MaxRetrans => config.tcp.max_retrans = setting.byte(),
                Effect::Checksum => {
                    config.checksum = setting.value != 0;
                    // A capture shows them where the kernel took them for right.
                    config.unfinished_sums = config.checksum;
                }
                _ => {}
            }
        }
        config
    }

    /// How long parts of datagrams wait for the others, and how much of them.
    #[must_use]
    pub fn fragments(&self) -> Limits {
        let mut limits = Limits::LINUX;
        for setting in self.by_name.values() {
            let bytes = usize::try_from(setting.value).unwrap_or(usize::MAX);
            match setting.effect {
                Effect::Frag(Frag::Time) => limits.ipfrag_time = setting.seconds(),
                Effect::Frag(Frag::HighThresh) => limits.ipfrag_high_thresh = bytes,
                Effect::Frag(Frag::MaxDist) => limits.ipfrag_max_dist = setting.seconds(),
                Effect::Frag(Frag::Time6) => limits.frag6_timeout = setting.seconds(),
                Effect::Frag(Frag::HighThresh6) => limits.frag6_high_thresh = bytes,
                _ => {}
            }
        }
        limits
    }

    /// The most entries. Without `nf_conntrack_max`, that is what the module's `hashsize` makes it.
    #[must_use]
    pub fn max(&self) -> Option<(usize, &Origin)> {
        let of_module = || {
            let (buckets, origin) = self.value(names::HASH_SIZE)?;
            Some((in_pages(buckets).saturating_mul(ENTRIES_A_BUCKET), origin))
        };
        let (max, origin) = self.value("nf_conntrack_max").or_else(of_module)?;
        Some((usize::try_from(max).unwrap_or(usize::MAX), origin))
    }

    /// The buckets of Linux's hash, in whole pages as Linux makes them; each has the 8 bytes of a
    /// pointer.
    #[must_use]
    pub fn buckets(&self) -> Option<(u64, &Origin)> {
        let (buckets, origin) =
            self.value("nf_conntrack_buckets").or_else(|| self.value(names::HASH_SIZE))?;
        Some((in_pages(buckets), origin))
    }

    /// How many connections may be expected at a time: `nf_conntrack_expect_max`.
    #[must_use]
    pub fn expect_max(&self) -> Option<(usize, &Origin)> {
        let (max, origin) = self.value("nf_conntrack_expect_max")?;
        Some((usize::try_from(max).unwrap_or(usize::MAX), origin))
    }

    /// Whether packets and bytes are counted: `nf_conntrack_acct`.
    #[must_use]
    pub fn acct(&self) -> Option<(bool, &Origin)> {
        self.flag("nf_conntrack_acct")
    }

    /// Whether it is known when a connection began: `nf_conntrack_timestamp`.
    #[must_use]
    pub fn timestamp(&self) -> Option<(bool, &Origin)> {
        self.flag("nf_conntrack_timestamp")
    }

    /// A timeout, in seconds.
    #[must_use]
    pub fn timeout(&self, timeout: Timeout) -> Option<(u32, &Origin)> {
        let is_that =
            |setting: &&Setting| matches!(setting.effect, Effect::Timeout(of) if of == timeout);
        let setting = self.by_name.values().find(is_that)?;
        Some((setting.seconds(), &setting.origin))
    }

    /// The settings of conntrack that are not as usual and have no effect here, by name.
    pub fn ignored(&self) -> impl Iterator<Item = Ignored<'_>> {
        self.by_name.iter().filter_map(|(name, setting)| {
            let Effect::Without(Without { why, usual }) = setting.effect else { return None };
            let is_usual = usual.is_empty() || usual.contains(&setting.value);
            let (value, origin) = (setting.value, &setting.origin);
            (!is_usual).then_some(Ignored { name, value, origin, why })
        })
    }

    /// The settings that only a gateway has; `None`: they were not asked for.
    pub(crate) const fn gateway(&self) -> Option<&Gateway> {
        self.gateway.as_ref()
    }

    /// How many settings there are of other names than conntrack's.
    #[must_use]
    pub const fn other_count(&self) -> usize {
        self.other_count
    }

    fn value(&self, name: &str) -> Option<(u64, &Origin)> {
        self.by_name.get(name).map(|setting| (setting.value, &setting.origin))
    }

    fn flag(&self, name: &str) -> Option<(bool, &Origin)> {
        self.value(name).map(|(value, origin)| (value != 0, origin))
    }
}

impl Setting {
    /// A larger number is refused when it is read.
    fn byte(&self) -> u8 {
        u8::try_from(self.value).unwrap_or(u8::MAX)
    }

    /// A longer timeout is refused before anybody asks.
    fn seconds(&self) -> u32 {
        u32::try_from(self.value).unwrap_or(u32::MAX)
    }
}

/// Whether a line of a file that also holds other things is a setting: `net.NAME = VALUE`, or one of
/// the gateway's.
pub(crate) fn is_setting(line: &str) -> bool {
    let name = line.split('=').next().unwrap_or_default();
    name.len() < line.len() && (name.starts_with("net.") || Gateway::has(name))
}

/// So many buckets in whole pages, as Linux makes them.
pub(crate) const fn in_pages(buckets: u64) -> u64 {
    buckets.div_ceil(BUCKETS_A_PAGE).saturating_mul(BUCKETS_A_PAGE)
}

/// Safe for a terminal: `sysctl.txt:13`, or `--config`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{}:{line}", printable(file)),
            Self::Typed => f.write_str(reader::TYPED),
        }
    }
}

/// For people, in one line: `nf_conntrack_log_invalid = 1 (sysctl.txt:25) has no effect: ...`.
impl fmt::Display for Ignored<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, origin, why } = self;
        write!(f, "{name} = {value} ({origin}) has no effect: {why}")
    }
}

#[cfg(test)]
mod tests;
