//! The members of a gzip file, one after the other, and what stands behind the last of them.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use super::unpack::Taken;

/// What every member begins with.
const MAGIC: &[u8] = b"\x1f\x8b";

/// The members of a gzip file, read as one.
pub(super) struct Members {
    /// The one that is being read; `None` at the end.
    member: Option<Box<GzDecoder<Taken>>>,
}

impl Members {
    pub(super) fn new(taken: Taken) -> Self {
        Self { member: Some(Box::new(GzDecoder::new(taken))) }
    }

    /// Where they are read from; `None` at the end.
    pub(super) fn taken(&self) -> Option<&Taken> {
        self.member.as_ref().map(|member| member.get_ref())
    }
}

impl Read for Members {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            let read_len = member.read(buffer)?;
            if read_len > 0 {
                return Ok(read_len);
            }
            let has_next = is_member_next(member.get_mut())?;
            let next = self.member.take().filter(|_| has_next);
            self.member = next.map(|member| Box::new(GzDecoder::new(member.into_inner())));
        }
        Ok(0)
    }
}

/// Whether a member follows on one that has ended. Zeros up to the end, which fill the last block of
/// a tape or a disk, are taken in as nothing; anything else is left where it is, and marked.
fn is_member_next(taken: &mut Taken) -> io::Result<bool> {
    if taken.begins_with(MAGIC)? {
        return Ok(true);
    }
    loop {
        let bytes = taken.fill_buf()?;
        let zero_count = bytes.iter().take_while(|byte| **byte == 0).count();
        let (is_end, is_foreign) = (bytes.is_empty(), zero_count < bytes.len());
        taken.consume(zero_count);
        if is_foreign {
            taken.leave_rest();
        }
        if is_end || is_foreign {
            return Ok(false);
        }
    }
}
