//! Reads files of settings, and what was typed, into [`Settings`].

use std::ops::Range;
use std::path::Path;

use keeptrack_core::MAX_SECONDS;

use crate::diagnostic::{Diagnostic, Fault, Faults};
use crate::source::{Source, Wanted};

use super::gateway::{Bad, BadWord, Gateway};
use super::line::{self, Assigned, Of, Said};
use super::names::{self, Effect, HASH_SIZE, Name};
use super::value::{self, BadValue};
use super::{Origin, Setting, Settings};

/// What the command line is called where a file is named.
pub(super) const TYPED: &str = "--config";

/// The longest line that is looked at, in bytes. No setting of conntrack's is as long.
const MAX_LINE_LEN: usize = 4096;

const SYSCTL: &str = "give what `sysctl -a` prints, or sysctl.conf";

/// A file of settings.
pub(super) const SETTINGS: Wanted = Wanted {
    what: "settings",
    options: &["-c"],
    others: &["-r"],
    refused: "is not sysctl text",
    help: SYSCTL,
};

/// What was given to read.
pub(super) enum Given {
    File(Source),
    Typed(Source),
}

impl Given {
    /// A file, or `NAME=VALUE` where no file has that name.
    pub(super) fn of(word: &str) -> Result<Self, Diagnostic> {
        let path = Path::new(word);
        if word.contains('=') && !path.exists() {
            return Ok(Self::Typed(Source::new(TYPED.to_owned(), word.to_owned())));
        }
        Source::read(path, &SETTINGS).map(Self::File)
    }

    pub(super) const fn source(&self) -> &Source {
        match self {
            Self::File(source) | Self::Typed(source) => source,
        }
    }

    fn origin(&self, line: usize) -> Origin {
        match self {
            Self::File(source) => Origin::Line { file: source.name().to_owned(), line },
            Self::Typed(_) => Origin::Typed,
        }
    }
}

/// Puts what `given` sets into `settings`.
pub(super) fn read(given: &Given, settings: &mut Settings, mut faults: Faults<'_>) {
    let mut reader = Reader { given, settings, set_count: 0, other_lines: false };
    let mut start = 0;
    for (index, line) in given.source().text().split_inclusive('\n').enumerate() {
        let place = Place { text: line, start, number: index + 1 };
        if !reader.line(&place, &mut faults) {
            return;
        }
        start += line.len();
    }
    if reader.set_count == 0 && reader.other_lines {
        let title = format!("{} is not sysctl text", given.source().name());
        faults.whole(Diagnostic::without_place(&title, Some(SYSCTL)));
    }
}

struct Reader<'r> {
    given: &'r Given,
    settings: &'r mut Settings,
    /// Settings met, of any name.
    set_count: usize,
    /// Whether there are lines that set nothing.
    other_lines: bool,
}

/// A line and where it stands.
struct Place<'l> {
    text: &'l str,
    /// The byte of the file with which it begins.
    start: usize,
    number: usize,
}

impl Reader<'_> {
    /// Reads one line; returns whether another one is to be read.
    fn line(&mut self, line: &Place<'_>, faults: &mut Faults<'_>) -> bool {
        if line.text.len() > MAX_LINE_LEN {
            return self.long(line).map_or_else(|fault| faults.take(fault), |()| true);
        }
        let sets = match line::read(line.text) {
            Said::Nothing => return true,
            Said::Other => {
                self.other_lines = true;
                return line.unset().is_none_or(|fault| faults.take(fault));
            }
            Said::Sets(sets) => sets,
        };
        self.set_count += sets.len();
        sets.iter().all(|set| match self.set(line, set) {
            Ok(()) => true,
            Err(fault) => faults.take(fault),
        })
    }

    /// Passes over a line that is too long for conntrack's: a list of ports may be as long.
    fn long(&mut self, line: &Place<'_>) -> Result<(), Fault> {
        let text = line.text.trim_start();
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        if names::stand_in(text) {
            let title = format!("a line of {} bytes", line.text.len());
            let label = format!("none of conntrack's is longer than {MAX_LINE_LEN}");
            return Err(line.fault(&(0..0), title).label(label));
        }
        if text.contains('=') {
            self.set_count += 1;
            self.settings.other_count += 1;
        } else {
            self.other_lines = true;
        }
        Ok(())
    }

    fn set(&mut self, line: &Place<'_>, set: &Assigned) -> Result<(), Fault> {
        let key = line.text.get(set.key.clone()).unwrap_or_default();
        let is_typed = matches!(self.given, Given::Typed(_));
        if let Some(gateway) = self.settings.gateway.as_mut().filter(|_| Gateway::has(key)) {
            let value = line.text.get(set.value.clone()).unwrap_or_default();
            let origin = self.given.origin(line.number);
            return gateway.set(key, value, origin).map_err(|bad| line.bad_at_gateway(set, bad));
        }
        let name = match set.of {
            Of::Module | Of::Sysctl if key == HASH_SIZE && (is_typed || set.of == Of::Module) => {
                Name::hash_size()
            }
            Of::Sysctl => Name::of(key),
            Of::Module => Name::Other,
        };
        let (name, effect) = match name {
            Name::Known(name, effect) => (name, effect),
            Name::Unknown(meant) => return Err(line.unknown(set, meant)),
            Name::Other if is_typed => {
                return Err(line.unknown(set, names::ending(key)));
            }
            Name::Other => {
                self.settings.other_count += 1;
                return Ok(());
            }
        };
        let text = line.text.get(set.value.clone()).unwrap_or_default();
        let value = value::read(text, effect).map_err(|bad| line.bad(set, &name, effect, &bad))?;
        let is_too_long = matches!(effect, Effect::Timeout(_)) && value > MAX_SECONDS.into();
        let too_long = is_too_long.then(|| {
            let fault = line.too_long(set, &name);
            Box::new(Diagnostic::new(fault, self.given.source()))
        });
        let origin = self.given.origin(line.number);
        self.settings.by_name.insert(name, Setting { value, effect, origin, too_long });
        Ok(())
    }
}

impl Place<'_> {
    fn fault(&self, part: &Range<usize>, title: impl Into<String>) -> Fault {
        Fault::new(self.start + part.start..self.start + part.end, title)
    }

    /// What is wrong with a line that begins with a setting of conntrack's and sets nothing.
    fn unset(&self) -> Option<Fault> {
        let word = self.text.split_whitespace().next()?;
        let Name::Known(name, _) = Name::of(word) else { return None };
        let start = self.text.len() - self.text.trim_start().len();
        Some(self.without_value(&(start..start + word.len()), &name))
    }

    fn without_value(&self, word: &Range<usize>, name: &str) -> Fault {
        let title = format!("`{name}` {}", BadValue::Missing);
        self.fault(word, title).label("`= NUMBER` is missing")
    }

    fn unknown(&self, set: &Assigned, meant: Option<String>) -> Fault {
        let key = self.text.get(set.key.clone()).unwrap_or_default();
        let fault = self
            .fault(&set.key, format!("unknown setting `{key}`"))
            .label("conntrack has none of this name");
        match meant {
            Some(meant) => fault.help(format!("did you mean `{meant}`?")),
            None if Gateway::has(key) => {
                fault.help("the gateway has it: `keeptrack firmware-config`")
            }
            None => fault.help("leave it out; if a kernel has it, it has no effect here"),
        }
    }

    fn bad(&self, set: &Assigned, name: &str, effect: Effect, bad: &BadValue) -> Fault {
        if *bad == BadValue::Missing {
            return self.without_value(&set.key, name);
        }
        let value = self.text.get(set.value.clone()).unwrap_or_default();
        let fault = self.fault(&set.value, format!("`{value}` {bad}"));
        let fault = match value::range(effect) {
            (least, u64::MAX) => fault.label(format!("{name} is {least} or more")),
            (least, most) => fault.label(format!("{name} is {least} to {most}")),
        };
        match effect {
            Effect::Max if value == "0" => {
                fault.note("0 was no limit before Linux 6.16; without the line there is none here")
            }
            _ => fault,
        }
    }

    fn bad_at_gateway(&self, set: &Assigned, bad: Bad) -> Fault {
        let place = match bad.word {
            BadWord::Name => &set.key,
            BadWord::Value => &set.value,
        };
        let fault = self.fault(place, bad.title).label(bad.label);
        match bad.meant {
            Some(meant) => fault.help(format!("did you mean `{meant}`?")),
            None => fault,
        }
    }

    fn too_long(&self, set: &Assigned, name: &str) -> Fault {
        let value = self.text.get(set.value.clone()).unwrap_or_default();
        let days = MAX_SECONDS / 86_400;
        self.fault(&set.value, format!("`{value}` is too long a timeout"))
            .label(format!("an entry lives for {days} days at most here"))
            .help(format!("put `-c {name}={MAX_SECONDS}` behind it"))
            .note(format!("in a capture of less than {days} days that makes no difference"))
    }
}
