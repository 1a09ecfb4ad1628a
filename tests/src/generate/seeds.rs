//! Seeds one after the other through the running kernel and our tracker.

use std::fmt;
use std::ops::Range;

use super::random::Random;
use super::regression::Regression;
use super::run::{Difference, find};
use super::sequence::Sequence;
use super::session::Topic;
use super::settings::Settings;
use super::shrink::shrink;
use crate::judge::Judge;
use crate::nf::{self, Kernel, Version};
use crate::ours::Ours;

/// More connections than a sequence has packets.
const SLOT_COUNT: usize = 256;
/// How many kinds of differences are shrunk before the run ends.
const MAX_FOUND: usize = 8;

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// At least so many packets in all, as many from each seed.
    pub packet_count: u64,
    /// From which seeds.
    pub seeds: Range<u64>,
    /// What sequences are about.
    pub topics: Vec<Topic>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Findings {
    /// Packets of the sequences that were passed through both.
    pub packet_count: u64,
    /// Sequences that differ.
    pub differing_count: u64,
    /// Sequences that differ as the kernel's version is known to.
    pub excused_count: u64,
    /// Sequences that differed once and not again: the kernel's own clock has gone on for too long
    /// between a packet and the question what became of it.
    pub unsteady_count: u64,
    /// The shortest sequence of each kind of difference.
    pub found: Vec<Found>,
}

/// A difference, as short as it could be made.
#[derive(Debug)]
pub struct Found {
    /// The seed that it is of.
    pub seed: u64,
    /// What differs.
    pub difference: Difference,
    /// How it comes about, with the kernel's answers.
    pub regression: Regression,
}

/// The running kernel and our tracker under the same settings.
struct Arena {
    version: Version,
    settings: Settings,
    kernel: Kernel,
    ours: Ours,
    /// Sequences in which the kernel differs as its version is known to.
    excused_count: u64,
}

impl Arena {
    fn new(settings: &Settings) -> Result<Self, String> {
        let sysctls = settings.assignments().collect();
        let kernel = Kernel::new(nf::Settings { sysctls, ..nf::Settings::default() })?;
        let ours = Ours::new(settings.config()?, SLOT_COUNT)?;
        let version = Version::running().map_err(|error| error.to_string())?;
        Ok(Self { version, settings: settings.clone(), kernel, ours, excused_count: 0 })
    }

    /// The same under other settings.
    fn under(&mut self, settings: &Settings) -> Result<&mut Self, String> {
        if self.settings != *settings {
            *self = Self { excused_count: self.excused_count, ..Self::new(settings)? };
        }
        Ok(self)
    }

    /// Where both differ; what follows something in which they are known to is not looked at.
    fn find(&mut self, sequence: &Sequence) -> Result<Option<Difference>, String> {
        let found = find(sequence, &mut self.kernel, &mut self.ours)?;
        if let Some(Difference::Packet(place, _, told)) = &found {
            let packet = sequence.steps[*place].packet.bytes();
            if self.version.explains(&packet, &told.0, &told.1).is_some() {
                self.excused_count += 1;
                return Ok(None);
            }
        }
        Ok(found)
    }

    fn shrunk(&mut self, seed: u64, sequence: &Sequence) -> Result<Found, String> {
        let drawn = self.settings.clone();
        let mut ask =
            |settings: &Settings, sequence: &Sequence| self.under(settings)?.find(sequence);
        let (settings, sequence, difference) = shrink(&drawn, sequence, &mut ask)?;
        let about = format!("what seed {seed} found");
        let kernel: &mut dyn Judge = &mut self.under(&settings)?.kernel;
        let regression = Regression::record(&about, kernel, (&settings, &sequence))?;
        self.under(&drawn)?;
        Ok(Found { seed, difference, regression })
    }
}

impl Plan {
    /// Runs it, and tells of each kind of difference when it has been made short.
    ///
    /// # Errors
    /// When the kernel cannot be asked, or gives no answer.
    pub fn run(&self, tell: &mut dyn FnMut(&Found)) -> Result<Findings, String> {
        let seed_count = (self.seeds.end - self.seeds.start).max(1);
        let share = self.packet_count.div_ceil(seed_count);
        let mut findings = Findings::default();
        for seed in self.seeds.clone() {
            let mut random = Random::new(seed);
            let mut arena = Arena::new(&Settings::drawn(&mut random))?;
            let end = findings.packet_count + share;
            while findings.packet_count < end && findings.found.len() < MAX_FOUND {
                let sequence = Sequence::drawn(&arena.settings, &self.topics, &mut random);
                let difference = arena.find(&sequence)?;
                findings.packet_count += u64::try_from(sequence.steps.len()).unwrap_or(0);
                let Some(difference) = difference else { continue };
                if arena.find(&sequence)?.as_ref() != Some(&difference) {
                    findings.unsteady_count += 1;
                    continue;
                }
                findings.differing_count += 1;
                if findings.has_like(&difference) {
                    continue;
                }
                let fault = |error| format!("seed {seed}, {difference}: {error}");
                let found = arena.shrunk(seed, &sequence).map_err(fault)?;
                tell(&found);
                findings.found.push(found);
            }
            findings.excused_count += arena.excused_count;
        }
        Ok(findings)
    }
}

impl Findings {
    fn has_like(&self, difference: &Difference) -> bool {
        self.found.iter().any(|found| found.difference.is_like(difference))
    }
}

/// A file of a sequence that was once found, and what the running kernel says of it.
#[derive(Debug)]
pub struct AskedAgain {
    /// Its name.
    pub name: String,
    /// In what it differs now from then, an item each; `None`: that was another series of kernels.
    pub differing: Option<Vec<String>>,
}

/// Asks the running kernel once more about all that was once found.
///
/// # Errors
/// When the kernel cannot be asked, or a file is not to be read.
pub fn ask_again() -> Result<Vec<AskedAgain>, String> {
    let running = Version::running().map_err(|error| error.to_string())?.to_string();
    let mut asked = Vec::new();
    for (name, regression) in Regression::all()? {
        let differing = if series(&running) == series(&regression.kernel) {
            let mut arena = Arena::new(&regression.settings)?;
            Some(regression.differing(&mut arena.kernel)?)
        } else {
            None
        };
        asked.push(AskedAgain { name, differing });
    }
    Ok(asked)
}

/// The first two numbers of a version.
fn series(version: &str) -> Vec<&str> {
    version.split('.').take(2).collect()
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.difference)?;
        self.regression.words(f)
    }
}
