//! A policy as the gateway's image holds it, and in words again.

use keeptrack_core::{Class, Prefix};
use keeptrack_gateway::settings::{Amount, Full, Victim};

use super::common::{Common, RANKED_RESERVE, Reserve};
use super::{ADAPTIVE, Does, OWN, Own, Spec, With, amount};

/// What each class of the rules gets of `ranked`, if nothing else is said.
const USUAL_RESERVE: Amount = Amount::Part(RANKED_RESERVE);

/// The slots that are kept for each class, by the class's place.
pub(crate) type Reserves = [Amount; Class::MAX_COUNT];

impl Spec {
    /// What the gateway does so, but for what it keeps for classes.
    ///
    /// # Errors
    /// What of it the gateway cannot do.
    pub(crate) fn at_gateway(&self) -> Result<Full, String> {
        let said = |wrong: &str| format!("{}: {wrong}", self.name);
        let Does::Own(own, common) = &self.does else {
            return Err(format!(
                "`{}` is what another system does: the gateway has {}",
                self.name,
                OWN.map(|(name, _)| name).join(", ")
            ));
        };
        if let Some(key) = ["seed", "seeds"].into_iter().find(|key| self.keys.value(key).is_some())
        {
            return Err(said(&format!("`{key}` is for replays, which are to be the same again")));
        }
        if common.zone.is_some() {
            return Err(said("`zone`: the gateway has no cap on zones"));
        }
        let source_cap = match common.source {
            None => None,
            Some(cap) => {
                let prefix = Prefix::new(common.v4_len, common.v6_len);
                let prefix = prefix.ok_or_else(|| said("a source has at most 32 and 64 bits"))?;
                Some((held("source", cap).map_err(|wrong| said(&wrong))?, prefix))
            }
        };
        let (victim, adaptive) = match *own {
            Own::Refuse => (Victim::Refuse, None),
            Own::EarlyDrop { .. } => (Victim::EarlyDrop, None),
            Own::Ranked { .. } => (Victim::Ranked, None),
            Own::Adaptive { start, end, with } => {
                let line = |name, at| held(name, at).map_err(|wrong| said(&wrong));
                (victim(with), Some((line("start", start)?, line("end", end)?)))
            }
        };
        Ok(Full { victim, source_cap, adaptive })
    }

    /// What the gateway keeps for classes, of which these are the names.
    ///
    /// # Errors
    /// When a class is named that is none of them.
    pub(crate) fn reserves_at_gateway(&self, classes: &[String]) -> Result<Reserves, String> {
        let Does::Own(_, Common { reserve, .. }) = &self.does else { return Ok(NO_RESERVES) };
        let said = |wrong: String| format!("{}: {wrong}", self.name);
        let mut reserves = NO_RESERVES;
        for (place, class) in reserves.iter_mut().zip(classes) {
            *place = match reserve {
                Reserve::Nothing => Amount::NONE,
                Reserve::Usual => USUAL_RESERVE,
                Reserve::Each(amount) => held("reserve", *amount).map_err(said)?,
                Reserve::Named(named) => match named.iter().find(|(name, _)| name == class) {
                    Some((_, amount)) => held("reserve", *amount).map_err(said)?,
                    None => Amount::NONE,
                },
            };
        }
        reserve.check(classes).map_err(said)?;
        Ok(reserves)
    }
}

const NO_RESERVES: Reserves = [Amount::NONE; Class::MAX_COUNT];

/// What of an image's policy is to be typed, with these names of its classes.
pub(crate) fn typed(full: &Full, reserves: &Reserves, classes: &[String]) -> String {
    let mut keys = Vec::new();
    let name = match full.adaptive {
        None => full.victim.name(),
        Some((start, end)) => {
            let usual = [ADAPTIVE.0, ADAPTIVE.1].map(|usual| held("", usual).ok());
            if [Some(start), Some(end)] != usual {
                keys.push(format!("start={},end={}", words(start), words(end)));
            }
            if full.victim != Victim::Refuse {
                keys.push(format!("with={}", full.victim.name()));
            }
            "adaptive"
        }
    };
    keys.extend(source_key(full));
    keys.extend(reserve_key(reserves, classes, full.victim));
    if keys.is_empty() { name.to_owned() } else { format!("{name}:{}", keys.join(",")) }
}

/// The cap on each source, unless it is the usual one.
fn source_key(full: &Full) -> Option<String> {
    let usual = match full.victim {
        Victim::Ranked => Common::RANKED,
        Victim::Refuse | Victim::EarlyDrop => Common::NONE,
    };
    let usual = usual.source.and_then(|cap| Some((held("", cap).ok()?, Prefix::ADDRESS)));
    if full.source_cap == usual {
        return None;
    }
    Some(match full.source_cap {
        None => "source=none".to_owned(),
        Some((cap, Prefix::ADDRESS)) => format!("source={}", words(cap)),
        Some((cap, prefix)) => {
            format!("source={},v4={},v6={}", words(cap), prefix.v4_len(), prefix.v6_len())
        }
    })
}

/// The slots that are kept for classes, unless they are the usual ones.
fn reserve_key(reserves: &Reserves, classes: &[String], victim: Victim) -> Option<String> {
    let usual = match victim {
        Victim::Ranked => USUAL_RESERVE,
        Victim::Refuse | Victim::EarlyDrop => Amount::NONE,
    };
    let of_classes: Vec<_> = reserves.iter().zip(classes).collect();
    if of_classes.iter().all(|(amount, _)| **amount == usual) {
        return None;
    }
    let kept = of_classes.iter().filter(|(amount, _)| **amount != Amount::NONE);
    let kept: Vec<_> = kept.map(|(amount, class)| format!("{class}/{}", words(**amount))).collect();
    Some(format!("reserve={}", if kept.is_empty() { "none".to_owned() } else { kept.join("+") }))
}

/// An amount as `--on-full` takes it.
fn words(amount: Amount) -> String {
    match amount {
        Amount::Entries(count) => count.to_string(),
        Amount::Percent(share) => format!("{share}%"),
        // No text asks for another part than the usual one, which is not typed.
        Amount::Part(parts) => format!("{}%", 100_u32.div_ceil(parts.max(1))),
    }
}

/// An amount as an image holds it.
fn held(key: &str, amount: amount::Amount) -> Result<Amount, String> {
    let number = |count: usize| u32::try_from(count).ok().filter(|count| *count <= Amount::MAX);
    let held = match amount {
        amount::Amount::Entries(count) => number(count).map(Amount::Entries),
        amount::Amount::Percent(share) => number(share).map(Amount::Percent),
    };
    held.ok_or_else(|| format!("`{key}={amount}` is more than any gateway has"))
}

const fn victim(with: With) -> Victim {
    match with {
        With::Refuse => Victim::Refuse,
        With::EarlyDrop { .. } => Victim::EarlyDrop,
        With::Ranked { .. } => Victim::Ranked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<String> {
        vec!["ssh".to_owned(), "bgp".to_owned()]
    }

    fn held(text: &str) -> Result<(Full, Reserves), String> {
        let spec = Spec::alone(text)?;
        Ok((spec.at_gateway()?, spec.reserves_at_gateway(&classes())?))
    }

    #[test]
    fn what_is_held_is_typed_again_in_the_shortest_way() {
        let cases = [
            ("ranked", "ranked"),
            ("ranked:source=75%,v4=32", "ranked"),
            ("ranked:source=none,reserve=none", "ranked:source=none,reserve=none"),
            ("ranked:source=100,v4=24", "ranked:source=100,v4=24,v6=64"),
            ("ranked:reserve=ssh/64+bgp/2%", "ranked:reserve=ssh/64+bgp/2%"),
            ("ranked:reserve=bgp/8", "ranked:reserve=bgp/8"),
            ("refuse:reserve=4", "refuse:reserve=ssh/4+bgp/4"),
            ("early-drop", "early-drop"),
            ("adaptive", "adaptive"),
            ("adaptive:start=60%,end=120%,with=refuse", "adaptive"),
            ("adaptive:start=50%,with=ranked", "adaptive:start=50%,end=120%,with=ranked"),
            ("adaptive:with=early-drop,source=9", "adaptive:with=early-drop,source=9"),
        ];
        for (text, expected) in cases {
            let (full, reserves) = held(text).unwrap();
            let again = typed(&full, &reserves, &classes());
            assert_eq!(again, expected);
            assert_eq!(held(&again), Ok((full, reserves)), "{text}");
        }
    }

    #[test]
    fn what_a_gateway_cannot_do_is_refused() {
        let cases = [
            ("linux:buckets=64", "`linux` is what another system does: the gateway has refuse,"),
            ("ranked:seed=7", "ranked: `seed` is for replays"),
            ("refuse:zone=5", "refuse: `zone`: the gateway has no cap on zones"),
            ("ranked:reserve=dns/5", "ranked: `reserve=dns/..`: `dns` is none of"),
            ("refuse:source=2000000000", "`source=2000000000` is more than any gateway has"),
        ];
        for (text, expected) in cases {
            let said = held(text).unwrap_err();
            assert!(said.contains(expected), "{said}");
        }
    }
}
