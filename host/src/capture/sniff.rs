//! What a file is, told from its first bytes; the one place that knows magic numbers.

use std::fmt;
use std::io;

use super::text::Text;
use super::unpack::Packing;
use super::window::Window;

/// What the first bytes of a file say that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It holds no byte.
    Empty,
    /// A classic pcap, in either byte order, with microseconds or nanoseconds.
    Pcap,
    /// A pcapng.
    PcapNg,
    /// The pcap of patched Linux systems before 2000, with longer record headers.
    ModifiedPcap,
    /// Compressed as can be undone here.
    Packed(Packing),
    /// Compressed by the program of that name, which is not undone here.
    Foreign(&'static str),
    /// Text, of a kind that is known.
    Text(Text),
    /// Something with zero bytes, which no text has.
    Binary,
    /// Anything else.
    Unknown,
}

/// How many bytes tell all formats but text.
const MAGIC_LEN: usize = 4;
/// How many bytes are searched for a line that tells one text from another.
const TEXT_LEN: usize = 4096;

impl Kind {
    /// The kind of what begins with these bytes, which are all or as many as are looked at.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let head = bytes.get(..TEXT_LEN).unwrap_or(bytes);
        Self::by_magic(head).or_else(|| Self::by_line(head)).unwrap_or_else(|| {
            if head.contains(&0) {
                return Self::Binary;
            }
            Text::at_last(head).map_or(Self::Unknown, Self::Text)
        })
    }

    /// The option that takes such a file, or `replay`; `None` for what nothing takes, and for what
    /// may be anything.
    pub(crate) const fn taken_by(self) -> Option<&'static str> {
        match self {
            Self::Pcap | Self::PcapNg => Some("replay"),
            Self::Text(text) => text.taken_by(),
            Self::Empty
            | Self::ModifiedPcap
            | Self::Packed(_)
            | Self::Foreign(_)
            | Self::Binary
            | Self::Unknown => None,
        }
    }

    /// The kind of what comes; nothing is consumed.
    ///
    /// No more is waited for than is needed: a pipe may have nothing else to give yet.
    pub(super) fn coming(window: &mut Window) -> io::Result<Self> {
        window.fill(MAGIC_LEN)?;
        if let Some(kind) = Self::by_magic(window.held()) {
            return Ok(kind);
        }
        let mut has_ended = false;
        loop {
            let bytes = window.held();
            let is_all = has_ended || bytes.len() >= TEXT_LEN;
            // What a line is can be told when it is whole.
            let whole_len = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            if is_all {
                return Ok(Self::of(bytes));
            }
            if let Some(kind) = Self::by_line(bytes.get(..whole_len).unwrap_or(bytes)) {
                return Ok(kind);
            }
            has_ended = !window.fill(bytes.len() + 1)?;
        }
    }

    fn by_line(lines: &[u8]) -> Option<Self> {
        if lines.contains(&0) { None } else { Text::of(lines).map(Self::Text) }
    }

    fn by_magic(head: &[u8]) -> Option<Self> {
        Some(match head {
            [] => Self::Empty,
            [0xa1, 0xb2, 0xc3, 0xd4, ..]
            | [0xd4, 0xc3, 0xb2, 0xa1, ..]
            | [0xa1, 0xb2, 0x3c, 0x4d, ..]
            | [0x4d, 0x3c, 0xb2, 0xa1, ..] => Self::Pcap,
            [0xa1, 0xb2, 0xcd, 0x34, ..] | [0x34, 0xcd, 0xb2, 0xa1, ..] => Self::ModifiedPcap,
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => Self::PcapNg,
            [0x1f, 0x8b, ..] => Self::Packed(Packing::Gzip),
            // The second is a frame to be skipped, which may come first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Self::Packed(Packing::Zstd)
            }
            [0xfd, b'7', b'z', b'X', ..] => Self::Foreign("xz"),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Foreign("bzip2"),
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Foreign("lz4"),
            _ => return None,
        })
    }
}

/// What it looks like.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty file"),
            Self::Pcap | Self::PcapNg | Self::ModifiedPcap => f.write_str("a capture"),
            Self::Packed(packing) => write!(f, "data compressed by {}", packing.program()),
            Self::Foreign(program) => write!(f, "data compressed by {program}"),
            Self::Text(text) => text.fmt(f),
            Self::Binary => f.write_str("binary data"),
            Self::Unknown => f.write_str("anything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Packing, Text};
    use crate::capture::stop::Stop;
    use crate::capture::window::Window;
    use std::io::Read;

    fn kind_of(bytes: impl Read + Send + 'static) -> Kind {
        Kind::coming(&mut Window::new(|| Ok(bytes), &Stop::default()).unwrap()).unwrap()
    }

    #[test]
    fn files_are_known_by_how_they_begin() {
        let cases: [(&[u8], Kind); 17] = [
            (b"", Kind::Empty),
            (&[0x4d, 0x3c, 0xb2, 0xa1, 2, 0], Kind::Pcap),
            (&[0x0a, 0x0d, 0x0d, 0x0a, 0], Kind::PcapNg),
            (&[0x34, 0xcd, 0xb2, 0xa1], Kind::ModifiedPcap),
            (&[0x1f, 0x8b], Kind::Packed(Packing::Gzip)),
            (&[0x28, 0xb5, 0x2f, 0xfd], Kind::Packed(Packing::Zstd)),
            (&[0x5e, 0x2a, 0x4d, 0x18], Kind::Packed(Packing::Zstd)),
            (b"\xfd7zXZ\0", Kind::Foreign("xz")),
            (b"BZh91AY", Kind::Foreign("bzip2")),
            (&[0x04, 0x22, 0x4d, 0x18, 0x64], Kind::Foreign("lz4")),
            (b"# mine\n\n*raw\n:PREROUTING ACCEPT [0:0]\n", Kind::Text(Text::Iptables)),
            (b"*raw", Kind::Text(Text::Iptables)),
            (b"\x7fELF\x02\x01", Kind::Unknown),
            (b"*\0r\0a\0w\0", Kind::Binary),
            (b"\xef\xbb\xbf*raw\n", Kind::Text(Text::Iptables)),
            (b"BZ", Kind::Unknown),
            (&[0xa1, 0xb2], Kind::Unknown),
        ];
        for (head, kind) in cases {
            assert_eq!(kind_of(head), kind, "{}", head.escape_ascii());
            assert_eq!(Kind::of(head), kind, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn a_line_of_a_pipe_is_enough_and_what_comes_later_is_not_waited_for() {
        let (events, mut writer) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut writer, b"[1.000001]\t    [NEW] udp      17 30 src=")
            .unwrap();
        std::io::Write::write_all(&mut writer, b"192.0.2.1\n").unwrap();
        assert_eq!(kind_of(events), Kind::Text(Text::Events));
        drop(writer);
        let far_in = [vec![b'\n'; super::TEXT_LEN], b"*raw\n".to_vec()].concat();
        assert_eq!(kind_of(std::io::Cursor::new(far_in)), Kind::Unknown);
    }
}
