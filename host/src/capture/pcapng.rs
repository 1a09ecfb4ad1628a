//! pcapng: sections of blocks, each section with its byte order and its interfaces.

use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{
    BOM_MAGIC, EPB_MAGIC, IDB_MAGIC, InterfaceDescriptionBlock, OptionCode, SHB_MAGIC, SPB_MAGIC,
    parse_enhancedpacketblock_be, parse_enhancedpacketblock_le, parse_interfacedescriptionblock_be,
    parse_interfacedescriptionblock_le, parse_simplepacketblock_be, parse_simplepacketblock_le,
};

use super::clock::Clock;
use super::error::Damage;
use super::pcap::check_captured;
use super::window::Window;
use super::{Frame, Interface, MAX_BLOCK_LEN, MAX_INTERFACES, Step, Trouble, printable};

/// The packet block that the enhanced one replaced; the parser library does not read it.
const PB_MAGIC: u32 = 2;
/// Type, length, and length again.
const MIN_BLOCK_LEN: usize = 12;
const PACKET_START: usize = 28;
const SIMPLE_PACKET_START: usize = 12;
/// Names are cut here; Linux's have 15 bytes, other systems' some dozens.
const MAX_NAME_CHARS: usize = 256;

/// The section of a pcapng file that is being read.
pub(super) struct PcapNg {
    order: Order,
    interfaces: Vec<Described>,
    last_ns: u64,
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    fn i64(self, bytes: [u8; 8]) -> i64 {
        match self {
            Self::Little => i64::from_le_bytes(bytes),
            Self::Big => i64::from_be_bytes(bytes),
        }
    }
}

/// What the section says of one of its interfaces.
#[derive(Clone, Copy)]
struct Described {
    /// Index over all sections.
    index: usize,
    clock: Clock,
    snap_len: u32,
}

/// The beginning of a block.
struct Head {
    kind: u32,
    len: usize,
}

/// When and where a packet block says that its packet was seen, and how much of it there is.
struct Stamp {
    interface: u32,
    units: u64,
    captured_len: usize,
    wire_len: u32,
}

impl PcapNg {
    pub(super) fn new() -> Self {
        Self { order: Order::Little, interfaces: Vec::new(), last_ns: 0 }
    }

    /// Reads up to the next packet, which stays in the window. Described interfaces are appended to
    /// `interfaces`.
    pub(super) fn step(
        &mut self,
        window: &mut Window,
        interfaces: &mut Vec<Interface>,
    ) -> Result<Step, Trouble> {
        while window.fill(1)? {
            let byte = window.offset();
            if !window.fill(MIN_BLOCK_LEN)? {
                return Ok(Step::Cut { byte });
            }
            let head = self.head(window)?;
            if !matches!(head.kind, SHB_MAGIC | IDB_MAGIC | EPB_MAGIC | SPB_MAGIC | PB_MAGIC) {
                if !window.skip(head.len)? {
                    return Ok(Step::Cut { byte });
                }
                continue;
            }
            if head.len > MAX_BLOCK_LEN {
                return Err(Damage::BlockLen(head.len).into());
            }
            if !window.fill(head.len)? {
                return Ok(Step::Cut { byte });
            }
            let block = window.held().get(..head.len).unwrap_or(&[]);
            self.check_end(block)?;
            match head.kind {
                SHB_MAGIC => self.interfaces.clear(),
                IDB_MAGIC => self.describe(block, interfaces)?,
                EPB_MAGIC => return Ok(self.enhanced(block)?),
                SPB_MAGIC => return Ok(self.simple(block)?),
                _ => return Ok(self.obsolete(block)?),
            }
            window.consume(head.len);
        }
        Ok(Step::End)
    }

    /// How long the block at the beginning of `bytes` is, as far as they tell; `None` for one that
    /// has no packet.
    pub(super) fn packet_len(&self, bytes: &[u8]) -> Option<usize> {
        let kind = self.order.u32(four(bytes, 0)?);
        let len = self.order.u32(four(bytes, 4)?) as usize;
        matches!(kind, EPB_MAGIC | SPB_MAGIC | PB_MAGIC).then_some(len)
    }

    /// Type and length of the block that comes, in the byte order that it has or sets.
    fn head(&mut self, window: &Window) -> Result<Head, Damage> {
        let bytes = window.held();
        // A section header's type reads the same in both orders.
        if four(bytes, 0).map(u32::from_le_bytes) == Some(SHB_MAGIC) {
            self.order = match four(bytes, 8) {
                Some(mark) if mark == BOM_MAGIC.to_le_bytes() => Order::Little,
                Some(mark) if mark == BOM_MAGIC.to_be_bytes() => Order::Big,
                _ => return Err(Damage::ByteOrder),
            };
        }
        let word = |at| four(bytes, at).map_or(0, |bytes| self.order.u32(bytes));
        let (kind, len) = (word(0), word(4) as usize);
        if len < MIN_BLOCK_LEN || len % 4 != 0 {
            return Err(Damage::BlockLen(len));
        }
        Ok(Head { kind, len })
    }

    fn check_end(&self, block: &[u8]) -> Result<(), Damage> {
        let first = block.len();
        let last = block.last_chunk().map_or(0, |bytes| self.order.u32(*bytes)) as usize;
        if first == last { Ok(()) } else { Err(Damage::BlockEnd { first, last }) }
    }

    /// Takes an interface description block.
    fn describe(&mut self, block: &[u8], interfaces: &mut Vec<Interface>) -> Result<(), Damage> {
        let parsed = match self.order {
            Order::Little => parse_interfacedescriptionblock_le(block),
            Order::Big => parse_interfacedescriptionblock_be(block),
        };
        let (_, description) = parsed.map_err(|_| Damage::BlockLen(block.len()))?;
        let index = interfaces.len();
        if index >= MAX_INTERFACES {
            return Err(Damage::TooManyInterfaces);
        }
        // The library reads the offset as little-endian whatever the section is.
        let offset_s = option(&description, OptionCode::IfTsoffset)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, |bytes| self.order.i64(bytes));
        let clock = Clock::new(description.if_tsresol, offset_s);
        self.interfaces.push(Described { index, clock, snap_len: description.snaplen });
        let name = option(&description, OptionCode::IfName).and_then(name_of);
        let link = u16::try_from(description.linktype.0).unwrap_or(u16::MAX);
        interfaces.push(Interface { index, link, name });
        Ok(())
    }

    fn enhanced(&mut self, block: &[u8]) -> Result<Step, Damage> {
        let parsed = match self.order {
            Order::Little => parse_enhancedpacketblock_le(block),
            Order::Big => parse_enhancedpacketblock_be(block),
        };
        let (_, packet) = parsed.map_err(|_| self.past_block(block, 20))?;
        let stamp = Stamp {
            interface: packet.if_id,
            units: u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low),
            captured_len: packet.packet_data().len(),
            wire_len: packet.origlen,
        };
        self.stamped(block, &stamp)
    }

    /// The packet block that the format's first drafts had.
    fn obsolete(&mut self, block: &[u8]) -> Result<Step, Damage> {
        let word = |at| four(block, at).map(|bytes| self.order.u32(bytes));
        let number = block.get(8..10).and_then(|bytes| bytes.try_into().ok());
        let fields = (number, word(12), word(16), word(20), word(24));
        let (Some(number), Some(high), Some(low), Some(captured_len), Some(wire_len)) = fields
        else {
            return Err(Damage::BlockLen(block.len()));
        };
        let captured_len = captured_len as usize;
        let room = block.len().saturating_sub(PACKET_START + 4);
        if captured_len > room {
            return Err(self.past_block(block, 20));
        }
        let interface = u32::from(self.order.u16(number));
        let units = u64::from(high) << 32 | u64::from(low);
        self.stamped(block, &Stamp { interface, units, captured_len, wire_len })
    }

    /// A packet block without a time: the last time seen stands for it.
    fn simple(&mut self, block: &[u8]) -> Result<Step, Damage> {
        let parsed = match self.order {
            Order::Little => parse_simplepacketblock_le(block),
            Order::Big => parse_simplepacketblock_be(block),
        };
        let (_, packet) = parsed.map_err(|_| Damage::BlockLen(block.len()))?;
        let interface = self.interface(0)?;
        let snap_len = match interface.snap_len {
            0 => usize::MAX,
            snap_len => snap_len as usize,
        };
        let captured_len = packet.packet_data().len().min(snap_len);
        check_captured(captured_len)?;
        Ok(Step::Frame(Frame {
            time_ns: self.last_ns,
            interface: interface.index,
            bytes: SIMPLE_PACKET_START..SIMPLE_PACKET_START + captured_len,
            wire_len: packet.origlen,
            record_len: block.len(),
        }))
    }

    fn stamped(&mut self, block: &[u8], stamp: &Stamp) -> Result<Step, Damage> {
        check_captured(stamp.captured_len)?;
        let interface = self.interface(stamp.interface)?;
        self.last_ns = interface.clock.nanos(stamp.units);
        Ok(Step::Frame(Frame {
            time_ns: self.last_ns,
            interface: interface.index,
            bytes: PACKET_START..PACKET_START + stamp.captured_len,
            wire_len: stamp.wire_len,
            record_len: block.len(),
        }))
    }

    fn interface(&self, number: u32) -> Result<Described, Damage> {
        let known_count = self.interfaces.len();
        let described = self.interfaces.get(number as usize).copied();
        described.ok_or(Damage::NoInterface { number, known_count })
    }

    /// Why a packet does not fit its block, whose captured length stands at `at`.
    fn past_block(&self, block: &[u8], at: usize) -> Damage {
        let captured_len = four(block, at).map_or(0, |bytes| self.order.u32(bytes)) as usize;
        check_captured(captured_len).err().unwrap_or(Damage::PastBlock)
    }
}

fn four(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The value of an option before the end of options, where the library reads on.
fn option<'a>(
    description: &'a InterfaceDescriptionBlock<'_>,
    code: OptionCode,
) -> Option<&'a [u8]> {
    let mut options = description.options.iter();
    let options = options.by_ref().take_while(|option| option.code != OptionCode::EndOfOpt);
    options.filter(|option| option.code == code).find_map(|option| option.as_bytes().ok())
}

/// A name as it may be printed; some programs end it with zeros, some write none.
fn name_of(bytes: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(bytes);
    let name = name.trim_end_matches('\0');
    let name: String = name.chars().take(MAX_NAME_CHARS).collect();
    (!name.is_empty()).then(|| printable(&name))
}
