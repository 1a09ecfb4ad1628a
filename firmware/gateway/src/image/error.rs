//! Why an image cannot be used.

use core::fmt;

use crate::rules::RuleFault;

/// Why an image cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ImageError {
    /// There is none: the flash is erased, or too small for one.
    Absent,
    /// Something lies there that is no image, or the beginning of one is damaged.
    Magic,
    /// It is of another version, this one.
    Version(u16),
    /// It is cut, or its length is damaged.
    Length,
    /// Its check sum is not that of its bytes.
    Crc,
    /// A setting is none that there is; which word of the body.
    Setting(usize),
    /// A rule of PREROUTING, or what was found wrong there; which word of the program.
    Raw(RuleFault, usize),
    /// The same of FORWARD.
    Filter(RuleFault, usize),
    /// There is more in it than it says.
    Behind,
    /// No slot would be left for everybody by the reserved ones.
    ReservesTooLarge,
    /// Timeouts would be nothing before they begin to shrink.
    AdaptiveOrder,
}

impl ImageError {
    /// Whether nobody has put an image there.
    #[must_use]
    pub const fn is_absent(self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("no image"),
            Self::Magic => f.write_str("no image of a configuration, or its beginning is damaged"),
            Self::Version(version) => {
                write!(f, "an image of version {version}, not {}", super::VERSION)
            }
            Self::Length => f.write_str("the image is cut, or its length is damaged"),
            Self::Crc => f.write_str("the check sum is wrong: the image is damaged"),
            Self::Setting(word) => write!(f, "unknown setting in word {word} of the body"),
            Self::Raw(fault, word) => write!(f, "{fault}: word {word} of PREROUTING"),
            Self::Filter(fault, word) => write!(f, "{fault}: word {word} of FORWARD"),
            Self::Behind => f.write_str("there is more in the image than it says"),
            Self::ReservesTooLarge => f.write_str("the reserved slots leave none for others"),
            Self::AdaptiveOrder => {
                f.write_str("timeouts would be nothing before they begin to shrink")
            }
        }
    }
}

impl core::error::Error for ImageError {}
