//! Whether all tables of a sweep find room in memory, before any of them is made.

use std::fs;

use super::unfit::{Room, Unfit};
use crate::memory::Heap;

/// Where Linux tells what programs can still have.
const MEMINFO: &str = "/proc/meminfo";

/// What tables of so many entries each take beside one another, if that is there.
///
/// A system that promises more memory than it has would not refuse them: it would end the program
/// while the tables fill.
///
/// # Errors
/// When they cannot.
pub(super) fn check(tables: impl Iterator<Item = usize>) -> Result<Room, Unfit> {
    check_against(tables, available())
}

fn check_against(
    tables: impl Iterator<Item = usize>,
    available: Option<u64>,
) -> Result<Room, Unfit> {
    let mut room = Room { settings: 0, entries: 0, bytes: 0, available };
    for max in tables {
        room.settings += 1;
        room.entries = room.entries.saturating_add(max as u64);
        room.bytes = room.bytes.saturating_add(Heap::bytes(max) as u64);
    }
    match available {
        Some(available) if room.bytes > available => Err(Unfit::Memory(room)),
        _ => Ok(room),
    }
}

/// The bytes that programs can still have, where the system tells.
fn available() -> Option<u64> {
    let text = fs::read_to_string(MEMINFO).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::{Heap, check_against};

    #[test]
    fn tables_that_do_not_fit_are_refused_with_figures() {
        let bytes = Heap::bytes(1 << 20) as u64;
        let tables = || [1 << 20; 3].into_iter();
        assert!(check_against(tables(), None).is_ok());
        assert!(check_against(tables(), Some(3 * bytes)).is_ok());
        let error = check_against(tables(), Some(3 * bytes - 1)).unwrap_err().to_string();
        assert!(error.starts_with("3 tables of 3,145,728 entries together take "), "{error}");
    }
}
