//! Linux's rules for each protocol, row by row: each a sequence of packets and what is told of them.
//!
//! The rows are text beside this file (see `notation`), and what the kernel tells of every cell of the
//! tables of TCP and SCTP lies in `tests/golden`. All of it is played to our tracker and, as root, to
//! the running kernel, by `kernel-rows`.

mod cells;
mod notation;
mod packets;
mod play;
mod sctp_words;
mod tcp_words;
mod words;

pub use cells::Cells;
pub use notation::Case;
pub use play::{Difference, play, tell};
#[cfg(test)]
pub(crate) use {sctp_words::CHUNKS, tcp_words::flags};

/// The files of rows.
const FILES: [(&str, &str); 6] = [
    ("tcp.rows", include_str!("tcp.rows")),
    ("tcp_window.rows", include_str!("tcp_window.rows")),
    ("udp.rows", include_str!("udp.rows")),
    ("icmp.rows", include_str!("icmp.rows")),
    ("sctp.rows", include_str!("sctp.rows")),
    ("other.rows", include_str!("other.rows")),
];

/// How many connections a tracker of rows has room for: more than any row makes.
pub const SLOT_COUNT: usize = 16;

/// All cases.
///
/// # Errors
/// When a file cannot be understood, with the line.
pub fn cases() -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for (file, text) in FILES {
        cases.extend(notation::read(file, text)?);
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;

    use super::{Cells, SLOT_COUNT, cases, play};
    use crate::generate::Settings;
    use crate::ours::Ours;

    #[test]
    fn every_row_is_so_here() {
        let (mut differing, mut judges) = (Vec::new(), BTreeMap::new());
        for case in cases().unwrap() {
            let ours = judges
                .entry(case.settings.to_string())
                .or_insert_with(|| Ours::new(case.settings.config().unwrap(), SLOT_COUNT).unwrap());
            let differences = play(&case, ours).unwrap();
            let texts = differences.into_iter().map(|difference| difference.text);
            differing.extend(texts.map(|text| format!("{}\n    {text}", case.name)));
        }
        assert!(differing.is_empty(), "{}", differing.join("\n"));
    }

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let mut names = BTreeSet::new();
        for case in cases().unwrap() {
            assert!(names.insert(case.name.clone()), "{}", case.name);
        }
    }

    #[test]
    fn every_cell_is_as_the_kernel_told() {
        for table in Cells::ALL {
            let kept = fs::read_to_string(table.file()).unwrap();
            let mut ours = Ours::new(Settings::default().config().unwrap(), SLOT_COUNT).unwrap();
            let told = table.told(&mut ours).unwrap();
            let differences = Cells::differences(&kept, &told);
            assert!(differences.is_empty(), "{}", differences.join("\n"));
        }
    }
}
