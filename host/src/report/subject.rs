//! What a replay was of: the capture, the table, and what the rules came to.

use std::path::PathBuf;

use keeptrack_core::raw::{Hook, RuleCount, Target};
use keeptrack_core::{Stats, Timeout};

use crate::capture::{Captures, Stop, printable};
use crate::error::Error;
use crate::on_full::{self, Spec};
use crate::options::{self, Preset, World};
use crate::replay::Tracker;
use crate::rules::{Origin, RuleSource};
use crate::session::{Input, Session};
use crate::units::Count;

/// What a replay was of.
pub struct Subject<'s> {
    /// The capture's name, or those of several.
    pub capture: String,
    /// The command that was typed, without limit, outputs and what only concerns them; `None` where
    /// it came through a pipe, which cannot be read again.
    pub again: Option<String>,
    /// Its format and interfaces, in words.
    pub described: String,
    /// How far into it the replay came.
    pub reached: Reached,
    /// What should be said of it although it could be read.
    pub notes: Vec<String>,
    /// Entries that the table had; `None` when it grew.
    pub max: Option<usize>,
    /// What set that limit: an option, or a line of a file.
    pub limit_origin: Option<String>,
    /// What a full table does; `None` when it grows.
    pub policy: Option<String>,
    /// How many buckets Linux would have, and what set that; `None`: as many as entries.
    pub buckets: Option<(u64, String)>,
    /// What the table held before the first packet, in words.
    pub seeded: Option<String>,
    /// What the capture consists of: `packets` or `events`.
    pub unit: &'static str,
    /// The name of the preset, or of the image that says all.
    pub preset: String,
    /// Seconds that an idle established connection lives.
    pub established_s: u32,
    /// What set them, if not the preset.
    pub established_origin: Option<String>,
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
    /// To where somebody asked for an end.
    Interruption,
    /// To where something was wrong.
    Trouble,
}

impl Reached {
    /// How far that came which is done so.
    pub(crate) fn by(done: &Result<(), Error>, stop: &Stop) -> Self {
        match done {
            Ok(()) if stop.is_asked() => Self::Interruption,
            Ok(()) => Self::End,
            Err(_) => Self::Trouble,
        }
    }
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
    pub(crate) fn new(options: &options::Replay, session: &'s Session, reached: Reached) -> Self {
        let Session { input, replay, settings, .. } = session;
        let world = &options.world;
        let unit = match input {
            Input::Captures(_) => "packets",
            Input::Log(_) => "events",
        };
        let seeded = session.seeded.count;
        let mut notes = input_notes(world, session);
        if world.firmware_config.is_none() {
            notes.extend(policy_notes(session));
        }
        notes.extend(buckets_note(world, session));
        let typed = world.max.filter(|max| session.max == Some(*max));
        let typed = typed.map(|_| "--max".to_owned());
        Self {
            capture: input.name(),
            again: again(options),
            described: described(session),
            reached,
            notes,
            max: session.max,
            limit_origin: typed.or_else(|| Some(settings.max()?.1.to_string())),
            policy: session.max.map(|_| {
                let spec = session.specs.first();
                spec.map_or_else(|| Spec::ranked().to_string(), ToString::to_string)
            }),
            buckets: session.buckets.clone(),
            seeded: (seeded > 0).then(|| format!("{} seeded entries", Count(seeded))),
            unit,
            preset: world.timeouts_name(),
            established_s: session.config.timeouts.tcp_established,
            established_origin: settings
                .timeout(Timeout::TcpEstablished)
                .map(|(_, origin)| origin.to_string()),
            went_back_count: replay.went_back_count(),
            table: replay.table(),
        }
    }

    /// Whether the capture was read to its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.reached == Reached::End
    }

    /// Whether it is packets that were replayed, and not what a kernel said of them.
    #[must_use]
    pub fn is_capture(&self) -> bool {
        self.unit == "packets"
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

fn again(options: &options::Replay) -> Option<String> {
    let world = &options.world;
    let mut files = options.captures.iter().chain(&world.seed_table);
    if files.any(|file| file.as_os_str() == "-") {
        return None;
    }
    let mut words = vec!["keeptrack replay".to_owned()];
    words.extend(options.captures.iter().map(|file| quoted(&file.to_string_lossy())));
    if let Some(image) = &world.firmware_config {
        words.push(format!("--firmware-config {}", quoted(&image.to_string_lossy())));
    }
    if world.preset != Preset::Linux {
        words.push(format!("-p {}", world.preset_name()));
    }
    if !world.local.is_empty() {
        let local: Vec<_> = world.local.iter().map(ToString::to_string).collect();
        words.push(format!("--local {}", local.join(",")));
    }
    words.extend(world.iface.iter().map(|names| format!("--iface {}", quoted(&names.to_string()))));
    words.extend(world.buckets.map(|count| format!("--buckets {count}")));
    words.extend(
        world.on_full.iter().map(|spec| format!("--on-full {}", quoted(&spec.to_string()))),
    );
    words.extend(world.config.iter().map(|setting| format!("-c {}", quoted(setting))));
    let files = |option: &str, files: &[PathBuf]| -> Vec<String> {
        files.iter().map(|file| format!("{option} {}", quoted(&file.to_string_lossy()))).collect()
    };
    words.extend(files("-r", &world.rules));
    words.extend(files("--timeout-policies", &world.timeout_policies));
    words.extend(files("-s", &world.seed_table));
    Some(words.join(" "))
}

/// A word as a shell takes it, safe for a terminal.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+@%".contains(c);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", printable(word).replace('\'', "'\\''"))
}

/// What the input is, in words.
pub(crate) fn described(session: &Session) -> String {
    match &session.input {
        Input::Captures(captures) => describe(captures),
        Input::Log(_) => "conntrack events".into(),
    }
}

/// What should be said of the input, of rules and of helpers, whatever the table is.
pub(crate) fn input_notes(world: &World, session: &Session) -> Vec<String> {
    let table = session.replay.table();
    let mut notes = session.notes();
    notes.extend(rule_notes(world, table));
    notes.extend(helper_notes(table.stats()));
    notes
}

/// `pcapng, 2 interfaces (lo, eth0)`.
fn describe(capture: &Captures) -> String {
    let interfaces: Vec<_> = capture.interfaces().collect();
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

fn rule_notes(world: &World, table: &Tracker) -> Vec<String> {
    let mut notes = Vec::new();
    let rules = table.rules();
    if rules.sources.is_empty() && !world.rules.is_empty() {
        notes.push("no rule of the raw table was given (is `-t raw` missing?)".into());
    }
    let others = &rules.skipped.other_tables;
    if !others.is_empty() {
        let counts: Vec<_> =
            others.iter().map(|(table, count)| format!("{count} {table}")).collect();
        notes.push(format!("rules of other tables decide nothing here: {}", counts.join(", ")));
    }
    for undecided in &rules.skipped.undecided {
        notes.push(format!("a rule matches nothing here: {undecided}"));
    }
    for wrapped in &rules.skipped.wrapped_ports {
        notes.push(format!("iptables installs a port modulo 65536: {wrapped}"));
    }
    let event_choices = rules.skipped.event_choices;
    if event_choices > 0 {
        notes.push(format!(
            "--ctevents and --expevents (rules: {}) have no effect: `-o events` tells all events",
            Count(event_choices as u64)
        ));
    }
    notes
}

/// What should be said of what a full table does.
fn policy_notes(session: &Session) -> Vec<String> {
    on_full::notes(on_full::Table {
        max: session.max,
        buckets: session.buckets.as_ref(),
        specs: &session.specs,
        rules: session.replay.table().rules(),
        stats: session.replay.table().stats(),
    })
}

/// That buckets were typed which decide nothing.
fn buckets_note(world: &World, session: &Session) -> Option<String> {
    let count = Count(world.buckets? as u64);
    let is_for_linux = session.specs.iter().any(Spec::is_linux);
    (session.max.is_some() && !is_for_linux).then(|| {
        format!(
            "--buckets {count} has no effect on what this table does: it is for `--on-full linux`"
        )
    })
}

/// What helpers could not do.
fn helper_notes(stats: &Stats) -> impl Iterator<Item = String> {
    let cases = [
        (stats.helper_cut, "segments that a helper was to read and that the capture has cut"),
        (
            stats.helper_full,
            "connections that were to have a helper and for which there was no room",
        ),
        (
            stats.helper_elsewhere,
            "announcements of data connections to another host than the one that made them, where \
             nothing is expected, as in Linux",
        ),
    ];
    let some = cases.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(count, what)| format!("{what}: {}", Count(count)))
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
