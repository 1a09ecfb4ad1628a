//! The header of an image: whether it is one, whole, and of this version.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

use super::{ImageError, VERSION};
use crate::rules::Word;
use crate::settings::Fail;

const MAGIC: u32 = u32::from_le_bytes(*b"KTGW");

/// Bits that may be wrong where the beginning of an image is still understood.
const TOLERATED: u32 = 3;

/// Without a table: it is read once at each start, and flash is dear.
static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

struct Header {
    magic: Word,
    version: [u8; 2],
    fail: [u8; 2],
    body_len: Word,
    crc: Word,
}

impl Header {
    fn split(flash: &[u8]) -> Option<(Self, &[u8])> {
        let (&[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p], behind) =
            flash.split_first_chunk()?;
        let header = Self {
            magic: [a, b, c, d],
            version: [e, f],
            fail: [g, h],
            body_len: [i, j, k, l],
            crc: [m, n, o, p],
        };
        Some((header, behind))
    }

    /// How many bits of the first word are wrong.
    const fn wrong_bits(&self) -> u32 {
        (u32::from_le_bytes(self.magic) ^ MAGIC).count_ones()
    }
}

impl Fail {
    /// How an image says it: each differs from each other, and from erased flash, in eight bits.
    pub(super) const fn code(self) -> u16 {
        match self {
            Self::Open => 0x0f0f,
            Self::Closed => 0xf0f0,
            Self::Default => 0x3c3c,
        }
    }

    fn nearest(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|fail| (fail.code() ^ code).count_ones() <= TOLERATED)
    }
}

/// What the image says of a gateway without rules.
pub(super) fn fail(flash: &[u8]) -> Fail {
    let header = Header::split(flash).map(|(header, _)| header);
    let header = header.filter(|header| header.wrong_bits() <= TOLERATED);
    header.and_then(|header| Fail::nearest(u16::from_le_bytes(header.fail))).unwrap_or_default()
}

/// What the image says of a gateway without rules, and its body, if it is whole.
pub(super) fn open(flash: &[u8]) -> Result<(Fail, &[Word]), ImageError> {
    let (header, behind) = Header::split(flash).ok_or(ImageError::Absent)?;
    if header.magic == [0; 4] || header.magic == [0xff; 4] {
        return Err(ImageError::Absent);
    }
    if header.wrong_bits() > 0 {
        return Err(ImageError::Magic);
    }
    let version = u16::from_le_bytes(header.version);
    if version != VERSION {
        return Err(ImageError::Version(version));
    }
    let body_len = u32::from_le_bytes(header.body_len);
    let body = usize::try_from(body_len).ok().and_then(|body_len| behind.get(..body_len));
    let (body, rest) = body.ok_or(ImageError::Length)?.as_chunks();
    if !rest.is_empty() {
        return Err(ImageError::Length);
    }
    if crc(&header, body) != u32::from_le_bytes(header.crc) {
        return Err(ImageError::Crc);
    }
    let fail = Fail::nearest(u16::from_le_bytes(header.fail)).ok_or(ImageError::Crc)?;
    Ok((fail, body))
}

/// The header of an image with that body.
#[cfg(feature = "write")]
pub(super) fn of(fail: Fail, body: &[Word]) -> [u8; 16] {
    // A walk is bounded, and chains begin in the first 65,536 words: it is far shorter.
    let body_len = u32::try_from(body.as_flattened().len()).unwrap_or(u32::MAX).to_le_bytes();
    let (magic, fail) = (MAGIC.to_le_bytes(), fail.code().to_le_bytes());
    let mut header = Header { magic, version: VERSION.to_le_bytes(), fail, body_len, crc: [0; 4] };
    header.crc = crc(&header, body).to_le_bytes();
    let Header { magic: [a, b, c, d], version: [e, f], fail: [g, h], body_len, crc } = header;
    let ([i, j, k, l], [m, n, o, p]) = (body_len, crc);
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

fn crc(header: &Header, body: &[Word]) -> u32 {
    let mut digest = CRC.digest();
    digest.update(&header.version);
    digest.update(&header.fail);
    digest.update(&header.body_len);
    digest.update(body.as_flattened());
    digest.finalize()
}
