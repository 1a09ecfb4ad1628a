//! Sequences about which somebody once differed, with the kernel's answers, as files of text.
//!
//! A line says when a packet comes and what it is, one has its bytes, one what the kernel tells of it;
//! at the end are the lines of its table.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use super::run::START_MS;
use super::sequence::Sequence;
use super::settings::Settings;
use crate::judge::{Judge, Row};
use crate::told::{Told, read_row, read_told, row_line, told_line};

/// A sequence and the kernel's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regression {
    /// What differed, in a line.
    pub about: String,
    /// The kernel's version.
    pub kernel: String,
    /// The settings under which it answered.
    pub settings: Settings,
    packets: Vec<Recorded>,
    table: Vec<Row>,
}

/// A packet and the kernel's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Recorded {
    time_ms: u64,
    words: String,
    bytes: Vec<u8>,
    told: Told,
}

impl Regression {
    /// Asks the running kernel, which has these settings already.
    ///
    /// # Errors
    /// When it gives no answer.
    #[cfg(target_os = "linux")]
    pub fn record(
        about: &str,
        kernel: &mut dyn Judge,
        (settings, sequence): (&Settings, &Sequence),
    ) -> Result<Self, String> {
        let version = crate::nf::Version::running().map_err(|error| error.to_string())?;
        // Who has built it does not matter.
        let version = version.to_string().split('-').next().unwrap_or_default().to_owned();
        kernel.clear()?;
        let mut time_ms = START_MS;
        let mut packets = Vec::new();
        for step in &sequence.steps {
            time_ms += step.gap_ms;
            let bytes = step.packet.bytes();
            let told = kernel.pass(time_ms * 1_000_000, &bytes)?;
            packets.push(Recorded { time_ms, words: step.packet.to_string(), bytes, told });
        }
        let (about, settings, table) = (about.to_owned(), settings.clone(), kernel.table()?);
        Ok(Self { about, kernel: version, settings, packets, table })
    }

    /// All that were ever kept, with the names of their files, in order.
    ///
    /// # Errors
    /// When a file cannot be read, with its name.
    pub fn all() -> Result<Vec<(String, Self)>, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regress/kernel");
        let fault = |error: &dyn fmt::Display| format!("{}: {error}", folder.display());
        let mut all = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|error| fault(&error))? {
            let entry = entry.map_err(|error| fault(&error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let fault = |error: String| format!("{name}: {error}");
            let text =
                fs::read_to_string(entry.path()).map_err(|error| fault(error.to_string()))?;
            let regression = text.parse().map_err(fault)?;
            all.push((name, regression));
        }
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(all)
    }

    /// Asks somebody else, who has these settings already, and answers in what they differ, a line
    /// each.
    ///
    /// # Errors
    /// When no answer could be had.
    pub fn differing(&self, judge: &mut dyn Judge) -> Result<Vec<String>, String> {
        judge.clear()?;
        let mut lines = Vec::new();
        for (packet, number) in self.packets.iter().zip(0..) {
            let told = judge.pass(packet.time_ms * 1_000_000, &packet.bytes)?;
            if !packet.told.differs(&told).is_empty() {
                let (was, is) = (told_line(number, &packet.told), told_line(number, &told));
                lines.push(format!("{}\n   {was}\n   {is}", packet.words));
            }
        }
        let table = judge.table()?;
        if table != self.table {
            let shown = |rows: &[Row]| rows.iter().map(row_line).collect::<Vec<_>>().join("\n   ");
            lines.push(format!("the table\n   {}\nbut\n   {}", shown(&self.table), shown(&table)));
        }
        Ok(lines)
    }
}

impl Regression {
    /// Writes what to read: settings, packets in words, and what the kernel tells of each.
    pub(super) fn words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "settings {}", self.settings)?;
        for (packet, number) in self.packets.iter().zip(0..) {
            let after_ms = packet.time_ms.saturating_sub(START_MS);
            writeln!(f, "{after_ms:>9} ms {}", packet.words)?;
            writeln!(f, "             {}", told_line(number, &packet.told))?;
        }
        Ok(())
    }
}

impl fmt::Display for Regression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "about {}\nkernel {}\nsettings {}", self.about, self.kernel, self.settings)?;
        for (packet, number) in self.packets.iter().zip(0..) {
            writeln!(f, "at {} {}", packet.time_ms, packet.words)?;
            for byte in &packet.bytes {
                write!(f, "{byte:02x}")?;
            }
            writeln!(f, "\n{}", told_line(number, &packet.told))?;
        }
        self.table.iter().try_for_each(|row| writeln!(f, "{}", row_line(row)))
    }
}

impl FromStr for Regression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().peekable();
        let mut headed = |word: &str| {
            let line = lines.next().and_then(|line| line.strip_prefix(word)).map(str::trim);
            line.map(str::to_owned).ok_or_else(|| format!("no line begins with {word:?} there"))
        };
        let (about, kernel) = (headed("about")?, headed("kernel")?);
        let settings = headed("settings")?.parse()?;
        let mut packets = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("at ")) {
            let fault = || format!("no packet: {line}");
            let (time, words) = line[3..].split_once(' ').ok_or_else(fault)?;
            let time_ms = time.parse().map_err(|_| fault())?;
            let bytes = lines.next().and_then(unhex).ok_or_else(fault)?;
            let (_, told) = read_told(lines.next().ok_or_else(fault)?)?;
            packets.push(Recorded { time_ms, words: words.to_owned(), bytes, told });
        }
        let table = lines.map(read_row).collect::<Result<_, _>>()?;
        Ok(Self { about, kernel, settings, packets, table })
    }
}

/// Bytes from two digits each.
fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok().filter(|_| pair.len() == 2)
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::Regression;
    use crate::ours::Ours;

    #[test]
    fn what_once_differed_does_so_no_more() {
        let all = Regression::all().unwrap();
        assert!(all.len() >= 9);
        for (name, regression) in all {
            let mut ours = Ours::new(regression.settings.config().unwrap(), 64).unwrap();
            let differing = regression.differing(&mut ours).unwrap();
            assert!(differing.is_empty(), "{name}:\n{}", differing.join("\n"));
            assert_eq!(regression.to_string().parse(), Ok(regression), "{name}");
        }
    }
}
