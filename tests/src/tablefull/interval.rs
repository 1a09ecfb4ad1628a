//! Where one more of some values would lie.

use std::fmt;

/// Of Student's distribution with nine degrees of freedom, 99 of 100 lie within so many deviations.
const NINE_FREE: f64 = 3.25;

/// Where an eleventh of ten values lies in 99 of 100 cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    mean: f64,
    reach: f64,
}

impl Interval {
    /// Of ten counts.
    ///
    /// # Errors
    /// When there are more or fewer.
    pub fn of(values: &[f64]) -> Result<Self, String> {
        let interval = Self::in_percent(values)?;
        // Counts that are all alike still have neighbours.
        Ok(Self { reach: interval.reach.max(1.0), ..interval })
    }

    /// Of ten shares in percent.
    ///
    /// # Errors
    /// When there are more or fewer.
    pub fn in_percent(values: &[f64]) -> Result<Self, String> {
        if values.len() != 10 {
            return Err(format!("{} forecasts where there should be 10", values.len()));
        }
        let mean = values.iter().sum::<f64>() / 10.0;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let deviation = (squares / 9.0).sqrt();
        Ok(Self { mean, reach: NINE_FREE * deviation * 1.1_f64.sqrt() })
    }

    /// The same, but wide enough for a value that is so much above or below the mean.
    #[must_use]
    pub fn reaching(self, least: f64) -> Self {
        Self { reach: self.reach.max(least), ..self }
    }

    /// Whether a value lies within.
    #[must_use]
    pub fn has(&self, value: f64) -> bool {
        (value - self.mean).abs() <= self.reach
    }

    /// The mean of the ten.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.1} ± {:.1}", self.mean, self.reach)
    }
}

#[cfg(test)]
mod tests {
    use super::Interval;

    #[test]
    fn ten_values_tell_where_the_next_one_lies() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
        let interval = Interval::of(&values).unwrap();
        // The deviation is 3.03, so that 10.3 to either side of 5.5 is within.
        assert!(interval.has(15.8) && interval.has(-4.8) && !interval.has(15.9));
        assert!(Interval::of(&values[1..]).is_err());
        assert!(Interval::of(&[7.0; 10]).unwrap().has(8.0));
    }
}
