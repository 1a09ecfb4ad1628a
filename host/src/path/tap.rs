//! An interface as a capture tells it from others, and which way packets went there.

use keeptrack_core::LinkType;

use crate::capture::Record;

/// `ARPHRD_LOOPBACK`, the hardware type of Linux's loopback interface in a cooked capture.
const LOOPBACK_HARDWARE: u16 = 772;
/// `PACKET_OUTGOING`: this host sends the packet. Smaller numbers are packets that came in.
const OUTGOING: u16 = 4;

/// Which way a packet went by at the interface that captured it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    In,
    Out,
}

/// What the header of a Linux cooked capture says beside the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cooked {
    pub(crate) way: Way,
    pub(crate) is_loopback: bool,
    /// Version 2 alone has it.
    ifindex: Option<u32>,
}

impl Cooked {
    /// `None` when the link is no cooked one, or the header is cut.
    pub(crate) fn of(record: &Record<'_>) -> Option<Self> {
        let (kind, hardware, ifindex) = match (LinkType::from_dlt(record.link)?, record.data) {
            (LinkType::Sll, &[kind_high, kind_low, high, low, ..]) => {
                ([kind_high, kind_low], [high, low], None)
            }
            (LinkType::Sll2, &[_, _, _, _, a, b, c, d, high, low, kind, ..]) => {
                ([0, kind], [high, low], Some(u32::from_be_bytes([a, b, c, d])))
            }
            _ => return None,
        };
        let way = if u16::from_be_bytes(kind) == OUTGOING { Way::Out } else { Way::In };
        let is_loopback = u16::from_be_bytes(hardware) == LOOPBACK_HARDWARE;
        Some(Self { way, is_loopback, ifindex })
    }
}

/// An interface as the capture tells it from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tap {
    /// By its number in the file.
    Described(usize),
    /// By its index at the host, in a cooked capture of version 2.
    Indexed(u32),
    /// Not at all: a cooked capture of version 1.
    Any,
}

impl Tap {
    pub(crate) fn of(record: &Record<'_>, cooked: Option<Cooked>) -> Self {
        match cooked {
            Some(Cooked { ifindex: Some(ifindex), .. }) => Self::Indexed(ifindex),
            Some(_) => Self::Any,
            None => Self::Described(record.interface.index),
        }
    }

    /// The number by which `--iface` has it.
    pub(crate) fn number(self) -> Option<u32> {
        match self {
            Self::Described(index) => u32::try_from(index).ok(),
            Self::Indexed(ifindex) => Some(ifindex),
            Self::Any => None,
        }
    }
}
