//! What the elements of an entry or of its event mean in `-o xml`.

use keeptrack_core::{Protocol, Status};
use quick_xml::events::BytesStart;

use super::draft::{Draft, number, read as keep, set};
use super::entry::{Event, Userspace};
use super::fault::Fault;
use super::line::Record;
use super::names::Text;
use super::words;
use super::xml::{Flow, Take, attribute, protocol};

/// Keeps an entry while it is read.
pub(super) struct EntryTaker {
    draft: Draft,
    protocol: Option<Protocol>,
    state: Option<Box<str>>,
    at: Place,
}

/// In which `<meta>` we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Original,
    Reply,
    Independent,
}

impl EntryTaker {
    pub(super) const fn new() -> Self {
        let draft = Draft::new(Protocol(0));
        Self { draft, protocol: None, state: None, at: Place::Independent }
    }

    pub(super) fn finish(self, flow: Flow, by: Option<Userspace>) -> Result<Record, Fault> {
        let Self { mut draft, protocol, state, .. } = self;
        draft.protocol = protocol.ok_or(Fault::Missing("<layer4>"))?;
        if let Some(state) = state {
            let known = words::state_in_xml(draft.protocol, &state);
            draft.entry.state = Some(known.ok_or(Fault::Unknown(state))?);
        }
        let entry = draft.finish()?;
        let Some(kind) = flow.kind else { return Ok(Record::Entry(entry)) };
        Ok(Record::Event(Event { time: flow.time, kind, entry, by }))
    }
}

impl Take for EntryTaker {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        match start.name().as_ref() {
            "meta" => {
                self.at = match attribute(start, "direction")?.as_deref() {
                    Some("original") => Place::Original,
                    Some("reply") => Place::Reply,
                    Some("independent") => Place::Independent,
                    _ => return Err(Fault::Missing("direction=")),
                }
            }
            "layer4" => {
                let protocol = Protocol(protocol(start)?);
                if self.protocol.replace(protocol).is_some_and(|other| other != protocol) {
                    return Err(Fault::Value(format!("protonum=\"{}\"", protocol.0).into()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) {
        if name == "meta" {
            self.at = Place::Independent;
        }
    }

    fn leaf(&mut self, name: &str, text: &str) -> Result<(), Fault> {
        let way = match self.at {
            Place::Original => &mut self.draft.original,
            Place::Reply => &mut self.draft.reply,
            Place::Independent => return self.independent(name, text),
        };
        match name {
            "zone" => keep(&mut way.zone, text, text),
            // Of a protocol without ports.
            "layer4" => Ok(()),
            "src" | "dst" | "sport" | "dport" | "srckey" | "dstkey" | "packets" | "bytes" => {
                way.take(name, text, text)
            }
            _ => Err(unknown(name)),
        }
    }
}

impl EntryTaker {
    fn independent(&mut self, name: &str, text: &str) -> Result<(), Fault> {
        let entry = &mut self.draft.entry;
        match name {
            "state" => set(&mut self.state, text.into(), text),
            "timeout" => keep(&mut entry.timeout, text, text),
            "mark" => keep(&mut entry.mark, text, text),
            "secmark" => keep(&mut entry.secmark, text, text),
            "secctx" => Text::Context.keep(&mut entry.secctx, text, text),
            "zone" => keep(&mut entry.zone, text, text),
            "use" => keep(&mut entry.use_count, text, text),
            "id" => keep(&mut entry.id, text, text),
            "deltatime" => keep(&mut entry.delta_time, text, text),
            "start" => set(&mut entry.start, seconds(text)?, text),
            "stop" => set(&mut entry.stop, seconds(text)?, text),
            "helper" => Text::Helper.keep(&mut entry.helper, text, text),
            "assured" => {
                entry.status |= Status::ASSURED;
                Ok(())
            }
            "unreplied" => {
                entry.status = entry.status.without(Status::SEEN_REPLY);
                Ok(())
            }
            "label" => {
                let before = entry.labels.take().map(|labels| format!("{labels},"));
                let labels = before.unwrap_or_default() + text;
                entry.labels = Some(Text::Labels.read(&labels, text)?);
                Ok(())
            }
            "labels" => Text::Labels.keep(&mut entry.labels, text, text),
            _ => Err(unknown(name)),
        }
    }
}

/// The seconds of a time that XML has in nanoseconds since 1970.
fn seconds(text: &str) -> Result<i64, Fault> {
    let nanos: i64 = number(text, text)?;
    Ok(nanos.div_euclid(1_000_000_000))
}

/// Of an element that `<flow>` does not have.
pub(super) fn unknown(name: &str) -> Fault {
    Fault::Unknown(format!("<{name}>").into())
}
