//! Reads files of timeout policies: listings, commands, or both.

use keeptrack_core::TimeoutPolicy;

use super::command::{self, Action};
use super::listed::{self, Block};
use super::{HELP, POLICIES, Policies};
use crate::diagnostic::{Fault, Faults};
use crate::rules::text::{self, Line};
use crate::rules::words::{self, Syntax, Word};
use crate::source::Source;

/// The longest line that is looked at, in bytes: a command that sets every state is shorter.
const MAX_LINE_LEN: usize = 4096;

/// Puts the policies of `file` into `policies`.
pub(super) fn read(
    file: &Source,
    (policies, defaults): (&mut Policies, &TimeoutPolicy),
    mut faults: Faults<'_>,
) {
    let mut reader = Reader { file, policies, defaults, within: Within::Nothing };
    for line in text::lines(file) {
        if let Err(fault) = reader.line(&line)
            && !faults.take(fault)
        {
            return;
        }
    }
    if let Within::Block(block) = reader.within {
        let name = block.name();
        let title = format!("the policy `{}` does not end", name.text);
        faults.take(Fault::new(name.span.clone(), title).label("the file ends before `};`"));
    }
}

struct Reader<'r> {
    file: &'r Source,
    policies: &'r mut Policies,
    defaults: &'r TimeoutPolicy,
    within: Within,
}

/// Where in a listing the reader is.
enum Within {
    Nothing,
    Block(Block),
    /// A block that something is wrong with: the rest of it says nothing.
    Bad,
}

impl Reader<'_> {
    fn line(&mut self, line: &Line) -> Result<(), Fault> {
        let text = self.file.text().get(line.span.clone()).unwrap_or_default();
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        if text.len() > MAX_LINE_LEN {
            let first = text.chars().next().map_or(0, char::len_utf8);
            let place = line.span.start..line.span.start + first;
            return Err(Fault::new(place, format!("a line of more than {MAX_LINE_LEN} bytes"))
                .label("no policy is that long"));
        }
        match self.within {
            Within::Bad => {
                if listed::ends(text) {
                    self.within = Within::Nothing;
                }
                Ok(())
            }
            Within::Nothing if !listed::is_listed(text) => self.command(line),
            _ => {
                let words = words::split(self.file.text(), line.span.clone(), Syntax::Save)?;
                self.listed(line, &words).inspect_err(|_| {
                    self.within = if listed::ends(text) { Within::Nothing } else { Within::Bad };
                })
            }
        }
    }

    fn listed(&mut self, line: &Line, words: &[Word]) -> Result<(), Fault> {
        let Within::Block(block) = &mut self.within else {
            self.within = Within::Block(Block::open(words, self.defaults)?);
            return Ok(());
        };
        let Some(draft) = block.line(words)? else { return Ok(()) };
        self.within = Within::Nothing;
        self.policies.add(draft, self.place(line))
    }

    fn command(&mut self, line: &Line) -> Result<(), Fault> {
        if !is_nfct(self.file.text().get(line.span.clone()).unwrap_or_default()) {
            return self.other(line);
        }
        let words = words::split(self.file.text(), line.span.clone(), Syntax::Shell(&POLICIES))?;
        let start = usize::from(words.first().is_some_and(|word| word.text == "sudo"));
        let Some((program, words)) = words.get(start..).and_then(<[Word]>::split_first) else {
            return Ok(());
        };
        match command::parse(program, words, self.defaults)? {
            Action::Add(draft) => self.policies.add(draft, self.place(line)),
            Action::Nothing => Ok(()),
            Action::Remove { word, name } => {
                let is_there = match name {
                    Some(name) => self.policies.find(&name.text).is_some(),
                    None => self.policies.names().next().is_some(),
                };
                if !is_there {
                    return Ok(());
                }
                Err(Fault::new(word.span, "policies are taken away again")
                    .label("behind policies that were read before")
                    .help("begin with this line, or leave it out"))
            }
        }
    }

    /// A line that is neither: a script may make the rules as well.
    fn other(&self, line: &Line) -> Result<(), Fault> {
        let text = self.file.text().get(line.span.clone()).unwrap_or_default();
        let program = program(text);
        if matches!(basename(program), "iptables" | "ip6tables") {
            return Ok(());
        }
        let start = line.span.end - text.len() + text.find(program).unwrap_or(0);
        Err(Fault::new(start..start + program.len(), "not a line of timeout policies")
            .label("neither `nfct`, nor a line of what it lists")
            .did_you_mean(basename(program), ["nfct"])
            .help(HELP))
    }

    fn place(&self, line: &Line) -> String {
        format!("{}:{}", self.file.name(), line.number)
    }
}

/// Whether a line is a command of nfct.
pub(in crate::rules) fn is_nfct(line: &str) -> bool {
    basename(program(line)) == "nfct"
}

/// The program that a line begins with, perhaps behind `sudo`.
fn program(line: &str) -> &str {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    if first == "sudo" { words.next().unwrap_or_default() } else { first }
}

fn basename(program: &str) -> &str {
    let name = program.rsplit('/').next().unwrap_or_default();
    name.strip_suffix("-legacy").or(name.strip_suffix("-nft")).unwrap_or(name)
}
