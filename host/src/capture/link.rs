//! Names of link types, for messages about frames that cannot be read.

use keeptrack_core::LinkType;

/// libpcap's name of a link type, without `DLT_`; `None` for numbers rarely met.
///
/// Numbers and names are those of <https://www.tcpdump.org/linktypes.html>.
#[must_use]
pub fn link_name(link: u16) -> Option<&'static str> {
    if let Some(read) = LinkType::from_dlt(link) {
        return Some(read.name());
    }
    Some(match link {
        8 => "SLIP",
        107 => "FRELAY",
        122 => "IP_OVER_FC",
        187 => "BLUETOOTH_HCI_H4",
        189 => "USB_LINUX",
        195 => "IEEE802_15_4_WITHFCS",
        201 => "BLUETOOTH_HCI_H4_WITH_PHDR",
        220 => "USB_LINUX_MMAPPED",
        227 => "CAN_SOCKETCAN",
        249 => "USBPCAP",
        251 => "BLUETOOTH_LE_LL",
        253 => "NETLINK",
        274 => "ETHERNET_MPACKET",
        _ => return None,
    })
}
