//! Check sums: the Internet's, and SCTP's.

/// What a check sum is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    /// Right.
    Right,
    /// Off by one bit.
    Wrong,
    /// Zero, which may mean that there is none.
    Zero,
}

impl Sum {
    pub(super) const fn of(self, right: u16) -> u16 {
        match self {
            Self::Right => right,
            Self::Wrong => right ^ 0x0100,
            Self::Zero => 0,
        }
    }

    pub(super) const fn of_crc(self, right: u32) -> u32 {
        match self {
            Self::Right => right,
            Self::Wrong => right ^ 0x0001_0000,
            Self::Zero => 0,
        }
    }
}

/// The Internet checksum (RFC 1071) of the parts, each but the last of even length.
pub(super) fn internet(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let mut sum: u64 = words
        .map(|word| match *word {
            [high, low] => u64::from(u16::from_be_bytes([high, low])),
            [high] => u64::from(high) << 8,
            _ => 0,
        })
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

/// CRC32c (RFC 9260, appendix A).
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{crc32c, internet};

    #[test]
    fn sums_are_those_of_the_standards() {
        let header = [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0];
        assert_eq!(internet(&[&header, &[0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7]]), 0xb861);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
