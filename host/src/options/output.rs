//! What to write, and where to: `-o FORMAT[=FILE]`.

use std::path::PathBuf;
use std::str::FromStr;

use crate::conntrack::{Form, Times};

/// Something to write, in one of a command's formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output<F = Format> {
    /// What.
    pub format: F,
    /// Where to; stdout without it.
    pub file: Option<PathBuf>,
}

/// A kind of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text for people.
    Summary,
    /// One JSON object.
    Json,
    /// A line of JSON for every packet.
    Packets,
    /// Lines of JSON for every connection that a full table hurt.
    Ledger,
    /// What `conntrack -E` prints.
    Events(Form, Times),
    /// What `conntrack -L` prints at the end.
    Table(Form),
    /// What `conntrack -L expect` prints at the end.
    Expectations(Form),
    /// What `conntrack -S` prints at the end.
    Stats,
    /// What node_exporter would export at the end.
    Prometheus,
}

impl Format {
    /// What it is asked for by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Json => "json",
            Self::Packets => "packets",
            Self::Ledger => "ledger",
            Self::Events(..) => "events",
            Self::Table(_) => "table",
            Self::Expectations(_) => "expectations",
            Self::Stats => "stats",
            Self::Prometheus => "prometheus",
        }
    }

    /// Whether lines are written while packets pass; else all is written at the end.
    pub(crate) const fn is_stream(self) -> bool {
        matches!(self, Self::Packets | Self::Ledger | Self::Events(..))
    }
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = place(text)?;
        let mut words = format.split(',');
        let name = words.next().unwrap_or_default();
        let words: Vec<_> = words.collect();
        let format = match name {
            "summary" => plain(name, &words, Format::Summary)?,
            "json" => plain(name, &words, Format::Json)?,
            "packets" => plain(name, &words, Format::Packets)?,
            "ledger" => plain(name, &words, Format::Ledger)?,
            "stats" => plain(name, &words, Format::Stats)?,
            "prometheus" => plain(name, &words, Format::Prometheus)?,
            "events" => events(&words)?,
            "table" => table(&words)?,
            "expectations" => expectations(&words)?,
            _ => {
                let names = "summary, json, packets, ledger, events, table, expectations, stats, prometheus";
                return Err(format!("`{name}` is none of {names}"));
            }
        };
        Ok(Self { format, file })
    }
}

/// The format as typed, and the file behind it.
///
/// # Errors
/// When a file is announced and there is none.
pub(super) fn place(text: &str) -> Result<(&str, Option<PathBuf>), String> {
    Ok(match text.split_once('=') {
        Some((_, "")) => return Err("no file name behind `=`".into()),
        // As `-` is stdin where something is read.
        Some((format, "-")) => (format, None),
        Some((format, file)) => (format, Some(file.into())),
        None => (text, None),
    })
}

fn plain(name: &str, words: &[&str], format: Format) -> Result<Format, String> {
    match words {
        [] => Ok(format),
        [word, ..] => Err(format!("`{word}`: {name} has one form only")),
    }
}

fn events(words: &[&str]) -> Result<Format, String> {
    let (mut form, mut times) = (Form::Plain, Times::Without);
    for word in words {
        match *word {
            "extended" => form = Form::Extended,
            "timestamp" => times = Times::With,
            _ => return Err(format!("`{word}`: events may be `timestamp` and `extended`")),
        }
    }
    Ok(Format::Events(form, times))
}

fn table(words: &[&str]) -> Result<Format, String> {
    let form = match words {
        [] => Form::Plain,
        ["extended"] => Form::Extended,
        ["proc"] => Form::Proc,
        ["save"] => Form::Save,
        [word] => {
            return Err(format!("`{word}`: a table may be `extended`, `proc` or `save`"));
        }
        [_, ..] => return Err("a table has one form at a time".into()),
    };
    Ok(Format::Table(form))
}

fn expectations(words: &[&str]) -> Result<Format, String> {
    match words {
        [] => Ok(Format::Expectations(Form::Plain)),
        ["proc"] => Ok(Format::Expectations(Form::Proc)),
        [word, ..] => Err(format!("`{word}`: expectations may be `proc`")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, Format, Output, Times};

    #[test]
    fn an_output_has_a_format_perhaps_words_and_a_file() {
        let cases = [
            ("json", Format::Json, None),
            ("packets=a=b", Format::Packets, Some("a=b")),
            ("ledger=hurt.jsonl", Format::Ledger, Some("hurt.jsonl")),
            ("table", Format::Table(Form::Plain), None),
            ("json=-", Format::Json, None),
            ("json=./-", Format::Json, Some("./-")),
            ("table,proc=t,1", Format::Table(Form::Proc), Some("t,1")),
            ("expectations,proc", Format::Expectations(Form::Proc), None),
            ("events", Format::Events(Form::Plain, Times::Without), None),
            ("events,timestamp,extended", Format::Events(Form::Extended, Times::With), None),
        ];
        for (text, format, file) in cases {
            let file = file.map(Into::into);
            assert_eq!(text.parse(), Ok(Output { format, file }), "{text}");
        }
        for wrong in ["xml", "json=", "json,extended", "table,extended,save", "events,id", ","] {
            assert!(wrong.parse::<Output>().is_err(), "{wrong}");
        }
    }
}
