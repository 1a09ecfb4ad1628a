//! The values of a swept setting as they are typed: `64k..512k`, `5,10,20`, `refuse,linux:buckets=4k`.

use keeptrack_core::{MAX_SECONDS, Timeout};

use super::super::{bucket_count, entry_count};
use crate::on_full::Specs;
use crate::settings;
use crate::sweep::{Axis, Key, MAX_SETTINGS, Value};

/// What stands behind `KEY=`.
///
/// # Errors
/// What is wrong with it, and what to write.
pub(super) fn read(key: Key, text: &str) -> Result<Axis, String> {
    let values = match key {
        Key::Max => numbers(text, |word| Ok(entry_count(word)? as u64))?
            .into_iter()
            .map(|count| Value::Entries(usize::try_from(count).unwrap_or(usize::MAX)))
            .collect(),
        Key::Buckets => numbers(text, |word| Ok(bucket_count(word)? as u64))?
            .into_iter()
            .map(|count| Value::Buckets(settings::in_pages(count)))
            .collect(),
        Key::OnFull => policies(text)?,
        Key::Timeout(timeout) => timeouts(timeout, text)?,
    };
    for (at, value) in values.iter().enumerate() {
        if values.iter().take(at).any(|before| before == value) {
            return Err(format!("{value} comes twice"));
        }
    }
    Ok(Axis { key, values })
}

/// Numbers in a list, of which each may be a range that doubles.
fn numbers(text: &str, read: impl Fn(&str) -> Result<u64, String>) -> Result<Vec<u64>, String> {
    let mut all = Vec::new();
    for word in text.split(',') {
        if word.is_empty() {
            return Err("a value is missing: write `64k..512k` or `64k,96k,128k`".into());
        }
        if word.len() > 1 && word.starts_with('0') && word.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!(
                "`{word}` begins with 0: a comma stands between values; write `1024` or `1k`"
            ));
        }
        match word.split_once("..") {
            Some((from, to)) => all.extend(doubled(word, read(from)?, read(to)?)?),
            None => all.push(read(word)?),
        }
        if all.len() > MAX_SETTINGS {
            return Err(format!("more than {MAX_SETTINGS} values"));
        }
    }
    Ok(all)
}

/// From a number on twice as much each time, up to the last one, which is always there.
fn doubled(word: &str, from: u64, to: u64) -> Result<Vec<u64>, String> {
    if from > to {
        let (low, high) = word.split_once("..").unwrap_or_default();
        return Err(format!("`{word}` runs backwards: write `{high}..{low}`"));
    }
    if from == 0 {
        return Err(format!("`{word}`: twice nothing is nothing: write a list, `0,5,10`"));
    }
    let steps = std::iter::successors(Some(from), |value| value.checked_mul(2));
    Ok(steps.take_while(|value| *value < to).chain([to]).collect())
}

fn policies(text: &str) -> Result<Vec<Value>, String> {
    let Specs(specs) = text.parse()?;
    if let Some(spec) = specs.iter().find(|spec| spec.seeds().is_some()) {
        let name = spec.name();
        return Err(format!("`seeds` are several runs: write `{name}:seed=0,{name}:seed=1`"));
    }
    Ok(specs.into_iter().map(Value::OnFull).collect())
}

fn timeouts(timeout: Timeout, text: &str) -> Result<Vec<Value>, String> {
    let values = numbers(text, |word| seconds(word).map(u64::from))?;
    // None is longer than what was read.
    let value = |seconds| Value::Timeout(timeout, u32::try_from(seconds).unwrap_or(u32::MAX));
    Ok(values.into_iter().map(value).collect())
}

/// A length of time: `30`, `30s`, `5m`, `2h`, `5d`.
fn seconds(text: &str) -> Result<u32, String> {
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
    let unit = units.into_iter().find(|(letter, _)| text.ends_with(*letter));
    let (digits, unit) = match unit {
        Some((letter, unit)) => (text.strip_suffix(letter).unwrap_or(text), unit),
        None => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| {
        format!("`{text}` is not a length of time: write `30`, `30s`, `5m` or `5d`")
    })?;
    match number.checked_mul(unit).and_then(|seconds| u32::try_from(seconds).ok()) {
        Some(seconds) if seconds <= MAX_SECONDS => Ok(seconds),
        _ => {
            Err(format!("`{text}`: an entry lives for {} days at most here", MAX_SECONDS / 86_400))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Timeout, read};

    fn shown(key: Key, text: &str) -> Result<String, String> {
        let values = read(key, text)?.values;
        Ok(values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn values_are_lists_and_ranges_that_double() {
        let udp = Key::Timeout(Timeout::Udp);
        let cases = [
            (Key::Max, "64k..512k", "65,536 131,072 262,144 524,288"),
            (Key::Max, "1000..5000,9_000", "1,000 2,000 4,000 5,000 9,000"),
            (Key::Max, "7..7", "7"),
            (Key::Buckets, "1,600", "512 1,024"),
            (udp, "0,5s,1m..3m,2h", "0s 5s 1m 2m 3m 2h"),
            (
                Key::OnFull,
                "refuse,linux:buckets=512,seed=3,ranked",
                "refuse linux:buckets=512,seed=3 ranked",
            ),
        ];
        for (key, text, values) in cases {
            assert_eq!(shown(key, text).as_deref(), Ok(values), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        let udp = Key::Timeout(Timeout::Udp);
        let cases = [
            (Key::Max, "", "a value is missing"),
            (Key::Max, "1k,,2k", "a value is missing"),
            (Key::Max, "512k..64k", "runs backwards: write `64k..512k`"),
            (Key::Max, "1,024", "`024` begins with 0: a comma stands between values"),
            (Key::Max, "64k..", "`` is not a number of entries"),
            (Key::Max, "5s", "`5s` is not a number of entries"),
            (Key::Max, "0", "at least one entry"),
            (Key::Max, "5,5", "5 comes twice"),
            (Key::Buckets, "100,200", "512 comes twice"),
            (udp, "0..30", "write a list"),
            (udp, "5x", "write `30`, `30s`"),
            (udp, "13d", "12 days at most"),
            (Key::OnFull, "rankd", "did you mean `ranked`?"),
            (Key::OnFull, "linux:seeds=3", "`seeds` are several runs"),
        ];
        for (key, text, said) in cases {
            let error = shown(key, text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
