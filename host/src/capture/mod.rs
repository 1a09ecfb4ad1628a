//! A capture, packet by packet: pcap or pcapng, read through one buffer of fixed size.

mod clock;
mod error;
mod link;
mod pcap;
mod pcapng;
mod sniff;
#[cfg(test)]
mod tests;
mod window;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

pub use error::{Damage, Error, Fault};
pub use link::link_name;
pub use sniff::Text;

use pcap::Pcap;
use pcapng::PcapNg;
use sniff::Kind;
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
    file: String,
    total_bytes: Option<u64>,
    window: Window,
    format: Format,
    interfaces: Vec<Interface>,
    packet_count: u64,
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
    /// The last record goes on past the end of the file, as when tcpdump was killed. It is left out.
    Cut {
        /// Index of the packet that would have come, from 0.
        record: u64,
        /// Where the record begins in the file.
        byte: u64,
    },
}

enum Format {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

#[derive(PartialEq)]
enum State {
    Reading,
    Ended,
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
        let file = printable(&path.to_string_lossy());
        let fail = |error| Error::new(&file, Fault::Open(error));
        let source = File::open(path).map_err(fail)?;
        let metadata = source.metadata().map_err(fail)?;
        if metadata.is_dir() {
            return Err(Error::new(&file, Fault::Directory));
        }
        let total_bytes = metadata.is_file().then_some(metadata.len());
        let capture = Self::read(&file, Box::new(source))?;
        Ok(Self { total_bytes, ..capture })
    }

    /// Reads the header of a capture that comes from anywhere; messages call it `file`.
    ///
    /// # Errors
    /// When it cannot be read or is no capture.
    pub fn read(file: &str, source: Box<dyn Read + Send>) -> Result<Self, Error> {
        let mut window = Window::new(source);
        let mut interfaces = Vec::new();
        let format =
            start(&mut window, &mut interfaces).map_err(|fault| Error::new(file, fault))?;
        Ok(Self {
            file: file.to_owned(),
            total_bytes: None,
            window,
            format,
            interfaces,
            packet_count: 0,
            lent_len: 0,
            state: State::Reading,
            warning: None,
        })
    }

    /// The next packet; `None` at the end of the file, and after an error.
    #[allow(clippy::should_implement_trait, reason = "a record is lent: no Iterator can do that")]
    pub fn next(&mut self) -> Option<Result<Record<'_>, Error>> {
        if self.state == State::Ended {
            return None;
        }
        self.window.consume(self.lent_len);
        self.lent_len = 0;
        let step = match &mut self.format {
            Format::Pcap(pcap) => pcap.step(&mut self.window),
            Format::PcapNg(section) => section.step(&mut self.window, &mut self.interfaces),
        };
        let record = self.packet_count;
        match step {
            Ok(Step::Frame(frame)) => return self.lend(&frame).map(Ok),
            Ok(Step::End) => self.state = State::Ended,
            Ok(Step::Cut { byte }) => {
                self.state = State::Ended;
                self.warning = Some(Warning::Cut { record, byte });
            }
            Err(trouble) => {
                self.state = State::Ended;
                let byte = self.window.offset();
                let fault = match trouble {
                    Trouble::Read(error) => Fault::Read { byte, error },
                    Trouble::Damage(damage) => Fault::Damaged { record, byte, damage },
                };
                return Some(Err(Error::new(&self.file, fault)));
            }
        }
        None
    }

    /// What the file is called in messages, control characters escaped.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The format of the file, in one word.
    #[must_use]
    pub const fn format_name(&self) -> &'static str {
        match self.format {
            Format::Pcap(_) => "pcap",
            Format::PcapNg(_) => "pcapng",
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

    /// How far into the file reading has got, in bytes.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.window.offset()
    }

    /// How long the file is, in bytes, if it has an end that is known.
    #[must_use]
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// What should be said of the capture once it has been read.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        self.warning
    }

    fn lend(&mut self, frame: &Frame) -> Option<Record<'_>> {
        let interface = self.interfaces.get(frame.interface)?;
        let data = self.window.bytes().get(frame.bytes.clone())?;
        let index = self.packet_count;
        self.packet_count += 1;
        self.lent_len = frame.record_len;
        let (time_ns, wire_len) = (frame.time_ns, frame.wire_len);
        Some(Record { index, time_ns, link: interface.link, interface, data, wire_len })
    }
}

/// Tells the format by the first bytes, and consumes the header of a classic pcap.
fn start(window: &mut Window, interfaces: &mut Vec<Interface>) -> Result<Format, Fault> {
    // No more than the shortest header is waited for: a pipe may have nothing else to give yet.
    window.fill(pcap::HEADER_LEN).map_err(|error| Fault::Read { byte: 0, error })?;
    if window.bytes().is_empty() {
        return Err(Fault::Empty);
    }
    match Kind::of(window.bytes()) {
        Kind::Pcap => {
            let (pcap, interface) = Pcap::start(window)?;
            interfaces.push(interface);
            Ok(Format::Pcap(pcap))
        }
        Kind::PcapNg => Ok(Format::PcapNg(PcapNg::new())),
        Kind::ModifiedPcap => Err(Fault::ModifiedPcap),
        Kind::Gzip => Err(Fault::Compressed("gzip")),
        Kind::Zstd => Err(Fault::Compressed("zstd")),
        Kind::Text(text) => Err(Fault::NotACapture(Some(text))),
        Kind::Unknown => Err(Fault::NotACapture(None)),
    }
}

/// `text` with control characters escaped: names come from outside and go to terminals.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { record, byte } => {
                write!(f, "the file ends inside record {record} (byte {byte}), which is left out")
            }
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
