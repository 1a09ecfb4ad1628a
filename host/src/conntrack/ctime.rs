//! Dates as C's `ctime` writes them: `Sun Nov 22 13:46:53 2026`.

use std::fmt::{self, Display, Formatter};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

const FORM: &str = "%a %b %e %H:%M:%S %Y";

/// Seconds since 1970, to be printed as a date.
pub(super) struct Shown(pub(super) i64);

/// Beyond the calendar's ends, which no kernel prints, it is the number.
impl Display for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(at) => write!(f, "{}", at.strftime(FORM)),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

/// The seconds since 1970 of such a date.
pub(super) fn read(text: &str) -> Option<i64> {
    let date = strtime::parse(FORM, text).ok()?.to_datetime().ok()?;
    seconds(date)
}

/// The seconds since 1970 of a date of the calendar.
pub(super) fn seconds(date: DateTime) -> Option<i64> {
    Some(TimeZone::UTC.to_timestamp(date).ok()?.as_second())
}

#[cfg(test)]
mod tests {
    use super::{Shown, read};

    #[test]
    fn dates_are_written_as_c_does() {
        for (seconds, text) in [
            (0, "Thu Jan  1 00:00:00 1970"),
            (951_782_400, "Tue Feb 29 00:00:00 2000"),
            (1_795_355_213, "Sun Nov 22 13:46:53 2026"),
        ] {
            assert_eq!(Shown(seconds).to_string(), text);
            assert_eq!(read(text), Some(seconds));
        }
        for text in ["", "Sun Nov 22 13:46:53", "Sun Nov 31 13:46:53 2026", "1795355213"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
