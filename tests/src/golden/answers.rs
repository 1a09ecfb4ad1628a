//! All that is told of a capture, as a file, and compared.

use std::collections::BTreeMap;
use std::fmt::Write;

use keeptrack_core::Status;
use serde::{Deserialize, Serialize};

use crate::judge::Row;
use crate::told::{Told, read_row, read_told, row_line, told_line};

/// What a kernel was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its version.
    pub linux: String,
    /// Its settings, without those that are the machine's.
    pub sysctls: BTreeMap<String, u32>,
}

/// What was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// Of each packet.
    pub packets: Vec<Told>,
    /// The table at the end.
    pub rows: Vec<Row>,
}

impl Answers {
    /// The text of the file; the kernel's words for INVALID are left out.
    #[must_use]
    pub fn text(&self, asked: &Asked) -> String {
        // Numbers and text: there is nothing that could not be written.
        let mut text = serde_json::to_string(asked).unwrap_or_default() + "\n";
        for (told, index) in self.packets.iter().zip(0..) {
            let told = Told { log: None, ..told.clone() };
            let _ = writeln!(text, "{}", told_line(index, &told));
        }
        for row in &self.rows {
            let _ = writeln!(text, "{}", row_line(row));
        }
        text
    }

    /// What such a text says.
    ///
    /// # Errors
    /// When a line is wrong, with its number.
    pub fn read(text: &str) -> Result<(Asked, Self), String> {
        let mut lines = text.lines().zip(1..);
        let asked = lines.next().map(|(line, _)| serde_json::from_str(line));
        let asked = asked.ok_or("it is empty")?.map_err(|error| format!("line 1: {error}"))?;
        let mut answers = Self::default();
        for (line, number) in lines {
            let fault = |error: String| format!("line {number}: {error}");
            if line.contains(r#""t":"ct""#) {
                answers.rows.push(read_row(line).map_err(fault)?);
                continue;
            }
            let (index, told) = read_told(line).map_err(fault)?;
            if usize::try_from(index) != Ok(answers.packets.len()) {
                return Err(fault(format!("packet {index} at another one's place")));
            }
            answers.packets.push(told);
        }
        Ok((asked, answers))
    }

    /// In what `ours` differs from these answers, which are the kernel's: a text for each packet
    /// and each connection.
    #[must_use]
    pub fn differences(&self, ours: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if self.packets.len() != ours.packets.len() {
            let (kernel, ours) = (self.packets.len(), ours.packets.len());
            differences.push(format!("{kernel} packets to the kernel, {ours} here"));
        }
        for ((kernel, ours), index) in self.packets.iter().zip(&ours.packets).zip(0..) {
            let fields = kernel.differs(ours);
            if !fields.is_empty() {
                let (kernel, ours) = (told_line(index, kernel), told_line(index, ours));
                differences.push(format!("{fields:?}\n   kernel {kernel}\n   ours   {ours}"));
            }
        }
        let lines = |rows: &[Row]| rows.iter().map(listed).collect::<Vec<_>>();
        let (kernel, ours) = (lines(&self.rows), lines(&ours.rows));
        let only = |one: &[String], other: &[String], whose: &str| -> Vec<String> {
            let only = one.iter().filter(|line| !other.contains(line));
            only.map(|line| format!("in the table\n   {whose} {line}")).collect()
        };
        differences.extend(only(&kernel, &ours, "kernel"));
        differences.extend(only(&ours, &kernel, "ours  "));
        differences
    }
}

/// A row as far as `conntrack -L` prints it: not whether another connection announced it.
fn listed(row: &Row) -> String {
    row_line(&Row { status: row.status.without(Status::EXPECTED), ..row.clone() })
}

#[cfg(test)]
mod tests {
    use super::Answers;

    const TEXT: &str = r#"{"linux":"6.18.44","sysctls":{"nf_conntrack_checksum":0}}
{"i":0,"v":"new","d":"o","st":"SYN_SENT","to":120,"fl":""}
{"i":1,"v":"refused"}
{"t":"ct","p":6,"s":"192.0.2.1","d":"192.0.2.2","sp":1,"dp":2,"st":"SYN_SENT","fl":"E","left":9}
"#;

    #[test]
    fn a_file_is_read_as_it_is_written() {
        let (asked, answers) = Answers::read(TEXT).unwrap();
        assert_eq!(answers.text(&asked), TEXT);
        let error = Answers::read(&TEXT.replace(r#""i":1"#, r#""i":2"#)).unwrap_err();
        assert!(error.starts_with("line 3: packet 2"), "{error}");
    }

    #[test]
    fn each_packet_and_each_connection_is_compared() {
        let (_, kernel) = Answers::read(TEXT).unwrap();
        let differences = |from: &str, to: &str| {
            let (_, ours) = Answers::read(&TEXT.replace(from, to)).unwrap();
            kernel.differences(&ours).len()
        };
        assert_eq!(differences("E", "E"), 0);
        assert_eq!(differences(r#""fl":"E""#, r#""fl":"""#), 0);
        assert_eq!(differences(r#""to":120"#, r#""to":119"#), 1);
        assert_eq!(differences(r#""left":9"#, r#""left":8"#), 2);
        assert_eq!(differences("{\"i\":1,\"v\":\"refused\"}\n", ""), 1);
    }
}
