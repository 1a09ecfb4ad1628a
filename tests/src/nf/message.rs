//! Messages of netfilter's netlink family, built and taken apart: a header, then attributes.

/// Length of a netlink header.
const HEADER_LEN: usize = 16;
/// Length of a netlink header and netfilter's own behind it.
const PREFIX_LEN: usize = 20;
/// The bit of an attribute's type that says that it holds attributes.
const NESTED: u16 = 0x8000;
/// The bits of an attribute's type that number it.
const NUMBER: u16 = 0x3fff;

/// A request, as far as it is written.
#[derive(Debug)]
pub(super) struct Request {
    bytes: Vec<u8>,
}

/// What a request is: its subsystem and kind in one word, and netlink's flags.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// The subsystem above, the kind below.
    pub(super) word: u16,
    /// `NLM_F_*`.
    pub(super) flags: u16,
}

impl Request {
    /// A request without attributes: of what kind, for which family, and about which resource.
    pub(super) fn new(kind: Kind, family: u8, resource: u16) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend([0; 4]);
        bytes.extend(kind.word.to_ne_bytes());
        bytes.extend(kind.flags.to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend([family, 0]);
        bytes.extend(resource.to_be_bytes());
        Self { bytes }
    }

    /// With this attribute behind the others.
    pub(super) fn with(mut self, number: u16, payload: &[u8]) -> Self {
        put(&mut self.bytes, number, payload);
        self
    }

    /// With an attribute that holds these attributes.
    pub(super) fn with_nested(mut self, number: u16, attributes: &[u8]) -> Self {
        put(&mut self.bytes, number | NESTED, attributes);
        self
    }

    /// Its bytes under that sequence number.
    pub(super) fn numbered(mut self, sequence: u32) -> Vec<u8> {
        let len = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[0..4].copy_from_slice(&len.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }
}

/// Appends an attribute.
pub(super) fn put(bytes: &mut Vec<u8>, number: u16, payload: &[u8]) {
    let len = u16::try_from(payload.len() + 4).unwrap_or(u16::MAX);
    bytes.extend(len.to_ne_bytes());
    bytes.extend(number.to_ne_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// Appends an attribute that holds attributes.
pub(super) fn put_nested(bytes: &mut Vec<u8>, number: u16, attributes: &[u8]) {
    put(bytes, number | NESTED, attributes);
}

/// A message of the kernel's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    /// Its subsystem and kind in one word; below 16 it is netlink's own.
    pub(super) word: u16,
    /// The sequence number of the request that it answers.
    pub(super) sequence: u32,
    /// The resource that it is about.
    pub(super) resource: u16,
    /// What is behind the headers.
    pub(super) attributes: Attributes<'a>,
    payload: &'a [u8],
}

impl Message<'_> {
    /// Netlink's own: an error, or that there is none.
    pub(super) const ERROR: u16 = 2;
    /// Netlink's own: there are no more answers.
    pub(super) const DONE: u16 = 3;

    /// The number of the error that it tells, 0 for none.
    pub(super) fn error(&self) -> i32 {
        self.payload.first_chunk().map_or(0, |code| -i32::from_ne_bytes(*code))
    }
}

/// The messages of what came by one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Messages<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let header: &[u8; HEADER_LEN] = self.0.first_chunk()?;
        let [l0, l1, l2, l3, w0, w1, _, _, s0, s1, s2, s3, ..] = *header;
        let len = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).ok()?;
        let message = self.0.get(..len)?;
        self.0 = self.0.get(len.next_multiple_of(4)..).unwrap_or(&[]);
        let payload = message.get(HEADER_LEN..)?;
        Some(Message {
            word: u16::from_ne_bytes([w0, w1]),
            sequence: u32::from_ne_bytes([s0, s1, s2, s3]),
            resource: payload.get(2..4).and_then(number).unwrap_or(0),
            attributes: Attributes(message.get(PREFIX_LEN..).unwrap_or(&[])),
            payload,
        })
    }
}

/// The attributes in some bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attributes<'a>(pub(super) &'a [u8]);

impl<'a> Attributes<'a> {
    /// What the attribute of that number holds.
    pub(super) fn find(self, number: u16) -> Option<&'a [u8]> {
        let mut attributes = self;
        attributes.find_map(|(found, payload)| (found == number).then_some(payload))
    }

    /// The attributes in the attribute of that number; none without it.
    pub(super) fn inside(self, number: u16) -> Self {
        Self(self.find(number).unwrap_or(&[]))
    }

    /// The byte that the attribute of that number holds.
    pub(super) fn byte(self, number: u16) -> Option<u8> {
        self.find(number)?.first().copied()
    }

    /// The word of 16 bits in network order.
    pub(super) fn short(self, wanted: u16) -> Option<u16> {
        number(self.find(wanted)?)
    }

    /// The word of 32 bits in network order.
    pub(super) fn word(self, number: u16) -> Option<u32> {
        self.find(number)?.first_chunk().map(|word| u32::from_be_bytes(*word))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let [l0, l1, n0, n1] = *self.0.first_chunk()?;
        let len = usize::from(u16::from_ne_bytes([l0, l1]));
        let payload = self.0.get(4..len)?;
        self.0 = self.0.get(len.next_multiple_of(4)..).unwrap_or(&[]);
        Some((u16::from_ne_bytes([n0, n1]) & NUMBER, payload))
    }
}

fn number(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|word| u16::from_be_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::{Attributes, Kind, Messages, Request};

    #[test]
    fn what_is_built_is_what_is_taken_apart() {
        let request = Request::new(Kind { word: 0x0102, flags: 5 }, 10, 0x0304);
        let mut nested = Vec::new();
        super::put(&mut nested, 7, &[1, 2]);
        super::put(&mut nested, 8, &[9]);
        let bytes = request.with_nested(3, &nested).with(4, &[1, 2, 3, 4]).numbered(77);
        let twice = [&bytes[..], &bytes].concat();
        let messages: Vec<_> = Messages(&twice).collect();
        assert_eq!(messages.len(), 2);
        for message in messages {
            assert_eq!((message.word, message.sequence), (0x0102, 77));
            assert_eq!(message.resource, 0x0304);
            assert_eq!(message.attributes.word(4), Some(0x0102_0304));
            let inside = message.attributes.inside(3);
            assert_eq!((inside.short(7), inside.byte(8)), (Some(0x0102), Some(9)));
        }
    }

    #[test]
    fn what_is_cut_ends() {
        assert_eq!(Messages(&[40, 0, 0, 0, 0, 0]).count(), 0);
        assert_eq!(Attributes(&[9, 0, 1, 0, 1]).count(), 0);
        assert_eq!(Attributes(&[0, 0, 1, 0, 1]).count(), 0);
    }
}
