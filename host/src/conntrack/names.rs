//! Texts that somebody chose, such as the name of a helper: bounded, and safe for a terminal.

use super::draft::set;
use super::fault::Fault;
use crate::capture::is_hidden;

/// What a text is of, and how long it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// A helper: `NF_CT_HELPER_NAME_LEN` is 16.
    Helper,
    /// The helper of an expectation; /proc puts the name of the kind behind it, which is as long.
    ExpectHelper,
    /// A program, as /proc has its name: 16 bytes, of which each may be escaped by 4.
    Program,
    /// A security context; those of SELinux are shorter.
    Context,
    /// All labels of an entry: 128 at the most.
    Labels,
}

/// The most labels of an entry: the kernel has a bit for each.
const MAX_LABEL_COUNT: usize = 128;

impl Text {
    const fn max_len(self) -> usize {
        match self {
            Self::Helper => 16,
            Self::ExpectHelper => 33,
            Self::Program => 64,
            Self::Context | Self::Labels => 4096,
        }
    }

    /// The text, which is or is part of `word`, if it is one.
    pub(super) fn read(self, text: &str, word: &str) -> Result<Box<str>, Fault> {
        let max_len = self.max_len();
        if text.len() > max_len {
            return Err(Fault::Long(word.into(), max_len));
        }
        let is_crowd = self == Self::Labels && text.split(',').count() > MAX_LABEL_COUNT;
        if is_crowd || text.chars().any(is_hidden) {
            return Err(Fault::Value(word.into()));
        }
        Ok(text.into())
    }

    /// Keeps the text, which may come once.
    pub(super) fn keep(
        self,
        slot: &mut Option<Box<str>>,
        text: &str,
        word: &str,
    ) -> Result<(), Fault> {
        set(slot, self.read(text, word)?, word)
    }
}
