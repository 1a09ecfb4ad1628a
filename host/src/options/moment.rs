//! A moment of a capture, as people name it.

use std::str::FromStr;

use keeptrack_core::Instant;

/// A moment of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Milliseconds after the first packet.
    After(u64),
    /// Milliseconds after midnight, UTC: for the first time from the first packet on.
    OfDay(u64),
    /// Milliseconds since 1970.
    At(u64),
}

const DAY_MS: u64 = 86_400_000;

impl Moment {
    /// The moment, in a capture whose first packet came at `first`.
    #[must_use]
    pub fn instant(self, first: Instant) -> Instant {
        let first_ms = first.as_millis();
        Instant::from_millis(match self {
            Self::After(millis) => first_ms.saturating_add(millis),
            Self::OfDay(millis) => {
                first_ms.saturating_add((millis + DAY_MS - first_ms % DAY_MS) % DAY_MS)
            }
            Self::At(millis) => millis,
        })
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no moment: write `+1m30s` after the first packet, `14:06:12.5` UTC, \
                 or seconds since 1970"
            )
        };
        let moment = if let Some(lasting) = text.strip_prefix('+') {
            lasting_ms(lasting).map(Self::After)
        } else if text.contains(':') {
            of_day_ms(text).map(Self::OfDay)
        } else {
            seconds_ms(text).map(Self::At)
        };
        moment.ok_or_else(wrong)
    }
}

/// `1h`, `1m30s`, `90`, `0.5s`: the largest unit first.
fn lasting_ms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut sum_ms: u64 = 0;
    for (unit, seconds) in [('d', 86_400), ('h', 3_600), ('m', 60)] {
        if let Some((count, behind)) = rest.split_once(unit) {
            sum_ms = sum_ms.checked_add(count.parse::<u64>().ok()?.checked_mul(seconds * 1000)?)?;
            rest = behind;
        }
    }
    if rest.is_empty() && !text.is_empty() {
        return Some(sum_ms);
    }
    sum_ms.checked_add(seconds_ms(rest.strip_suffix('s').unwrap_or(rest))?)
}

/// `14:06`, `14:06:12`, `14:06:12.480`.
fn of_day_ms(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, ':');
    let hours: u64 = parts.next()?.parse().ok().filter(|hours| *hours < 24)?;
    let minutes: u64 = parts.next()?.parse().ok().filter(|minutes| *minutes < 60)?;
    let within_ms = seconds_ms(parts.next().unwrap_or("0")).filter(|millis| *millis < 60_000)?;
    Some((hours * 60 + minutes) * 60_000 + within_ms)
}

/// `12`, `12.5`: what is finer than a millisecond is rounded down.
fn seconds_ms(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if part.is_empty() || !part.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let millis: u64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(millis)
}

#[cfg(test)]
mod tests {
    use super::{Instant, Moment};

    #[test]
    fn a_moment_is_after_the_first_packet_of_the_day_or_since_1970() {
        let first = Instant::from_millis(1_795_355_193_625);
        let cases = [
            ("+90", 1_795_355_283_625),
            ("+1m30.25s", 1_795_355_283_875),
            ("+2h", 1_795_362_393_625),
            ("13:46:34", 1_795_355_194_000),
            ("13:46:33.6", 1_795_441_593_600),
            ("1795355204.29", 1_795_355_204_290),
        ];
        for (text, millis) in cases {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(moment.instant(first).as_millis(), millis, "{text}");
        }
        for wrong in ["", "+", "+1x", "25:00", "12:60", "12:00:60", "-1", "1.x", "1e3", "now"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }
}
