//! An image that is read: what it says in words, and the filter that it holds.

use std::io::{self, Read};
use std::path::Path;

use keeptrack_core::{IfName, Packet, Tracked};
use keeptrack_gateway::rules::Rules;
use keeptrack_gateway::{Side, judge};

use crate::capture::{open_text, printable};
use crate::error::Error;
use crate::fate::Fate;
use crate::source::Source;

/// The largest image that is read, in bytes: larger than the flash of any board.
const MAX_LEN: u64 = 1 << 20;

/// The configuration of a gateway.
pub(crate) struct Image {
    name: String,
    /// What it says, as text that compiles to the same image.
    text: String,
    filter: Filter,
}

/// The rules of FORWARD, as a gateway walks them.
#[derive(Clone, Copy)]
pub(crate) struct Filter(Rules<'static>);

impl Image {
    /// Reads the image in a file, which may be a UF2; `-` is stdin.
    ///
    /// # Errors
    /// When the file cannot be read, or is no image that a gateway would use.
    pub(crate) fn open(file: &Path) -> Result<Self, Error> {
        let name = printable(&file.display().to_string());
        let bytes = bytes(file).map_err(|why| Error::ImageFile(name.clone(), why))?;
        let bytes = super::uf2::opened(bytes).map_err(|why| Error::Uf2(name.clone(), why))?;
        // A gateway reads rules where they lie, for as long as it runs; so does this.
        let flash: &'static [u8] = Vec::leak(bytes);
        let unusable = |why| {
            let fail = keeptrack_gateway::image::fail(flash);
            Error::Image(name.clone(), why, fail)
        };
        let filter = Filter(keeptrack_gateway::image::read(flash).map_err(unusable)?.filter);
        let text = super::print::text(flash).map_err(unusable)?;
        Ok(Self { name, text, filter })
    }

    /// What it says.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The same as a file that can be read again. An image has no lines: a place in it is called
    /// what shows it, `--print gateway.image:12`.
    pub(crate) fn source(&self) -> Source {
        Source::new(format!("--print {}", self.name), self.text.clone())
    }

    /// The rules of FORWARD.
    pub(crate) const fn filter(&self) -> Filter {
        self.filter
    }
}

impl Filter {
    /// What becomes of a packet's frame by what tracking says of it; `None` when it came in at no
    /// port of the gateway.
    pub(crate) fn judge(&self, packet: &Packet<'_>, tracked: &Tracked<'_>) -> Option<Fate> {
        let side = side(packet.seen.input)?;
        Some(Fate::of(judge(&self.0, side, packet, tracked)))
    }
}

/// The port of that name.
pub(crate) fn side(name: Option<&IfName>) -> Option<Side> {
    let name = name?;
    Side::BOTH.into_iter().find(|side| side.name().as_bytes() == name.as_bytes())
}

fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_text(file)?.take(MAX_LEN).read_to_end(&mut bytes)?;
    Ok(bytes)
}
