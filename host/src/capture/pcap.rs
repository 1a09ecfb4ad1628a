//! Classic pcap: one header, one interface, records to the end of the file.

use pcap_parser::nom::{Err, Needed};
use pcap_parser::{parse_pcap_frame, parse_pcap_frame_be, parse_pcap_header};

use super::error::{Damage, Fault};
use super::window::Window;
use super::{Frame, Interface, MAX_CAPTURED_LEN, Step, Trouble};

const HEADER_LEN: usize = 24;
const RECORD_HEADER_LEN: usize = 16;

/// What the header of a classic pcap says of the records after it.
pub(super) struct Pcap {
    order: Order,
    unit_ns: u64,
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Pcap {
    /// Consumes the header, whose magic number is known.
    pub(super) fn start(window: &mut Window) -> Result<(Self, Interface), Fault> {
        window.fill(HEADER_LEN).map_err(|error| Fault::of_read(error, window.offset()))?;
        let (_, header) = parse_pcap_header(window.held()).map_err(|_| Fault::HeaderCut)?;
        window.consume(HEADER_LEN);
        let order = if header.is_bigendian() { Order::Big } else { Order::Little };
        let unit_ns = if header.is_nanosecond_precision() { 1 } else { 1000 };
        // The upper half says whether frames end with a check sum, and how long it is.
        let [low, high, ..] = header.network.0.to_le_bytes();
        let link = u16::from_le_bytes([low, high]);
        Ok((Self { order, unit_ns }, Interface { index: 0, link, name: None }))
    }

    /// The next record, which stays in the window.
    pub(super) fn step(&self, window: &mut Window) -> Result<Step, Trouble> {
        if !window.fill(1)? {
            return Ok(Step::End);
        }
        loop {
            let parsed = match self.order {
                Order::Little => parse_pcap_frame(window.held()),
                Order::Big => parse_pcap_frame_be(window.held()),
            };
            // How much the record needs, of which the parser tells what is missing.
            let record_len = match parsed {
                Ok((_, record)) => {
                    let captured_len = record.data.len();
                    check_captured(captured_len)?;
                    let seconds_ns = u64::from(record.ts_sec) * 1_000_000_000;
                    return Ok(Step::Frame(Frame {
                        time_ns: seconds_ns + u64::from(record.ts_usec) * self.unit_ns,
                        interface: 0,
                        bytes: RECORD_HEADER_LEN..RECORD_HEADER_LEN + captured_len,
                        wire_len: record.origlen,
                        record_len: RECORD_HEADER_LEN + captured_len,
                    }));
                }
                Err(Err::Incomplete(Needed::Size(missing))) => {
                    window.held().len().saturating_add(missing.get())
                }
                Err(_) => return Err(Damage::PastBlock.into()),
            };
            check_captured(record_len.saturating_sub(RECORD_HEADER_LEN))?;
            if !window.fill(record_len)? {
                return Ok(Step::Cut { byte: window.offset() });
            }
        }
    }

    /// How long the record at the beginning of `bytes` is, as far as they tell.
    pub(super) fn record_len(&self, bytes: &[u8]) -> Option<usize> {
        let captured_len = *bytes.get(8..)?.first_chunk()?;
        let captured_len = match self.order {
            Order::Little => u32::from_le_bytes(captured_len),
            Order::Big => u32::from_be_bytes(captured_len),
        };
        RECORD_HEADER_LEN.checked_add(captured_len as usize)
    }
}

/// Refuses what no program captures, so that a damaged length costs no memory.
pub(super) fn check_captured(captured_len: usize) -> Result<(), Damage> {
    if captured_len > MAX_CAPTURED_LEN {
        return Err(Damage::CapturedLen(captured_len));
    }
    Ok(())
}
