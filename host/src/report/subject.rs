//! What a replay was of: the capture, the table, and what the rules came to.

use clap::ValueEnum;
use keeptrack_core::raw::{Hook, RuleCount, Target};

use crate::capture::{Capture, printable};
use crate::options::{self, Preset};
use crate::replay::{Replay, Tracker};
use crate::rules::{Origin, RuleSource};

/// What a replay was of.
pub struct Subject<'s> {
    /// The capture's name.
    pub capture: &'s str,
    /// The command that was typed, without limit, outputs and what only concerns them.
    pub again: String,
    /// Its format and interfaces, in words.
    pub described: String,
    /// Whether it was read to its end.
    pub is_complete: bool,
    /// What should be said of it although it could be read.
    pub notes: Vec<String>,
    /// Entries that the table had; `None` when it grew.
    pub max: Option<usize>,
    /// The name of the preset.
    pub preset: String,
    /// Seconds that an idle established connection lives.
    pub established_s: u32,
    /// Packets whose time was before that of the packet before them.
    pub went_back_count: u64,
    /// The table at the end.
    pub table: &'s Tracker,
}

/// How far into its capture a replay came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// To its end.
    End,
    /// To where something was wrong.
    Trouble,
}

/// What a rule came to at a hook where packets met it.
#[derive(Clone, Copy)]
pub struct RuleEffect<'s> {
    /// The rule.
    pub source: &'s RuleSource,
    /// What it does.
    pub target: Target,
    /// Where.
    pub hook: Hook,
    /// How often.
    pub count: RuleCount,
}

impl<'s> Subject<'s> {
    /// Of a replay that has come to an end.
    #[must_use]
    pub fn new(
        options: &options::Replay,
        capture: &'s Capture,
        replay: &'s Replay,
        reached: Reached,
    ) -> Self {
        let config = options.preset.config();
        let preset = options.preset.to_possible_value();
        Self {
            capture: capture.file(),
            again: again(options),
            described: describe(capture),
            is_complete: reached == Reached::End,
            notes: notes(options, capture, replay),
            max: options.max,
            preset: preset.map_or_else(String::new, |preset| preset.get_name().to_owned()),
            established_s: config.timeouts.tcp_established,
            went_back_count: replay.went_back_count(),
            table: replay.table(),
        }
    }

    /// What each rule that somebody wrote came to, at each hook that leads to it; by place.
    #[must_use]
    pub fn effects(&self) -> Vec<RuleEffect<'_>> {
        let rules = self.table.rules();
        let ruled = rules.table.rules().iter().zip(&rules.sources);
        let written = ruled.filter(|(_, source)| source.origin == Origin::Rule);
        let effects = written.flat_map(|(rule, source)| {
            source.hooks.iter().map(move |&hook| {
                let (target, count) = (rule.target, rule.count(hook));
                RuleEffect { source, target, hook, count }
            })
        });
        let mut effects: Vec<_> = effects.collect();
        effects.sort_by_key(|effect| (&effect.source.file, effect.source.line));
        effects
    }
}

fn again(options: &options::Replay) -> String {
    let mut words = vec!["keeptrack replay".to_owned(), quoted(&options.capture.to_string_lossy())];
    if options.preset != Preset::Linux {
        let preset = options.preset.to_possible_value();
        words.extend(preset.map(|preset| format!("-p {}", preset.get_name())));
    }
    if !options.local.is_empty() {
        let local: Vec<_> = options.local.iter().map(ToString::to_string).collect();
        words.push(format!("--local {}", local.join(",")));
    }
    words.extend(
        options.iface.iter().map(|names| format!("--iface {}", quoted(&names.to_string()))),
    );
    words
        .extend(options.rules.iter().map(|file| format!("-r {}", quoted(&file.to_string_lossy()))));
    words.join(" ")
}

/// A word as a shell takes it, safe for a terminal.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+@%".contains(c);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", printable(word).replace('\'', "'\\''"))
}

/// `pcapng, 2 interfaces (lo, eth0)`.
fn describe(capture: &Capture) -> String {
    let interfaces = capture.interfaces();
    let plural = if interfaces.len() == 1 { "" } else { "s" };
    let format = capture.format_name();
    let names: Vec<_> = interfaces.iter().filter_map(|known| known.name.as_deref()).collect();
    let count = interfaces.len();
    match names.as_slice() {
        [] => format!("{format}, {count} interface{plural}"),
        names if names.len() <= 4 => {
            format!("{format}, {count} interface{plural} ({})", names.join(", "))
        }
        [first, ..] => format!("{format}, {count} interfaces ({first}, ...)"),
    }
}

fn notes(options: &options::Replay, capture: &Capture, replay: &Replay) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(warning) = capture.warning() {
        notes.push(warning.to_string());
    }
    let rules = replay.table().rules();
    if replay.has_guessed() && !rules.sources.is_empty() {
        notes.push(
            "some interfaces do not tell which packets this host sent: all count as arrived \
             (`--local` tells)"
                .into(),
        );
    }
    if rules.sources.is_empty() && !options.rules.is_empty() {
        notes.push("no rule of the raw table was given (is `-t raw` missing?)".into());
    }
    let others = &rules.skipped.other_tables;
    if !others.is_empty() {
        let counts: Vec<_> =
            others.iter().map(|(table, count)| format!("{count} {table}")).collect();
        notes.push(format!("rules of other tables decide nothing here: {}", counts.join(", ")));
    }
    notes
}

impl RuleSource {
    /// The file and the line, safe for a terminal: `rules.v4:3`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", printable(&self.file), self.line)
    }

    /// The line as written, safe for a terminal.
    #[must_use]
    pub fn printable_text(&self) -> String {
        printable(&self.text)
    }
}
