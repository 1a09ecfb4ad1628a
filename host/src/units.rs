//! Numbers as people read them: thousands, percent, rates, bytes, time of day, length of time.

use std::fmt;

use keeptrack_core::Instant;

/// A count with its thousands apart: `30,489`.
pub(crate) struct Count(pub(crate) u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        f.pad(&text)
    }
}

/// A part of a whole: `70.3%`, `0.13%` below one.
pub(crate) struct Share(pub(crate) u64, pub(crate) u64);

impl fmt::Display for Share {
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 as f64 * 100.0 / self.1.max(1) as f64;
        let decimals = if percent > 0.0 && percent < 1.0 { 2 } else { 1 };
        f.pad(&format!("{percent:.decimals$}%"))
    }
}

/// So many in so many milliseconds, a second: `640`, `8.2`, `<0.1`; less than a second says nothing.
pub(crate) struct Rate(pub(crate) u64, pub(crate) u64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, millis) = *self;
        match count.saturating_mul(10_000) / millis.max(1) {
            _ if millis < 1000 => f.pad("\u{b7}"),
            0 if count > 0 => f.pad("<0.1"),
            tenths @ 0..100 => f.pad(&format!("{}.{}", tenths / 10, tenths % 10)),
            tenths => Count(tenths / 10).fmt(f),
        }
    }
}

/// Bytes in the unit that leaves one to four digits: `96 KiB`, `24 MiB`.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    #[allow(clippy::cast_precision_loss, reason = "two digits are shown")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        let mut unit = "bytes";
        for larger in ["KiB", "MiB", "GiB", "TiB"] {
            if value < 1024.0 {
                break;
            }
            value /= 1024.0;
            unit = larger;
        }
        let decimals = usize::from(unit != "bytes" && value < 10.0);
        f.pad(&format!("{value:.decimals$} {unit}"))
    }
}

/// The time of day of a moment since the Unix epoch, in UTC: `14:06:12.480`.
pub(crate) struct Clock(pub(crate) Instant);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let (seconds, millis) = (millis / 1000, millis % 1000);
        let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
        write!(f, "{hours:02}:{minutes:02}:{:02}.{millis:03}", seconds % 60)
    }
}

/// A length of time in milliseconds: `0.250s`, `12s`, `3m08s`, `2h05m`, `5d03h`.
pub(crate) struct Lasting(pub(crate) u64);

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 10_000 {
            return write!(f, "{}.{:03}s", self.0 / 1000, self.0 % 1000);
        }
        let seconds = (self.0 + 500) / 1000;
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        match seconds {
            0..60 => write!(f, "{seconds}s"),
            60..3_600 => write!(f, "{minutes}m{:02}s", seconds % 60),
            3_600..86_400 => write!(f, "{hours}h{:02}m", minutes % 60),
            _ => write!(f, "{days}d{:02}h", hours % 24),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Clock, Count, Instant, Lasting, Rate, Share};

    #[test]
    fn numbers_read_as_people_write_them() {
        let counts = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in counts {
            assert_eq!(Count(number).to_string(), text);
        }
        assert_eq!(Share(30_489, 24_100_000).to_string(), "0.13%");
        assert_eq!(Share(1, 0).to_string(), "100.0%");
        let rates = [(64_000, "6,400"), (99, "9.9"), (1, "0.1"), (0, "0.0")];
        for (count, text) in rates {
            assert_eq!(Rate(count, 10_000).to_string(), text);
        }
        assert_eq!(Rate(1, 86_400_000).to_string(), "<0.1");
        assert_eq!(format!("{:>3}", Rate(1, 999)), "  \u{b7}");
        assert_eq!(Bytes(512).to_string(), "512 bytes");
        assert_eq!(Bytes(24 << 20).to_string(), "24 MiB");
        assert_eq!(Bytes(3 << 19).to_string(), "1.5 MiB");
        assert_eq!(Clock(Instant::from_millis(50_772_480)).to_string(), "14:06:12.480");
        let lasting =
            [(250, "0.250s"), (59_600, "1m00s"), (188_000, "3m08s"), (7_500_000, "2h05m")];
        for (millis, text) in lasting {
            assert_eq!(Lasting(millis).to_string(), text);
        }
    }
}
