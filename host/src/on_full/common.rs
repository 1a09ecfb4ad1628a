//! The parameters that all of keeptrack's own policies share: caps and reserved slots.

use super::amount::Amount;
use crate::peers::Keys;

/// The share of the table that one source gets of `ranked`, in percent, if nothing else is said.
const RANKED_SOURCE: Amount = Amount::Percent(75);
/// The part of the table that each class of the rules has for itself then.
pub(super) const RANKED_RESERVE: u32 = 32;

/// Their names.
pub(super) const KEYS: [&str; 5] = ["source", "v4", "v6", "zone", "reserve"];

/// What the newcomers of one source, one zone or one class may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Common {
    /// The most connections of one source.
    pub(crate) source: Option<Amount>,
    /// How many leading bits of its address make a source, IPv4.
    pub(crate) v4_len: u8,
    /// The same of IPv6.
    pub(crate) v6_len: u8,
    /// The most connections of one zone.
    pub(crate) zone: Option<Amount>,
    /// The slots that are kept for classes.
    pub(crate) reserve: Reserve,
}

/// The slots that are kept for the classes that rules give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reserve {
    /// None.
    Nothing,
    /// A thirty-second part of the table for each class, at least one slot.
    Usual,
    /// So many for each class.
    Each(Amount),
    /// So many for each of these classes.
    Named(Vec<(String, Amount)>),
}

impl Common {
    /// What holds when nothing is typed: caps and reserve belong to `ranked`.
    pub(super) const RANKED: Self = Self {
        source: Some(RANKED_SOURCE),
        v4_len: 32,
        v6_len: 64,
        zone: None,
        reserve: Reserve::Usual,
    };

    /// The others have none.
    pub(super) const NONE: Self =
        Self { source: None, v4_len: 32, v6_len: 64, zone: None, reserve: Reserve::Nothing };

    /// These with what is typed.
    ///
    /// # Errors
    /// The parameter that is wrong, and what it may be.
    pub(super) fn with(mut self, keys: &Keys) -> Result<Self, String> {
        if let Some(cap) = cap("source", keys)? {
            self.source = cap;
        }
        if let Some(cap) = cap("zone", keys)? {
            self.zone = cap;
        }
        self.v4_len = prefix_len("v4", 32, keys)?.unwrap_or(self.v4_len);
        self.v6_len = prefix_len("v6", 64, keys)?.unwrap_or(self.v6_len);
        if let (None, Some(key)) =
            (self.source, ["v4", "v6"].into_iter().find(|key| keys.value(key).is_some()))
        {
            return Err(format!("`{key}` says what a source is: write a cap, `source=10%`, too"));
        }
        if let Some(text) = keys.value("reserve") {
            self.reserve = reserve(text)?;
        }
        Ok(self)
    }
}

impl Reserve {
    /// The slots of each class of `classes`, in their order.
    ///
    /// # Errors
    /// When a class is named that is none of them.
    pub(super) fn slots(&self, classes: &[String], max: usize) -> Result<Vec<usize>, String> {
        self.check(classes)?;
        let of = |class: &String| match self {
            Self::Nothing => 0,
            Self::Usual => (max / RANKED_RESERVE as usize).max(1),
            Self::Each(amount) => amount.of(max),
            Self::Named(named) => {
                let of_class = named.iter().find(|(name, _)| name == class);
                of_class.map_or(0, |(_, amount)| amount.of(max))
            }
        };
        Ok(classes.iter().map(of).collect())
    }

    /// That every class that it names is one of `classes`.
    ///
    /// # Errors
    /// The first that is none.
    pub(super) fn check(&self, classes: &[String]) -> Result<(), String> {
        let Self::Named(named) = self else { return Ok(()) };
        if let Some((name, _)) = named.iter().find(|(name, _)| !classes.contains(name)) {
            return Err(match classes {
                [] => format!(
                    "`reserve={name}/..`: no rule names a class: `-j FULL --class {name}` (--rules)"
                ),
                _ => format!(
                    "`reserve={name}/..`: `{name}` is none of the rules' classes: {}",
                    classes.join(", ")
                ),
            });
        }
        Ok(())
    }
}

/// `source=75%`, `source=1000`, `source=none`.
fn cap(key: &str, keys: &Keys) -> Result<Option<Option<Amount>>, String> {
    match keys.value(key) {
        None => Ok(None),
        Some("none") => Ok(Some(None)),
        Some(text) => Amount::parse(text).map(|amount| Some(Some(amount))).ok_or_else(|| {
            format!("`{key}={text}`: write a number of entries, a share (`75%`) or `none`")
        }),
    }
}

/// `v4=24`.
fn prefix_len(key: &str, most: u8, keys: &Keys) -> Result<Option<u8>, String> {
    let Some(text) = keys.value(key) else { return Ok(None) };
    match text.strip_prefix('/').unwrap_or(text).parse() {
        Ok(len) if (1..=most).contains(&len) => Ok(Some(len)),
        _ => Err(format!("`{key}={text}`: write how many bits of the address count, 1 to {most}")),
    }
}

/// `reserve=none`, `reserve=64`, `reserve=5%`, `reserve=ssh/64+bgp/2%`.
fn reserve(text: &str) -> Result<Reserve, String> {
    if text == "none" {
        return Ok(Reserve::Nothing);
    }
    if let Some(amount) = Amount::parse(text) {
        return Ok(Reserve::Each(amount));
    }
    let wrong = |part: &str| {
        format!(
            "`reserve={text}`: `{part}` is not CLASS/SLOTS: write `ssh/64`, several with `+`, or \
             one number for every class, or `none`"
        )
    };
    let mut named: Vec<(String, Amount)> = Vec::new();
    for part in text.split('+') {
        let (name, amount) = part.split_once('/').ok_or_else(|| wrong(part))?;
        let amount = Amount::parse(amount).ok_or_else(|| wrong(part))?;
        if name.is_empty() {
            return Err(wrong(part));
        }
        if named.iter().any(|(known, _)| known == name) {
            return Err(format!("`reserve={text}`: `{name}` comes twice"));
        }
        named.push((name.to_owned(), amount));
    }
    Ok(Reserve::Named(named))
}
