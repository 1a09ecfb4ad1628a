//! `--on-full`: what happens when the table is full, as it is typed: `name:key=value,...`.

mod amount;
mod common;
mod gateway;
mod list;
mod notes;
mod policy;

use std::fmt;
use std::str::FromStr;

use crate::diagnostic::nearest;
use crate::peers::{Checked, Keys, Known, PEERS};

pub(crate) use amount::Amount;
use common::Common;
pub(crate) use gateway::typed;
pub use list::Specs;
pub(crate) use notes::{Table, notes};
pub(crate) use policy::{Built, Size, rule, would_need};
pub use policy::{Choice, OfZones, Policy, SourceCaps};

/// What happens when the table is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    name: &'static str,
    keys: Keys,
    does: Does,
    /// How many runs are asked for, each with another seed.
    seeds: Option<u64>,
}

/// Whose behaviour that is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Does {
    /// A policy of keeptrack's, under its caps.
    Own(Own, Common),
    /// That of another system, which [`PEERS`] knows by its name.
    Peers,
}

/// A policy of keeptrack's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    /// The newcomer is refused.
    Refuse,
    /// A few slots are looked at; their choice follows from the seed.
    EarlyDrop { seed: u64 },
    /// Whoever is most finished leaves; between those that have hardly begun the seed decides.
    Ranked { seed: u64 },
    /// Timeouts shrink from `start` entries on, to nothing at `end`.
    Adaptive { start: Amount, end: Amount, with: With },
}

/// What `adaptive` does when the table is full all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    Refuse,
    EarlyDrop { seed: u64 },
    Ranked { seed: u64 },
}

/// keeptrack's policies, and the parameters that each has besides the common ones.
const OWN: [(&str, &[&str]); 4] = [
    ("refuse", &[]),
    ("early-drop", &["seed", "seeds"]),
    ("ranked", &["seed", "seeds"]),
    ("adaptive", &["start", "end", "with", "seed", "seeds"]),
];
/// What may stand behind `adaptive:with=`.
const WITH: [&str; 3] = ["refuse", "early-drop", "ranked"];
/// The peer whose forecasts need its buckets.
const LINUX: &str = "linux";
/// The most runs of one policy with different seeds.
const MAX_SEEDS: u64 = 100;
/// pf's own: where timeouts begin to shrink, and where nothing would be left of them.
const ADAPTIVE: (Amount, Amount) = (Amount::Percent(60), Amount::Percent(120));

impl Spec {
    /// What keeptrack does if nothing else is said.
    #[must_use]
    pub fn ranked() -> Self {
        let does = Does::Own(Own::Ranked { seed: 0 }, Common::RANKED);
        Self { name: "ranked", keys: Keys::default(), does, seeds: None }
    }

    /// What Linux does, with as many buckets as entries.
    #[must_use]
    pub fn linux() -> Self {
        Self { name: LINUX, keys: Keys::default(), does: Does::Peers, seeds: None }
    }

    /// Its name, without parameters.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it forecasts what a Linux kernel does, so that buckets count.
    #[must_use]
    pub fn is_linux(&self) -> bool {
        self.name == LINUX
    }

    /// Whether it is the behaviour of another system.
    #[must_use]
    pub fn is_peer(&self) -> bool {
        self.does == Does::Peers
    }

    /// Whose behaviour it is and what that was checked against, in words; nothing for keeptrack's
    /// own.
    pub(crate) fn checked(&self) -> Option<String> {
        let Known { does, checked, .. } = PEERS.iter().find(|peer| peer.name == self.name)?;
        let against = match checked {
            Checked::Measured => "measured".to_owned(),
            Checked::Source(version) => format!("read in its source, {version}"),
        };
        Some(format!("{does} ({against})"))
    }

    /// One that is to run alone.
    ///
    /// # Errors
    /// When it is none, or asks for several runs.
    pub fn alone(text: &str) -> Result<Self, String> {
        let spec: Self = text.parse()?;
        match spec.seeds {
            Some(_) => Err("`seeds` are several runs: give it to --compare".into()),
            None => Ok(spec),
        }
    }

    /// How many runs are asked for, each with another seed, if that was said.
    #[must_use]
    pub const fn seeds(&self) -> Option<u64> {
        self.seeds
    }

    /// The seed that its choices follow from, if they follow from one.
    pub(crate) fn seed(&self) -> Option<u64> {
        let has_seed = match &self.does {
            Does::Own(own, _) => own.clone().seed_mut().is_some(),
            Does::Peers => PEERS
                .iter()
                .filter(|peer| peer.name == self.name)
                .any(|peer| peer.keys.iter().any(|(key, _)| *key == "seed")),
        };
        self.keys.number("seed", 0).ok().filter(|_| has_seed).map(|seed| seed as u64)
    }

    /// The runs that it stands for: one, or one for each seed, the first of which is the one typed.
    pub(crate) fn runs(&self) -> Vec<Self> {
        let first = self.keys.number("seed", 0).unwrap_or(0) as u64;
        let Some(count) = self.seeds else { return vec![self.clone()] };
        let run = |seed: u64| {
            let mut run = Self { seeds: None, ..self.clone() };
            run.keys.remove("seeds");
            run.keys.set("seed", &seed.to_string());
            if let Does::Own(own, _) = &mut run.does
                && let Some(own) = own.seed_mut()
            {
                *own = seed;
            }
            run
        };
        (0..count).map(|nth| run(first.wrapping_add(nth))).collect()
    }

    /// The same with so many buckets, whatever was typed; nothing for others than Linux.
    pub(crate) fn at_buckets(mut self, count: u64) -> Self {
        if self.is_linux() {
            self.keys.set("buckets", &count.to_string());
        }
        self
    }

    /// The same with so many buckets, if it is Linux's and no number was typed; its seed is named
    /// then, too, since the forecast holds for no other.
    pub(crate) fn with_buckets(mut self, count: u64) -> Self {
        if self.is_linux() {
            if self.keys.value("buckets").is_none() {
                self.keys.set("buckets", &count.to_string());
            }
            if self.seeds.is_none() && self.keys.value("seed").is_none() {
                self.keys.set("seed", "0");
            }
        }
        self
    }

    /// Its buckets, if it has some.
    pub(crate) fn buckets(&self) -> Option<u64> {
        self.keys.value("buckets")?.parse().ok().filter(|_| self.is_linux())
    }
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, keys) = match text.split_once(':') {
            Some((_, "")) => return Err(format!("no parameter behind `{text}`")),
            Some((name, keys)) => (name, keys),
            None => (text, ""),
        };
        let keys = Keys::parse(keys)?;
        let said = |wrong: String| format!("{name}: {wrong}");
        if let Some((name, own_keys)) = OWN.iter().find(|(own, _)| *own == name) {
            let known: Vec<&str> = own_keys.iter().copied().chain(common::KEYS).collect();
            keys.only(&known).map_err(said)?;
            let own = own(name, &keys).map_err(said)?;
            let usual = if own.is_ranked() { Common::RANKED } else { Common::NONE };
            let common = usual.with(&keys).map_err(said)?;
            let seeds = seeds(&keys).map_err(said)?;
            return Ok(Self { name, does: Does::Own(own, common), keys, seeds });
        }
        let Some(peer) = PEERS.iter().find(|peer| peer.name == name) else {
            return Err(unknown(name));
        };
        let mut known: Vec<&str> = peer.keys.iter().map(|(key, _)| *key).collect();
        if known.contains(&"seed") {
            known.push("seeds");
        }
        keys.only(&known).map_err(said)?;
        let seeds = seeds(&keys).map_err(said)?;
        Ok(Self { name: peer.name, keys, does: Does::Peers, seeds })
    }
}

/// As it was typed.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.keys.to_string() {
            keys if keys.is_empty() => Ok(()),
            keys => write!(f, ":{keys}"),
        }
    }
}

impl Own {
    /// The seed that it draws from; those that draw nothing have none.
    const fn seed_mut(&mut self) -> Option<&mut u64> {
        match self {
            Self::EarlyDrop { seed }
            | Self::Ranked { seed }
            | Self::Adaptive { with: With::EarlyDrop { seed } | With::Ranked { seed }, .. } => {
                Some(seed)
            }
            Self::Refuse | Self::Adaptive { with: With::Refuse, .. } => None,
        }
    }

    const fn is_ranked(self) -> bool {
        matches!(self, Self::Ranked { .. } | Self::Adaptive { with: With::Ranked { .. }, .. })
    }
}

/// Every name that may be typed.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    OWN.iter().map(|(name, _)| *name).chain(PEERS.iter().map(|peer| peer.name))
}

fn unknown(name: &str) -> String {
    let listed: Vec<_> = names().collect();
    let meant = nearest(name, names()).map(|meant| format!("; did you mean `{meant}`?"));
    format!("`{name}` is none of {}{}", listed.join(", "), meant.unwrap_or_default())
}

/// A policy of keeptrack's with its own parameters.
fn own(name: &str, keys: &Keys) -> Result<Own, String> {
    let seed = keys.number("seed", 0)? as u64;
    Ok(match name {
        "refuse" => Own::Refuse,
        "early-drop" => Own::EarlyDrop { seed },
        "ranked" => Own::Ranked { seed },
        _ => adaptive(seed, keys)?,
    })
}

fn adaptive(seed: u64, keys: &Keys) -> Result<Own, String> {
    let amount = |key: &str, usual: Amount| match keys.value(key) {
        None => Ok(usual),
        Some(text) => Amount::parse(text).ok_or_else(|| {
            format!("`{key}={text}`: write a number of entries, or a share of the table (`60%`)")
        }),
    };
    let (start, end) = (amount("start", ADAPTIVE.0)?, amount("end", ADAPTIVE.1)?);
    let with = match keys.value("with") {
        None | Some("refuse") => With::Refuse,
        Some("early-drop") => With::EarlyDrop { seed },
        Some("ranked") => With::Ranked { seed },
        Some(other) => {
            let meant = nearest(other, WITH).map(|meant| format!("; did you mean `{meant}`?"));
            let meant = meant.unwrap_or_default();
            return Err(format!("`with={other}`: one of {}{meant}", WITH.join(", ")));
        }
    };
    let draws = with != With::Refuse;
    if let Some(key) = ["seed", "seeds"].into_iter().find(|key| keys.value(key).is_some() && !draws)
    {
        return Err(format!("`{key}` is for `with=early-drop` and `with=ranked`"));
    }
    Ok(Own::Adaptive { start, end, with })
}

fn seeds(keys: &Keys) -> Result<Option<u64>, String> {
    let Some(text) = keys.value("seeds") else { return Ok(None) };
    match text.parse() {
        Ok(count) if (1..=MAX_SEEDS).contains(&count) => Ok(Some(count)),
        _ => Err(format!("`seeds={text}`: write how many seeds to try, 1 to {MAX_SEEDS}")),
    }
}
