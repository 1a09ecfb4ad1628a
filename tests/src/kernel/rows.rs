//! The rows of a final table, from the kernel's file and from a listing, in one form.

use std::collections::BTreeMap;

use serde_json::Value;

use super::record::{Record, text};

/// The rows of a table, by what conntrack knows them by: protocol, addresses, and ports, keys, or
/// type, code and identifier of the original direction.
pub type Rows = BTreeMap<String, Row>;

/// What is compared of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The state, or nothing.
    pub state: String,
    /// `R` for SEEN_REPLY, `A` for ASSURED.
    pub flags: String,
    /// Whole seconds left to live.
    pub left_s: u64,
    /// Packets and bytes, of the original and of the reply direction.
    pub counters: [(u64, u64); 2],
}

impl Row {
    /// The row of an entry as the kernel's file has it.
    ///
    /// # Errors
    /// When a field is missing.
    pub(super) fn of_record(record: &Record) -> Result<(String, Self), String> {
        let number = |field: &str| record.get(field).and_then(Value::as_u64);
        let needed = |field: &str| number(field).ok_or(format!("a row without {field:?}"));
        let of_two = |field: &str, at: usize| {
            let number = record.get(field).and_then(|both| both.get(at)).and_then(Value::as_u64);
            number.ok_or(format!("a row without two numbers {field:?}"))
        };
        let mut name = vec![needed("p")?.to_string(), text(record, "s").into()];
        name.push(text(record, "d").into());
        let ends = ["sp", "dp", "ty", "co", "id"].into_iter().filter_map(number);
        name.extend(ends.map(|end| end.to_string()));
        let row = Self {
            state: text(record, "st").into(),
            flags: text(record, "fl").chars().filter(|flag| "RA".contains(*flag)).collect(),
            left_s: needed("left")?,
            counters: [(of_two("pk", 0)?, of_two("by", 0)?), (of_two("pk", 1)?, of_two("by", 1)?)],
        };
        Ok((name.join(" "), row))
    }

    /// The row of a line that `conntrack -L` would print where packets are counted.
    ///
    /// # Errors
    /// When it is no such line.
    pub(super) fn of_line(line: &str) -> Result<(String, Self), String> {
        let fault = || format!("no row of a table: {line:?}");
        let mut words = line.split_ascii_whitespace().skip(1).peekable();
        let mut name = vec![words.next().ok_or_else(fault)?.to_owned()];
        let left_s = words.next().and_then(|left| left.parse().ok()).ok_or_else(fault)?;
        let state = words.next_if(|word| !word.contains('=')).unwrap_or_default();
        let fields: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
        let of = |field: &str, nth: usize| {
            fields.iter().filter(|(name, _)| *name == field).nth(nth).map(|(_, value)| *value)
        };
        name.extend([of("src", 0), of("dst", 0)].into_iter().flatten().map(str::to_owned));
        let ends = ["sport", "dport", "srckey", "dstkey", "type", "code", "id"];
        let ends = ends.into_iter().filter_map(|end| of(end, 0)).map(decimal);
        name.extend(ends.collect::<Option<Vec<_>>>().ok_or_else(fault)?);
        let count = |field: &str, nth: usize| {
            of(field, nth).and_then(|count| count.parse().ok()).ok_or_else(fault)
        };
        let counters = |nth: usize| Ok::<_, String>((count("packets", nth)?, count("bytes", nth)?));
        let mut flags = String::new();
        flags.extend((!line.contains("[UNREPLIED]")).then_some('R'));
        flags.extend(line.contains("[ASSURED]").then_some('A'));
        let counters = [counters(0)?, counters(1)?];
        Ok((name.join(" "), Self { state: state.to_owned(), flags, left_s, counters }))
    }

    /// In what `other` is not the same, by name, with this row's value and the other's.
    pub(super) fn differences(&self, other: &Self) -> Vec<(&'static str, String, String)> {
        let told = |row: &Self| {
            [
                ("state", row.state.clone()),
                ("flags", row.flags.clone()),
                ("left", row.left_s.to_string()),
                ("packets and bytes", format!("{:?}", row.counters)),
            ]
        };
        let pairs = told(self).into_iter().zip(told(other));
        pairs
            .filter(|(one, two)| one != two)
            .map(|((name, one), (_, two))| (name, one, two))
            .collect()
    }
}

/// A number that may be written in hexadecimal.
fn decimal(number: &str) -> Option<String> {
    match number.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(|number| number.to_string()),
        None => Some(number.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::Row;

    #[test]
    fn both_forms_of_a_row_are_one() {
        for (record, line) in [
            (
                r#"{"p":6,"s":"10.0.0.1","d":"10.0.0.2","sp":1,"dp":80,"st":"CLOSE","left":8,"fl":"RA","pk":[6,4],"by":[382,4509]}"#,
                "tcp      6 8 CLOSE src=10.0.0.1 dst=10.0.0.2 sport=1 dport=80 packets=6 bytes=382 \
                 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1 packets=4 bytes=4509 [ASSURED] mark=0 use=1",
            ),
            (
                r#"{"p":58,"s":"fd01::2","d":"fd02::2","id":7,"ty":128,"co":0,"left":29,"fl":"","pk":[1,0],"by":[56,0]}"#,
                "icmpv6   58 29 src=fd01::2 dst=fd02::2 type=128 code=0 id=7 packets=1 bytes=56 [UNREPLIED] \
                 src=fd02::2 dst=fd01::2 type=129 code=0 id=7 packets=0 bytes=0 mark=0 use=1",
            ),
            (
                r#"{"p":47,"s":"10.0.0.1","d":"10.0.0.2","sp":0,"dp":4660,"left":179,"fl":"RA","pk":[3,3],"by":[9,9]}"#,
                "gre      47 179 src=10.0.0.1 dst=10.0.0.2 srckey=0x0 dstkey=0x1234 packets=3 bytes=9 \
                 src=10.0.0.2 dst=10.0.0.1 srckey=0x1234 dstkey=0x0 packets=3 bytes=9 [ASSURED] mark=0 use=1",
            ),
        ] {
            let record = serde_json::from_str(record).unwrap();
            let (listed, told) = (Row::of_line(line).unwrap(), Row::of_record(&record).unwrap());
            assert_eq!(listed, told);
            assert!(told.1.differences(&listed.1).is_empty());
            let later = Row { left_s: 7, ..listed.1 };
            assert_eq!(later.differences(&told.1).len(), 1);
        }
        assert!(Row::of_line("tcp 6 x").is_err());
    }
}
