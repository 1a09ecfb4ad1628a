//! Errors and findings shown as a compiler shows them: the file, the line, the word underlined, what
//! to do.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::capture::is_hidden;
use crate::source::Source;

/// The most errors that are shown of one file.
const MAX_FAULTS: usize = 20;

/// How much of a line is kept behind the marked word, in characters: more than any screen shows.
const MAX_REST_LEN: usize = 1000;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// It is wrong.
    Error,
    /// It does something else than it seems to.
    Warning,
    /// It may be meant so.
    Note,
}

impl Severity {
    /// As it is printed.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    const fn level(self) -> Level<'static> {
        match self {
            Self::Error => Level::ERROR,
            Self::Warning => Level::WARNING,
            Self::Note => Level::NOTE,
        }
    }
}

/// What is wrong at a place of a file that is being read.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Where, in bytes from the start of the file.
    pub(crate) span: Range<usize>,
    title: String,
    label: String,
    /// Another part of the file, and what it has to do with it.
    beside: Option<(Range<usize>, String)>,
    severity: Severity,
    footers: Vec<Footer>,
    is_undecided: bool,
}

#[derive(Debug, Clone)]
struct Footer {
    level: Level<'static>,
    text: String,
}

impl Fault {
    pub(crate) fn new(span: Range<usize>, title: impl Into<String>) -> Self {
        Self {
            span,
            title: title.into(),
            label: String::new(),
            beside: None,
            severity: Severity::Error,
            footers: Vec::new(),
            is_undecided: false,
        }
    }

    /// Marks it as nothing wrong, but something that is known and not decided.
    pub(crate) fn undecided(mut self) -> Self {
        self.is_undecided = true;
        self
    }

    /// Whether that is all that is the matter.
    pub(crate) const fn is_undecided(&self) -> bool {
        self.is_undecided
    }

    /// What is the matter, in one line. Not made safe for a terminal.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// Says beside the underlined word what is wrong with it.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Marks another part of the file, and says what it has to do with it.
    pub(crate) fn beside(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.beside = Some((span, label.into()));
        self
    }

    /// Says how bad it is.
    pub(crate) const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says what to do.
    pub(crate) fn help(self, text: impl Into<String>) -> Self {
        self.footer(Level::HELP, text)
    }

    /// Says what else is worth knowing.
    pub(crate) fn note(self, text: impl Into<String>) -> Self {
        self.footer(Level::NOTE, text)
    }

    /// Offers the candidate that is most like `word`, if one is like it.
    pub(crate) fn did_you_mean<'c>(
        self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Self {
        match nearest(word, candidates) {
            Some(candidate) => self.help(format!("did you mean `{candidate}`?")),
            None => self,
        }
    }

    /// The same in a part of what `file` was made of.
    fn moved(mut self, file: &Source, part: &Source) -> Self {
        let word = |span: &Range<usize>| file.text().get(span.clone()).unwrap_or_default();
        let found = part.text().find(word(&self.span)).filter(|_| !self.span.is_empty());
        let span = found.map_or(0..part.text().len(), |at| at..at + self.span.len());
        if let Some((of, label)) = self.beside.take() {
            let place = file.part_at(of.start);
            let place = place.as_ref().and_then(Source::part).unwrap_or_default();
            self = self.note(format!("{place}: `{}` {label}", word(&of)));
        }
        Self { span, ..self }
    }

    fn footer(mut self, level: Level<'static>, text: impl Into<String>) -> Self {
        self.footers.push(Footer { level, text: text.into() });
        self
    }
}

/// Faults of one file, gathered while it is read.
pub(crate) struct Faults<'f> {
    file: &'f Source,
    diagnostics: &'f mut Vec<Diagnostic>,
    count: usize,
}

impl<'f> Faults<'f> {
    /// None yet; they are put behind `diagnostics`.
    pub(crate) fn of(file: &'f Source, diagnostics: &'f mut Vec<Diagnostic>) -> Self {
        Self { file, diagnostics, count: 0 }
    }

    /// Takes one more; returns whether it will take another one.
    pub(crate) fn take(&mut self, fault: Fault) -> bool {
        self.diagnostics.push(Diagnostic::new(fault, self.file));
        self.count += 1;
        if self.count < MAX_FAULTS {
            return true;
        }
        let title = format!("{}: reading stopped after {MAX_FAULTS} errors", self.file.name());
        self.whole(Diagnostic::without_place(&title, None));
        false
    }

    /// Takes one of the whole file.
    pub(crate) fn whole(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// All that is wrong with the files of one kind: one or more errors, each with its place.
#[derive(Debug)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// `result`, unless there are `diagnostics`.
    pub(crate) fn unless<T>(diagnostics: Vec<Diagnostic>, result: T) -> Result<T, Self> {
        if diagnostics.is_empty() { Ok(result) } else { Err(Self(diagnostics)) }
    }

    /// The errors.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0
    }

    /// All of it with colours, to be printed through `anstream`.
    #[must_use]
    pub fn styled(&self) -> String {
        self.joined(Diagnostic::styled)
    }

    fn joined(&self, render: impl Fn(&Diagnostic) -> String) -> String {
        self.0.iter().map(render).collect::<Vec<_>>().join("\n\n")
    }
}

impl fmt::Display for Diagnostics {
    /// Without colours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined(Diagnostic::to_string))
    }
}

impl std::error::Error for Diagnostics {}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

/// One error, with all that is needed to show it.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    severity: Severity,
    title: String,
    place: Option<Box<Place>>,
    footers: Vec<Footer>,
}

#[derive(Debug, Clone)]
struct Place {
    file: String,
    /// Which part of the file the lines are of.
    part: Option<String>,
    /// The number of the first line that is shown.
    first_line: usize,
    /// The number of the marked line.
    line: usize,
    /// How many characters of the line stand before the marked ones.
    column: usize,
    source: String,
    span: Range<usize>,
    label: String,
    beside: Option<(Range<usize>, String)>,
}

impl Diagnostic {
    /// An error of a whole file, or of all.
    pub(crate) fn without_place(title: &str, help: Option<&str>) -> Self {
        let footers = help.map(|help| Footer { level: Level::HELP, text: visible(help) });
        Self {
            severity: Severity::Error,
            title: visible(title),
            place: None,
            footers: footers.into_iter().collect(),
        }
    }

    /// A fault of `file`, shown as that has it.
    pub(crate) fn new(fault: Fault, file: &Source) -> Self {
        match file.part_at(fault.span.start) {
            Some(part) => Self::at(fault.moved(file, &part), &part),
            None => Self::at(fault, file),
        }
    }

    fn at(fault: Fault, file: &Source) -> Self {
        let (line, own) = file.line_at(fault.span.start);
        let beside = fault.beside.map(|(span, label)| (file.line_at(span.start), span, label));
        let (mut first_line, mut start, mut end) = (line, own.start, own.end);
        if let Some(((number, around), ..)) = &beside {
            first_line = first_line.min(*number);
            start = start.min(around.start);
            end = end.max(around.end);
        }
        let shown = Shown { text: file.text(), start, end };
        let place = Place {
            file: visible(file.name()),
            part: file.part().map(visible),
            first_line,
            line,
            column: file.text().get(own.start..fault.span.start).map_or(0, |s| s.chars().count()),
            source: shown.source(fault.span.end),
            span: shown.span(&fault.span, own.end),
            label: visible(&fault.label),
            beside: beside
                .map(|((_, around), span, label)| (shown.span(&span, around.end), visible(&label))),
        };
        let footers = fault.footers.into_iter();
        let footers = footers.map(|footer| Footer { text: visible(&footer.text), ..footer });
        Self {
            severity: fault.severity,
            title: visible(&fault.title),
            place: Some(Box::new(place)),
            footers: footers.collect(),
        }
    }

    /// How bad it is.
    pub(crate) const fn severity(&self) -> Severity {
        self.severity
    }

    /// What is the matter, in one line.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// The file, line and column, from 1, of what is marked.
    pub(crate) fn place(&self) -> Option<(&str, usize, usize)> {
        self.place.as_ref().map(|place| (place.file.as_str(), place.line, place.column + 1))
    }

    /// Which part of the file line and column count in, if not in all of it.
    pub(crate) fn part(&self) -> Option<&str> {
        self.place.as_ref()?.part.as_deref()
    }

    /// What is said beside what is marked, if anything is.
    pub(crate) fn label(&self) -> Option<&str> {
        self.place.as_ref().map(|place| place.label.as_str()).filter(|label| !label.is_empty())
    }

    /// What else is worth knowing, and what to do.
    pub(crate) fn footers(&self) -> impl Iterator<Item = &str> {
        self.footers.iter().map(|footer| footer.text.as_str())
    }

    fn render(&self, renderer: &Renderer) -> String {
        let title = self.severity.level().primary_title(&self.title);
        let footers = self.footers.iter().map(|footer| {
            Group::with_title(footer.level.clone().secondary_title(footer.text.as_str()))
        });
        let Some(place) = &self.place else {
            // In one report they would be joined by the margin of a source that is not there.
            let groups = std::iter::once(Group::with_title(title)).chain(footers);
            let lines: Vec<String> = groups.map(|group| renderer.render(&[group])).collect();
            return lines.join("\n");
        };
        let mark = AnnotationKind::Primary.span(place.span.clone());
        let mark = if place.label.is_empty() { mark } else { mark.label(&place.label) };
        let beside = place
            .beside
            .as_ref()
            .map(|(span, label)| AnnotationKind::Context.span(span.clone()).label(label));
        let part = place.part.iter().flat_map(|part| [" ", part]);
        let path: String = std::iter::once(place.file.as_str()).chain(part).collect();
        let snippet = Snippet::source(&place.source)
            .path(path)
            .line_start(place.first_line)
            .annotation(mark)
            .annotations(beside);
        let report: Vec<Group<'_>> =
            std::iter::once(title.element(snippet)).chain(footers).collect();
        renderer.render(&report)
    }

    /// As a terminal shows it, with colours.
    #[must_use]
    pub fn styled(&self) -> String {
        self.render(&Renderer::styled())
    }
}

impl fmt::Display for Diagnostic {
    /// Without colours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}

/// The lines of a file that are shown, hidden characters made visible.
struct Shown<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl Shown<'_> {
    fn part(&self, part: Range<usize>) -> String {
        let text = self.text.get(part).unwrap_or_default();
        text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
    }

    /// All of them, but of the rest of the last one behind the end of what is marked no more than a
    /// screen shows.
    fn source(&self, marked_end: usize) -> String {
        let end = marked_end.clamp(self.start, self.end);
        let rest = self.text.get(end..self.end).unwrap_or_default();
        let rest_len = rest.char_indices().nth(MAX_REST_LEN).map_or(rest.len(), |(at, _)| at);
        self.part(self.start..end + rest_len)
    }

    /// Where a part of the file stands there, up to the end of its line.
    fn span(&self, span: &Range<usize>, line_end: usize) -> Range<usize> {
        let end = span.end.clamp(span.start, line_end.max(span.start));
        let before = self.part(self.start..span.start).len();
        before..before + self.part(span.start..end).len()
    }
}

/// The text with every character that is hidden made visible, as many characters as before: a file
/// must not steer the terminal that shows it.
fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => '\t',
        // The block of control pictures has them in the order of their codes.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        c if is_hidden(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// The candidate that is most like `word`, if one is like it.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    // Far longer words are no slips of the keyboard, and the distance costs the product of lengths.
    let length = word.chars().count();
    if length > 40 {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let most = (length / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(lower.len()) <= most)
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_ascii_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_and_no_far_one() {
        let candidates = ["--sport", "--dports", "--dport", "NOTRACK"];
        let cases = [
            ("--dprot", Some("--dport")),
            ("NOTRAK", Some("NOTRACK")),
            ("notrack", Some("NOTRACK")),
            ("--icmp-type", None),
            ("x", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, candidates), expected, "{word}");
        }
    }

    #[test]
    fn a_file_cannot_steer_the_terminal() {
        let text = "a \u{1b}[31m\u{9b}b\u{202e} bad".to_owned();
        let file = Source::new("x\u{1b}]0;y".to_owned(), text);
        let fault = Fault::new(14..17, "no \u{7}").label("\u{1b}").help("\r\u{feff}");
        let shown = Diagnostic::new(fault, &file).to_string();
        let expected = "\
error: no ␇
 --> x␛]0;y:1:12
  |
1 | a ␛[31m�b� bad
  |            ^^^ ␛
  |
help: ␍�";
        assert_eq!(shown, expected);
    }
}
