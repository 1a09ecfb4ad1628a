//! Reads one `<flow>` of `-o xml`: an entry, an event or an expectation.
//!
//! The tools leave out the type, code and identifier of ICMP: such entries have no ends.

use std::borrow::Cow;

use jiff::civil::DateTime;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion, escape};

use super::draft::{number, read as keep};
use super::entry::{Kind, Time, Userspace};
use super::fault::Fault;
use super::line::Record;
use super::tokens::Tokens;
use super::xml_flow::EntryTaker;
use super::{ctime, listed, xml_expect};

/// Reads `element`, from `<flow` to `</flow>`, and what stands behind it up to the next element.
pub(super) fn read(element: &str, behind: &str) -> Result<Record, Fault> {
    let by = by(behind)?;
    // Entries alone have directions.
    if element.contains("<meta direction=") {
        let mut taker = EntryTaker::new();
        let flow = walk(element, &mut taker)?;
        taker.finish(flow, by)
    } else {
        xml_expect::read(element, by.as_ref())
    }
}

fn by(behind: &str) -> Result<Option<Userspace>, Fault> {
    let mut tokens = Tokens::new(behind);
    match tokens.next() {
        None => Ok(None),
        Some("[USERSPACE]") => listed::userspace(&mut tokens).map(Some),
        Some(word) => Err(Fault::Unknown(word.into())),
    }
}

/// Keeps what the elements within a `<flow>` tell.
pub(super) trait Take {
    /// An element begins.
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Fault>;
    /// An element ends that has only text within, or nothing.
    fn leaf(&mut self, name: &str, text: &str) -> Result<(), Fault>;
    /// An element ends that has others within.
    fn close(&mut self, _name: &str) {}
}

/// What every `<flow>` may tell, whatever it is of.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Flow {
    pub(super) kind: Option<Kind>,
    pub(super) time: Option<Time>,
}

/// Reads the elements of a `<flow>` one by one.
pub(super) fn walk(element: &str, taker: &mut impl Take) -> Result<Flow, Fault> {
    let mut reader = Reader::from_str(element);
    let mut flow = Flow::default();
    let mut when = When::default();
    let mut text = String::new();
    // Whether no element has begun or ended since the last one began.
    let mut is_leaf = false;
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                text.clear();
                is_leaf = true;
                match start.name().as_ref() {
                    "flow" => flow.kind = kind(&start)?,
                    "when" => {}
                    _ => taker.open(&start)?,
                }
            }
            Event::Empty(start) => {
                is_leaf = false;
                taker.open(&start)?;
                taker.leaf(start.name().as_ref(), "")?;
            }
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::CData(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(entity) => match entity.resolve_char_ref()? {
                Some(character) => text.push(character),
                None => text.push_str(named(&entity)?),
            },
            Event::End(end) => {
                let (name, text) = (end.name(), text.trim());
                match (name.as_ref(), is_leaf) {
                    ("flow", _) => {}
                    ("when", _) => flow.time = Some(when.time()?),
                    (name, true) if when.take(name, text)? => {}
                    (name, true) => taker.leaf(name, text).map_err(|fault| within(fault, name))?,
                    (name, false) => taker.close(name),
                }
                is_leaf = false;
            }
            Event::Eof => return Ok(flow),
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
    }
}

/// The value of an attribute.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, Fault> {
    let attribute = start.try_get_attribute(name).map_err(quick_xml::Error::from)?;
    let value = attribute
        .map(|attribute| attribute.normalized_value(XmlVersion::Implicit1_0).map(Cow::into_owned));
    Ok(value.transpose()?)
}

fn kind(flow: &BytesStart<'_>) -> Result<Option<Kind>, Fault> {
    let Some(kind) = attribute(flow, "type")? else { return Ok(None) };
    match kind.as_str() {
        "new" => Ok(Some(Kind::New)),
        "update" => Ok(Some(Kind::Update)),
        "destroy" => Ok(Some(Kind::Destroy)),
        _ => Err(Fault::Value(format!("type=\"{kind}\"").into())),
    }
}

fn named(entity: &str) -> Result<&'static str, Fault> {
    let known = escape::resolve_predefined_entity(entity);
    known.ok_or_else(|| Fault::Unknown(format!("&{entity};").into()))
}

impl From<quick_xml::Error> for Fault {
    fn from(error: quick_xml::Error) -> Self {
        Self::Xml(error.to_string().into())
    }
}

/// Says of which element a wrong value is.
fn within(fault: Fault, name: &str) -> Fault {
    match fault {
        Fault::Value(value) => Fault::Value(format!("<{name}>{value}").into()),
        Fault::Twice(_) => Fault::Twice(format!("<{name}>").into()),
        Fault::Long(text, len) => Fault::Long(format!("<{name}>{text}").into(), len),
        other => other,
    }
}

/// `-o timestamp` in XML: a date of the wall clock, whole seconds.
#[derive(Debug, Default)]
struct When {
    second: Option<i8>,
    minute: Option<i8>,
    hour: Option<i8>,
    day: Option<i8>,
    month: Option<i8>,
    year: Option<i16>,
}

impl When {
    /// Whether `name` was part of it.
    fn take(&mut self, name: &str, text: &str) -> Result<bool, Fault> {
        match name {
            "sec" => keep(&mut self.second, text, text)?,
            "min" => keep(&mut self.minute, text, text)?,
            "hour" => keep(&mut self.hour, text, text)?,
            "day" => keep(&mut self.day, text, text)?,
            "month" => keep(&mut self.month, text, text)?,
            "year" => keep(&mut self.year, text, text)?,
            // The day of the week follows from the others.
            "wday" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn time(&self) -> Result<Time, Fault> {
        let missing = Fault::Missing("<when> with year, month, day, hour, min and sec");
        let (Some(year), Some(month), Some(day)) = (self.year, self.month, self.day) else {
            return Err(missing);
        };
        let (Some(hour), Some(minute), Some(second)) = (self.hour, self.minute, self.second) else {
            return Err(missing);
        };
        let date = DateTime::new(year, month, day, hour, minute, second, 0);
        let seconds = date.ok().and_then(ctime::seconds).and_then(|at| u64::try_from(at).ok());
        let no_date = || format!("{year}-{month}-{day} {hour}:{minute}:{second}").into();
        Ok(Time { seconds: seconds.ok_or_else(|| Fault::Value(no_date()))?, micros: 0 })
    }
}

/// The protocol number of `<layer4>`.
pub(super) fn protocol(start: &BytesStart<'_>) -> Result<u8, Fault> {
    let value = attribute(start, "protonum")?.ok_or(Fault::Missing("protonum="))?;
    number(&value, &value)
}
