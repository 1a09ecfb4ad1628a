//! The tracker's own counters, as `conntrack -S`, /proc/net/stat/nf_conntrack, `conntrack -C` or
//! node_exporter tell them.

use std::fmt::{self, Display, Formatter};

use super::draft::number;
use super::fault::{Error, Fault, Why};
use super::line::Footer;
use super::tokens::Tokens;

/// The name of how many entries there are, which every CPU tells alike.
const ENTRIES: &str = "entries";
/// The columns of /proc that stand apart from those before them.
const APART: [&str; 3] = ["clashres", "searched", "expect_new"];
/// What stands in front of node_exporter's names.
const EXPORTER: &str = "node_nf_conntrack_";

/// Counters of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// How they are written.
    pub form: StatisticsForm,
    /// What each CPU tells; a single one where the form does not tell CPUs apart.
    pub cpus: Vec<Cpu>,
}

/// The counters of one CPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu {
    /// Which one.
    pub number: u32,
    /// The counters by their names, in their order.
    pub counters: Vec<(Box<str>, u64)>,
}

/// How counters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatisticsForm {
    /// `conntrack -S`: `cpu=0   \tfound=0 invalid=1 ... `.
    Tool,
    /// /proc/net/stat/nf_conntrack: names, then a line of hexadecimal numbers for each CPU.
    Proc,
    /// `conntrack -C` or `nf_conntrack_count`: the number of entries.
    Count,
    /// node_exporter's exposition, without what is not of conntrack.
    Exposition,
}

impl Statistics {
    /// Reads counters in whichever of the forms.
    ///
    /// # Errors
    /// When it is none of them, or a number is none.
    pub fn read(text: &str) -> Result<Self, Error> {
        let is_told = |line: &&str| !line.trim().is_empty() && Footer::read(line).is_none();
        let mut lines = text.lines().enumerate().filter(|(_, line)| is_told(line));
        let (index, first) = lines.clone().next().unwrap_or_default();
        let form = StatisticsForm::of(first)
            .ok_or_else(|| at(index, Fault::Unknown(first.trim().into())))?;
        let mut statistics = Self { form, cpus: Vec::new() };
        let names: Vec<&str> = match form {
            StatisticsForm::Proc => Tokens::new(lines.next().unwrap_or_default().1).collect(),
            _ => Vec::new(),
        };
        for (index, line) in lines {
            statistics.line(&names, line).map_err(|fault| at(index, fault))?;
        }
        Ok(statistics)
    }

    /// The sum over all CPUs; `None` where no CPU has a counter of that name.
    #[must_use]
    pub fn sum(&self, name: &str) -> Option<u64> {
        let counters = self.cpus.iter().flat_map(|cpu| &cpu.counters);
        let values = counters.filter(|counter| &*counter.0 == name).map(|counter| counter.1);
        values.reduce(|sum, value| match name {
            ENTRIES => sum.max(value),
            _ => sum.wrapping_add(value),
        })
    }

    fn line(&mut self, names: &[&str], line: &str) -> Result<(), Fault> {
        let mut tokens = Tokens::new(line);
        let mut number = u32::try_from(self.cpus.len()).unwrap_or(u32::MAX);
        let counters = match self.form {
            StatisticsForm::Tool => {
                number = self::number(value_of("cpu", &mut tokens)?, line)?;
                tokens.map(named).collect::<Result<_, _>>()?
            }
            StatisticsForm::Proc => in_columns(names, tokens)?,
            StatisticsForm::Count => vec![(ENTRIES.into(), self::number(line.trim(), line)?)],
            StatisticsForm::Exposition => {
                let counter = exposed(tokens)?;
                if let Some(cpu) = self.cpus.first_mut() {
                    cpu.counters.extend(counter);
                    return Ok(());
                }
                counter.into_iter().collect()
            }
        };
        self.cpus.push(Cpu { number, counters });
        Ok(())
    }
}

impl StatisticsForm {
    /// The form of a text with that first line.
    fn of(line: &str) -> Option<Self> {
        let mut tokens = Tokens::new(line);
        let first = tokens.next()?;
        let is_alone = tokens.next().is_none();
        match first {
            "#" => Some(Self::Exposition),
            _ if first.starts_with("cpu=") => Some(Self::Tool),
            ENTRIES if !is_alone => Some(Self::Proc),
            _ if is_alone && first.parse::<u64>().is_ok() => Some(Self::Count),
            _ if first.starts_with(EXPORTER) => Some(Self::Exposition),
            _ => None,
        }
    }
}

fn at(index: usize, fault: Fault) -> Error {
    Error { line: index as u64 + 1, why: Why::Fault(fault) }
}

/// The value of the next word, which is to have that name.
fn value_of<'l>(name: &'static str, tokens: &mut Tokens<'l>) -> Result<&'l str, Fault> {
    let word = tokens.next().ok_or(Fault::Missing(name))?;
    let pair = word.split_once('=').filter(|pair| pair.0 == name);
    pair.map(|pair| pair.1).ok_or_else(|| Fault::Unknown(word.into()))
}

/// A word such as `found=0`.
fn named(word: &str) -> Result<(Box<str>, u64), Fault> {
    let (name, value) = word.split_once('=').ok_or_else(|| Fault::Unknown(word.into()))?;
    Ok((name.into(), number(value, word)?))
}

fn in_columns(names: &[&str], mut tokens: Tokens<'_>) -> Result<Vec<(Box<str>, u64)>, Fault> {
    let mut counters = Vec::with_capacity(names.len());
    for name in names {
        let word = tokens.next().ok_or(Fault::Missing("number for every name"))?;
        let value = u64::from_str_radix(word, 16).map_err(|_| Fault::Value(word.into()))?;
        counters.push(((*name).into(), value));
    }
    match tokens.next() {
        None => Ok(counters),
        Some(word) => Err(Fault::Unknown(word.into())),
    }
}

/// A counter of conntrack's in an exposition.
fn exposed(mut tokens: Tokens<'_>) -> Result<Option<(Box<str>, u64)>, Fault> {
    let Some(name) = tokens.next().and_then(|name| name.strip_prefix(EXPORTER)) else {
        return Ok(None);
    };
    let name = name.strip_prefix("stat_").unwrap_or(name);
    let word = tokens.next().ok_or(Fault::Missing("number for every name"))?;
    Ok(Some((name.into(), number(word, word)?)))
}

/// As it was read; of an exposition the numbers alone.
impl Display for Statistics {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let (StatisticsForm::Proc, Some(first)) = (self.form, self.cpus.first()) {
            write_columns(f, &first.counters, |f, counter| f.write_str(&counter.0))?;
        }
        for Cpu { number, counters } in &self.cpus {
            match self.form {
                StatisticsForm::Tool => {
                    write!(f, "cpu={number:<4}\t")?;
                    counters.iter().try_for_each(|(name, value)| write!(f, "{name}={value} "))?;
                    writeln!(f)?;
                }
                StatisticsForm::Proc => {
                    write_columns(f, counters, |f, counter| write!(f, "{:08x}", counter.1))?;
                }
                StatisticsForm::Count | StatisticsForm::Exposition => {
                    counters.iter().try_for_each(|(_, value)| writeln!(f, "{value}"))?;
                }
            }
        }
        Ok(())
    }
}

/// Writes a line of /proc: the columns in groups that two spaces part.
fn write_columns(
    f: &mut Formatter<'_>,
    counters: &[(Box<str>, u64)],
    write: impl Fn(&mut Formatter<'_>, &(Box<str>, u64)) -> fmt::Result,
) -> fmt::Result {
    let mut between = "";
    for counter in counters {
        let between_groups = if APART.contains(&&*counter.0) { "  " } else { between };
        f.write_str(between_groups)?;
        write(f, counter)?;
        between = " ";
    }
    writeln!(f)
}
