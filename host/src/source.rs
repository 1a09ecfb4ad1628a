//! A file of text that is read whole: bounded, and refused when it is plainly something else.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::capture::{Kind, Text, open_text};
use crate::diagnostic::Diagnostic;

/// The largest file that is read, in bytes. What fits a table takes far less.
const MAX_FILE_LEN: u64 = 16 << 20;

/// A file of text, line ends made those of Unix.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    name: String,
    text: String,
    /// Which part of the file the text is, if it is not all of it: `nftables[5].rule`.
    part: Option<String>,
    /// What the text was made of, if it is not as the file has it.
    origin: Option<Arc<dyn Origin>>,
}

/// What a text was made of.
pub(crate) trait Origin: fmt::Debug + Send + Sync {
    /// The part that byte `at` of the text stands for: its place in the file, and how it is written
    /// there.
    fn part(&self, at: usize) -> (String, String);
}

/// What a file is to hold, and how one is refused that holds something else.
pub(crate) struct Wanted {
    /// What it holds: `rules`.
    pub(crate) what: &'static str,
    /// The options that take it: `-r`.
    pub(crate) options: &'static [&'static str],
    /// The options by which a command that takes it takes other files.
    pub(crate) others: &'static [&'static str],
    /// What is wrong with a file that is something else: `has no iptables rules`.
    pub(crate) refused: &'static str,
    /// What to give instead of a file that nothing takes.
    pub(crate) help: &'static str,
}

impl Source {
    pub(crate) fn new(name: String, text: String) -> Self {
        Self { name, text, part: None, origin: None }
    }

    /// A text that was made of the file of that name.
    pub(crate) fn made(name: String, text: String, origin: Arc<dyn Origin>) -> Self {
        Self { name, text, part: None, origin: Some(origin) }
    }

    /// Reads a file. What is not UTF-8 becomes replacement characters.
    pub(crate) fn read(path: &Path, wanted: &Wanted) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        open_text(path)
            .and_then(|file| file.take(MAX_FILE_LEN + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(&name, &error, wanted))?;
        Self::of(name, &bytes, wanted)
    }

    /// What a file of that name holds.
    pub(crate) fn of(name: String, bytes: &[u8], wanted: &Wanted) -> Result<Self, Diagnostic> {
        if let Some(refusal) = wanted.refusal(&name, Kind::of(bytes)) {
            return Err(refusal);
        }
        if bytes.len() as u64 > MAX_FILE_LEN {
            let what = wanted.what;
            let title = format!("{name} is too large for {what}: more than {MAX_FILE_LEN} bytes");
            return Err(Diagnostic::without_place(&title, None));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        Ok(Self::new(name, text))
    }

    /// Its name as typed.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Which part of the file it is; `None`: all of it.
    pub(crate) fn part(&self) -> Option<&str> {
        self.part.as_deref()
    }

    /// The part of the file that byte `at` stands for, if the text was made of something else.
    pub(crate) fn part_at(&self, at: usize) -> Option<Self> {
        let (part, text) = self.origin.as_ref()?.part(at);
        Some(Self { name: self.name.clone(), text, part: Some(part), origin: None })
    }

    /// All of it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The number and the bytes of the line, as it stands in the file, that holds byte `at`.
    pub(crate) fn line_at(&self, at: usize) -> (usize, Range<usize>) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let rest = self.text.get(start..).unwrap_or_default();
        let number = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (number, start..start + rest.find('\n').unwrap_or(rest.len()))
    }
}

impl Wanted {
    /// Why a file of that kind is not read; `None`: it is, or may be, what is wanted.
    fn refusal(&self, name: &str, kind: Kind) -> Option<Diagnostic> {
        let help = match (kind.taken_by(), kind) {
            // A script of commands may set settings as well.
            (_, Kind::Empty | Kind::Unknown | Kind::Text(Text::Commands | Text::Gateway)) => {
                return None;
            }
            (Some(option), _) if self.options.contains(&option) => return None,
            (Some("replay"), _) => format!("it stands alone: `keeptrack replay {name}`"),
            (Some(option), _) if self.others.contains(&option) => {
                format!("pass it with `{option} {name}`")
            }
            (Some(option), _) => format!("`keeptrack replay` takes it: `{option} {name}`"),
            (None, _) => self.help.to_owned(),
        };
        let title = format!("{name} {} (it looks like {kind})", self.refused);
        Some(Diagnostic::without_place(&title, Some(&help)))
    }
}

fn unreadable(name: &str, error: &io::Error, wanted: &Wanted) -> Diagnostic {
    let help = match wanted.options {
        [option] => format!("give the files in it, each with its own `{option}`"),
        _ => "give the files in it".to_owned(),
    };
    let is_folder = error.kind() == io::ErrorKind::IsADirectory;
    let help = is_folder.then_some(help.as_str());
    Diagnostic::without_place(&format!("cannot read {name}: {}", reason(error)), help)
}

/// Why a file cannot be read, in words alone.
pub(crate) fn reason(error: &io::Error) -> String {
    let reason = error.to_string();
    reason.split(" (os error").next().unwrap_or_default().to_owned()
}
