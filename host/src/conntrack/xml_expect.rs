//! What the elements of an expectation mean in `-o xml`.

use quick_xml::events::BytesStart;

use super::draft::read as keep;
use super::entry::Userspace;
use super::expect::{ExpectDraft, Part};
use super::fault::Fault;
use super::line::Record;
use super::names::Text;
use super::xml::{Take, protocol, walk};
use super::xml_flow::unknown;

pub(super) fn read(element: &str, by: Option<&Userspace>) -> Result<Record, Fault> {
    if by.is_some() {
        return Err(Fault::Unknown("[USERSPACE]".into()));
    }
    let mut taker = ExpectTaker { draft: ExpectDraft::new(), at: Part::Expected };
    let flow = walk(element, &mut taker)?;
    taker.draft.known.kind = flow.kind;
    taker.draft.known.time = flow.time;
    taker.draft.finish().map(Record::Expectation)
}

struct ExpectTaker {
    draft: ExpectDraft,
    at: Part,
}

impl Take for ExpectTaker {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        match start.name().as_ref() {
            "expected" => self.at = Part::Expected,
            "mask" => self.at = Part::Mask,
            "master" => self.at = Part::Master,
            "layer4" => {
                let number = protocol(start)?.to_string();
                self.draft.protocol(&number, &number)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn leaf(&mut self, name: &str, text: &str) -> Result<(), Fault> {
        let known = &mut self.draft.known;
        match name {
            "timeout" => keep(&mut known.timeout, text, text),
            "class" => keep(&mut known.class, text, text),
            "zone" => keep(&mut known.zone, text, text),
            "helper-name" => Text::ExpectHelper.keep(&mut known.helper, text, text),
            "permanent" | "inactive" | "userspace" => {
                self.draft.flag(&name.to_ascii_uppercase());
                Ok(())
            }
            "src" | "dst" | "sport" | "dport" | "srckey" | "dstkey" => {
                self.draft.part(self.at).take(name, text, text)
            }
            // Of a protocol without ports.
            "layer4" | "expected" | "mask" | "master" => Ok(()),
            _ => Err(unknown(name)),
        }
    }
}
