//! Why there is nothing to sweep, or too much.

use std::fmt;

use super::MAX_SETTINGS;
use super::axis::Key;
use crate::units::{Bytes, Count};

/// Why settings cannot be swept.
#[derive(Debug)]
pub enum Unfit {
    /// Nothing to read was named.
    NoCapture,
    /// No setting was named.
    NoKey,
    /// A setting was named twice, by this name.
    Twice(&'static str),
    /// There are more combinations than are tried at once.
    TooMany,
    /// This setting is about a full table, and the table has no limit.
    NeverFull(&'static str),
    /// Buckets, where no policy asks for them.
    NoLinux,
    /// Buckets, where a policy, as it was typed, says them itself.
    BucketsTwice(String),
    /// This setting is said by a gateway's configuration, and by nobody else.
    OfImage(&'static str),
    /// The tables take more memory than there is.
    Memory(Room),
}

/// The memory that tables take, and that there is.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub(super) settings: usize,
    /// Entries of all tables together.
    pub(super) entries: u64,
    /// What they take, in bytes.
    pub(super) bytes: u64,
    /// What there is, if that is known.
    pub(super) available: Option<u64>,
}

impl Unfit {
    /// What to do about it.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::NoCapture => "name it: `keeptrack sweep CAPTURE max=64k..512k`".into(),
            Self::NoKey => {
                "write some: `max=64k..512k`, `udp_timeout=5,10,20`, `on-full=refuse,ranked`".into()
            }
            Self::Twice(name) => format!("write all values in one list: `{name}=A,B,C`"),
            Self::TooMany => "try fewer values of a setting".into(),
            Self::NeverFull(_) => "give it one: `--max N`, or several: `max=64k..512k`".into(),
            Self::NoLinux => "forecast Linux: `--on-full linux`, or `on-full=linux,..`".into(),
            Self::BucketsTwice(_) => "leave them out there".into(),
            Self::OfImage(_) => {
                "make one for each: `keeptrack firmware-config -c keeptrack.on_full=..`".into()
            }
            Self::Memory(_) => "try fewer or smaller values of `max`, in two runs".into(),
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCapture => f.write_str("no capture was given"),
            Self::NoKey => f.write_str("nothing to sweep was given"),
            Self::Twice(name) => write!(f, "`{name}=` was given twice"),
            Self::TooMany => {
                write!(f, "more than {} settings at once", Count(MAX_SETTINGS as u64))
            }
            Self::NeverFull(name) => {
                write!(f, "`{name}=`: a table without a limit is never full")
            }
            Self::NoLinux => {
                let name = Key::Buckets.name();
                write!(f, "`{name}=` decides what Linux does, and no policy is Linux's")
            }
            Self::BucketsTwice(spec) => {
                write!(f, "`{}=`: `{spec}` says its buckets itself", Key::Buckets.name())
            }
            Self::OfImage(name) => write!(f, "`{name}=`: the gateway's configuration says it"),
            Self::Memory(Room { settings, entries, bytes, available }) => {
                let (settings, entries) = (Count(*settings as u64), Count(*entries));
                let bytes = Bytes(*bytes);
                write!(f, "{settings} tables of {entries} entries together take {bytes}")?;
                available.map_or(Ok(()), |bytes| write!(f, ", and there are {}", Bytes(bytes)))
            }
        }
    }
}
