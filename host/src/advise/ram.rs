//! The memory that a table takes.

use super::change::Target;
use crate::memory::Heap;

/// What an entry takes in Linux 6.18, measured on x86-64: `nf_conn` and its extensions.
const LINUX_BYTES: u64 = 384;
/// The same where packets are counted or moments are kept.
const LINUX_BYTES_COUNTED: u64 = 448;
/// What a bucket takes there.
const BUCKET_BYTES: u64 = 8;

/// The memory of a table, by its size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ram {
    pub(super) target: Target,
    /// Whether `nf_conntrack_acct` or `nf_conntrack_timestamp` is set.
    pub(super) is_counted: bool,
    /// The table as it is, with its buckets.
    pub(super) now: Option<(usize, u64)>,
}

impl Ram {
    /// Bytes of a table of so many entries.
    pub(super) fn bytes(&self, max: usize) -> u64 {
        match self.target {
            Target::Keeptrack => Heap::bytes(max) as u64,
            Target::Linux | Target::Openwrt => {
                max as u64 * self.entry_bytes() + self.buckets(max) * BUCKET_BYTES
            }
        }
    }

    /// The buckets of a table of so many entries: as they are, or as many as entries.
    pub(super) fn buckets(&self, max: usize) -> u64 {
        match self.now {
            Some((now, buckets)) if now == max => buckets,
            _ => max as u64,
        }
    }

    /// Bytes of an entry.
    pub(super) const fn entry_bytes(&self) -> u64 {
        match (self.target, self.is_counted) {
            (Target::Keeptrack, _) => Heap::BYTES_AN_ENTRY as u64,
            (_, true) => LINUX_BYTES_COUNTED,
            (_, false) => LINUX_BYTES,
        }
    }

    /// How that is known, for people.
    pub(super) fn explained(&self) -> String {
        let bytes = self.entry_bytes();
        match (self.target, self.is_counted) {
            (Target::Keeptrack, _) => format!("{bytes} bytes an entry, with counters"),
            (_, true) => format!(
                "{bytes} bytes an entry (Linux 6.18, nf_conntrack_acct or _timestamp = 1) + \
                 {BUCKET_BYTES} a bucket"
            ),
            (_, false) => format!(
                "{bytes} bytes an entry (Linux 6.18, nf_conntrack_acct = 0) + {BUCKET_BYTES} a bucket"
            ),
        }
    }
}
