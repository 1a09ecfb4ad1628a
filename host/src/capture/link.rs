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
        6 => "IEEE802",
        8 => "SLIP",
        9 => "PPP",
        10 => "FDDI",
        50 => "PPP_SERIAL",
        51 => "PPP_ETHER",
        104 => "C_HDLC",
        105 => "IEEE802_11",
        107 => "FRELAY",
        117 => "PFLOG",
        119 => "PRISM_HEADER",
        122 => "IP_OVER_FC",
        127 => "IEEE802_11_RADIO",
        163 => "IEEE802_11_RADIO_AVS",
        187 => "BLUETOOTH_HCI_H4",
        189 => "USB_LINUX",
        192 => "PPI",
        195 => "IEEE802_15_4_WITHFCS",
        201 => "BLUETOOTH_HCI_H4_WITH_PHDR",
        220 => "USB_LINUX_MMAPPED",
        227 => "CAN_SOCKETCAN",
        239 => "NFLOG",
        249 => "USBPCAP",
        251 => "BLUETOOTH_LE_LL",
        253 => "NETLINK",
        258 => "PKTAP",
        274 => "ETHERNET_MPACKET",
        _ => return None,
    })
}
