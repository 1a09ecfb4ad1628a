//! A capture, packet by packet: pcap or pcapng, compressed or not, in memory of fixed size.

mod ahead;
mod clock;
mod error;
mod interfaces;
mod link;
mod members;
mod merge;
mod part;
mod pcap;
mod pcapng;
mod sniff;
mod source;
mod stop;
#[cfg(test)]
mod tests;
mod text;
mod unpack;
mod window;

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

pub use error::{Damage, Error, Fault, Place};
pub use link::link_name;
pub use merge::Captures;
pub use sniff::Kind;
pub use source::{Source, open_text};
pub use stop::Stop;
pub use text::Text;
pub use unpack::{Packing, Unpackable};

use pcap::Pcap;
use pcapng::PcapNg;
use stop::Stopped;
use window::Window;

/// The most bytes of one packet: the largest snap length that tcpdump and dumpcap take.
pub const MAX_CAPTURED_LEN: usize = 256 * 1024;
/// The most bytes of a pcapng block that has to be held: a packet, its header and its options.
pub const MAX_BLOCK_LEN: usize = 384 * 1024;
/// The most interfaces of a file, over all its sections.
pub const MAX_INTERFACES: usize = 65_536;

const _: () = assert!(MAX_BLOCK_LEN <= Window::LEN && MAX_CAPTURED_LEN + 16 <= Window::LEN);

/// A capture that is being read.
pub struct Capture {
    source: Source,
    format: Format,
    interfaces: Vec<Interface>,
    packet_count: u64,
    /// The packet that comes next, when it has been looked for.
    coming: Option<Frame>,
    /// Length of the record that was handed out last and still lies in the window.
    lent_len: usize,
    state: State,
    warning: Option<Warning>,
}

/// A packet as the capture has it.
#[derive(Debug, Clone, Copy)]
pub struct Record<'c> {
    /// Which packet of the file, from 0; every packet counts, whatever is in it.
    pub index: u64,
    /// Nanoseconds since the Unix epoch; what lies before it is 0.
    pub time_ns: u64,
    /// How the frame begins: libpcap's number, see [`link_name`].
    pub link: u16,
    /// Where it was captured.
    pub interface: &'c Interface,
    /// The bytes that were captured, at most [`MAX_CAPTURED_LEN`].
    pub data: &'c [u8],
    /// Length on the wire, as the file says.
    pub wire_len: u32,
}

/// An interface that a capture describes. A classic pcap has one, without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Which interface of the file, from 0, counted over all sections.
    pub index: usize,
    /// How its frames begin: libpcap's number, see [`link_name`].
    pub link: u16,
    /// Its name, control characters escaped.
    pub name: Option<String>,
}

/// What should be said of a capture although it could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The last record, which begins there, goes on past the end of the file, as when tcpdump was
    /// killed. It is left out.
    Cut(Place),
    /// The compressed file ends too early, but behind a whole record, before that place.
    PackedCut(Packing, Place),
    /// What is compressed ends before that byte of the file, and what follows is neither compressed
    /// nor zeros. It is left out.
    Followed(Packing, u64),
    /// It is one of several and holds no byte, as a file that tcpdump has just begun. It is passed
    /// over.
    Empty,
}

enum Format {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Reading,
    Ended,
    /// Ended because a stop was asked for.
    Stopped,
}

/// Where reading has got to.
enum Step {
    /// A packet, in the window.
    Frame(Frame),
    /// The record that begins at `byte` ends after the file does.
    Cut { byte: u64 },
    /// The file ends where a record does.
    End,
}

/// A packet in the window.
struct Frame {
    time_ns: u64,
    interface: usize,
    bytes: Range<usize>,
    wire_len: u32,
    record_len: usize,
}

/// Why reading stopped; the place is known to [`Capture`].
enum Trouble {
    Read(io::Error),
    Damage(Damage),
}

impl Capture {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// When the file cannot be read or is no capture.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::from_source(Source::open(path, &Stop::default())?)
    }

    /// Reads the header of a capture that comes from anywhere; messages call it `file`.
    ///
    /// # Errors
    /// When it cannot be read or is no capture.
    pub fn read(file: &str, source: Box<dyn Read + Send>) -> Result<Self, Error> {
        Self::from_source(Source::read(file, source, &Stop::default())?)
    }

    /// Reads the header of what has been opened.
    ///
    /// # Errors
    /// When it cannot be read or is no capture.
    pub fn from_source(mut source: Source) -> Result<Self, Error> {
        let mut interfaces = Vec::new();
        let format = start(&mut source, &mut interfaces)
            .map_err(|fault| Error::new(source.name(), fault))?;
        Ok(Self {
            source,
            format,
            interfaces,
            packet_count: 0,
            coming: None,
            lent_len: 0,
            state: State::Reading,
            warning: None,
        })
    }

    /// The next packet; `None` at the end of the file, after an error, and when a stop was asked for.
    #[allow(clippy::should_implement_trait, reason = "a record is lent: no Iterator can do that")]
    pub fn next(&mut self) -> Option<Result<Record<'_>, Error>> {
        match self.advance() {
            Ok(Some(_)) => self.lend().map(Ok),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Looks for the next packet, which [`lend`](Self::lend) hands out, and answers its time in
    /// nanoseconds.
    fn advance(&mut self) -> Result<Option<u64>, Error> {
        if self.state != State::Reading {
            return Ok(None);
        }
        self.source.window.consume(self.lent_len);
        self.lent_len = 0;
        let step = match &mut self.format {
            Format::Pcap(pcap) => pcap.step(&mut self.source.window),
            Format::PcapNg(section) => section.step(&mut self.source.window, &mut self.interfaces),
        };
        let (state, found) = match step {
            Ok(Step::Frame(frame)) => {
                let time_ns = frame.time_ns;
                self.coming = Some(frame);
                return Ok(Some(time_ns));
            }
            Ok(Step::Cut { byte }) => {
                self.warning = Some(Warning::Cut(self.place(byte)));
                (State::Ended, Ok(None))
            }
            Ok(Step::End) => {
                self.warning = self.packed_warning();
                (State::Ended, Ok(None))
            }
            Err(Trouble::Read(error)) if Stopped::is_in(&error) => (State::Stopped, Ok(None)),
            Err(Trouble::Read(error)) => (State::Ended, Err(self.source.error(error))),
            Err(Trouble::Damage(damage)) => (State::Ended, Err(self.damaged(damage))),
        };
        self.state = state;
        found
    }

    /// The packet that [`advance`](Self::advance) has found; once.
    fn lend(&mut self) -> Option<Record<'_>> {
        let frame = self.coming.take()?;
        let interface = self.interfaces.get(frame.interface)?;
        let data = self.source.window.held().get(frame.bytes)?;
        let index = self.packet_count;
        self.packet_count += 1;
        self.lent_len = frame.record_len;
        let (time_ns, wire_len) = (frame.time_ns, frame.wire_len);
        Some(Record { index, time_ns, link: interface.link, interface, data, wire_len })
    }

    /// Whether the next record has been read in whole.
    fn is_at_hand(&self) -> bool {
        let coming = self.source.window.held().get(self.lent_len..).unwrap_or(&[]);
        let len = match &self.format {
            Format::Pcap(pcap) => pcap.record_len(coming),
            Format::PcapNg(section) => section.packet_len(coming),
        };
        len.is_some_and(|len| len <= coming.len())
    }

    /// What should be said of how a compressed file has ended behind a whole record.
    fn packed_warning(&self) -> Option<Warning> {
        let packing = self.source.packing()?;
        if self.source.is_cut() {
            let place = self.place(self.source.window.offset());
            return Some(Warning::PackedCut(packing, place));
        }
        self.source.rest_byte().map(|byte| Warning::Followed(packing, byte))
    }

    /// What is wrong with the record that comes.
    fn damaged(&self, damage: Damage) -> Error {
        let place = self.place(self.source.window.offset());
        Error::new(self.source.name(), Fault::Damaged { place, damage })
    }

    fn place(&self, byte: u64) -> Place {
        Place { record: self.packet_count, byte, packing: self.source.packing() }
    }

    /// What the file is called in messages, control characters escaped.
    #[must_use]
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// The format of the file, and how it is compressed: `pcap`, `pcapng+zstd`.
    #[must_use]
    pub fn format_name(&self) -> String {
        let name = match self.format {
            Format::Pcap(_) => "pcap",
            Format::PcapNg(_) => "pcapng",
        };
        match self.source.packing() {
            Some(packing) => format!("{name}+{}", packing.program()),
            None => name.to_owned(),
        }
    }

    /// The interfaces described so far; pcapng may describe more of them later in the file.
    #[must_use]
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// How many packets have been handed out.
    #[must_use]
    pub fn packet_count(&self) -> u64 {
        self.packet_count
    }

    /// How far into the file reading has got, in bytes as they lie in the file.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.source.bytes_read()
    }

    /// How long the file is, in bytes, if it has an end that is known.
    #[must_use]
    pub const fn total_bytes(&self) -> Option<u64> {
        self.source.total_bytes()
    }

    /// Whether it has ended before the end of the file because a stop was asked for.
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        self.state == State::Stopped
    }

    /// What should be said of the capture once it has been read.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        self.warning
    }
}

/// Consumes the header of a classic pcap; refuses what is no capture.
fn start(source: &mut Source, interfaces: &mut Vec<Interface>) -> Result<Format, Fault> {
    match source.kind() {
        Kind::Pcap => {
            let (pcap, interface) = Pcap::start(&mut source.window)?;
            interfaces.push(interface);
            Ok(Format::Pcap(pcap))
        }
        Kind::PcapNg => Ok(Format::PcapNg(PcapNg::new())),
        Kind::Empty if source.is_cut() => Err(Fault::HeaderCut),
        Kind::Empty => Err(Fault::Empty),
        Kind::ModifiedPcap => Err(Fault::ModifiedPcap),
        Kind::Foreign(program) => Err(Fault::Foreign(program)),
        Kind::Text(text) => Err(Fault::NotACapture(Some(text))),
        // What is packed has been unpacked, or is packed twice, which is an error of its own.
        Kind::Packed(_) | Kind::Binary | Kind::Unknown => Err(Fault::NotACapture(None)),
    }
}

/// `text` with what [`is_hidden`] escaped: names come from outside and go to terminals.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// Whether a character steers a terminal, or is not seen: control characters, those that turn the
/// direction of a text around, and those without a width.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut(place) => {
                write!(f, "the file ends inside {place}, which is left out")
            }
            Self::PackedCut(packing, place) => {
                write!(f, "the file is cut: its {} data end before {place}", packing.program())
            }
            Self::Followed(packing, byte) => {
                let program = packing.program();
                write!(f, "what follows the {program} data is left out (from byte {byte} on)")
            }
            Self::Empty => f.write_str("the file is empty and is passed over"),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<Damage> for Trouble {
    fn from(damage: Damage) -> Self {
        Self::Damage(damage)
    }
}
