"""Packets as bytes: building them, taking TCP segments apart, and check sums."""

import dataclasses
import ipaddress
import struct

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
GRE, ESP, IPIP, SCTP, UDPLITE = 47, 50, 4, 132, 136
HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, NO_NEXT, DESTINATION = (
    0,
    43,
    44,
    51,
    59,
    60,
)

FLAGS = "FSRPAUEC"


def packed(address):
    return ipaddress.ip_address(address).packed


def checksum(*parts):
    total, parts = 0, b"".join(parts)
    for (word,) in struct.iter_unpack("!H", parts + b"\0" * (len(parts) % 2)):
        total += word
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def crc32c(message):
    crc = 0xFFFFFFFF
    for byte in message:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def ip(source, destination, protocol, payload, ttl=64, **fields):
    """An IPv4 or IPv6 packet, as the addresses are. IPv4 also takes ident, fragment
    (flags and offset as in the header) and options; both take length, a false one."""
    source, destination = packed(source), packed(destination)
    if len(source) == 16:
        length = fields.get("length", len(payload))
        head = struct.pack("!IHBB", 6 << 28, length, protocol, ttl)
        return head + source + destination + payload
    options = fields.get("options", b"")
    head_len = 20 + len(options)
    head = struct.pack(
        "!BBHHHBBH4s4s",
        0x40 | head_len // 4,
        0,
        fields.get("length", head_len + len(payload)),
        fields.get("ident", 0),
        fields.get("fragment", 0),
        ttl,
        protocol,
        0,
        source,
        destination,
    )
    head += options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def pseudo_header(source, destination, protocol, length):
    source, destination = packed(source), packed(destination)
    if len(source) == 4:
        return source + destination + struct.pack("!xBH", protocol, length)
    return source + destination + struct.pack("!IxxxB", length, protocol)


def udp(source, destination, ports, payload=b"", **fields):
    """A UDP datagram in an IP packet; takes the fields of `ip`, and check, a false sum."""
    check = fields.pop("check", None)
    length = 8 + len(payload)
    head = struct.pack("!HHHH", *ports, length, 0)
    if check is None:
        above = pseudo_header(source, destination, UDP, length)
        check = checksum(above, head, payload) or 0xFFFF
    return ip(
        source,
        destination,
        UDP,
        head[:6] + struct.pack("!H", check) + payload,
        **fields,
    )


def icmp(source, destination, kind, code, rest, payload=b"", **fields):
    """An ICMP or ICMPv6 message; `rest` is the second word of its header."""
    head = struct.pack("!BBHI", kind, code, 0, rest)
    if ":" in source:
        protocol = ICMPV6
        above = pseudo_header(source, destination, ICMPV6, len(head) + len(payload))
    else:
        protocol, above = ICMP, b""
    check = fields.pop("check", checksum(above, head, payload))
    message = head[:2] + struct.pack("!H", check) + head[4:] + payload
    return ip(source, destination, protocol, message, **fields)


def extension(next_header, body):
    """An IPv6 extension header round `body`, which fills it up to a multiple of eight."""
    assert len(body) % 8 == 6
    return struct.pack("!BB", next_header, len(body) // 8) + body


def fragment_v6(next_header, offset, more, ident, payload):
    """A fragment header, and the piece of a packet behind it."""
    return struct.pack("!BBHI", next_header, 0, offset | more, ident) + payload


@dataclasses.dataclass(frozen=True)
class Segment:
    """A TCP segment with its addresses: `dataclasses.replace` bends it, `packet` sends it."""

    source: str
    destination: str
    ports: tuple[int, int]
    seq: int = 0
    ack: int = 0
    flags: str = "A"
    window: int = 1000
    options: bytes = b""
    payload: bytes = b""

    @classmethod
    def parse(cls, frame):
        """The segment in an Ethernet frame, or nothing."""
        packet = frame[14:]
        if packet[0] >> 4 == 4:
            protocol, at = packet[9], (packet[0] & 15) * 4
            source, destination = packet[12:16], packet[16:20]
            packet = packet[: int.from_bytes(packet[2:4])]
        else:
            protocol, at, source, destination = (
                packet[6],
                40,
                packet[8:24],
                packet[24:40],
            )
        if protocol != TCP or frame[12:14] not in (b"\x08\0", b"\x86\xdd"):
            return None
        sport, dport, seq, ack, offset, bits, window = struct.unpack_from("!HHIIBBH", packet, at)
        payload_at = at + (offset >> 4) * 4
        return cls(
            source=str(ipaddress.ip_address(source)),
            destination=str(ipaddress.ip_address(destination)),
            ports=(sport, dport),
            seq=seq,
            ack=ack,
            flags="".join(name for bit, name in enumerate(FLAGS) if bits >> bit & 1),
            window=window,
            options=packet[at + 20 : payload_at],
            payload=packet[payload_at:],
        )

    @property
    def next_seq(self):
        return self.seq + len(self.payload) + ("S" in self.flags) + ("F" in self.flags)

    def bend(self, **changes):
        """This segment with other fields, and without time stamps and payload unless given:
        what somebody sends who has seen this one pass."""
        return dataclasses.replace(self, **{"options": b"", "payload": b""} | changes)

    def answer(self, **changes):
        """A segment of the other side, which has received this one."""
        turned = {
            "source": self.destination,
            "destination": self.source,
            "ports": self.ports[::-1],
            "seq": self.ack,
            "ack": self.next_seq,
            "flags": "A",
        }
        return self.bend(**turned | changes)

    def packet(self, **fields):
        """The IP packet; takes the fields of `ip`, and check, a false sum, and offset, a
        false length of the header in words of 32 bits."""
        check = fields.pop("check", None)
        offset = fields.pop("offset", 5 + len(self.options) // 4)
        bits = sum(1 << FLAGS.index(flag) for flag in self.flags)
        wrap = 1 << 32
        head = struct.pack(
            "!HHIIBBHHH",
            *self.ports,
            self.seq % wrap,
            self.ack % wrap,
            offset << 4,
            bits,
            self.window,
            0,
            0,
        )
        rest = self.options + self.payload
        if check is None:
            above = pseudo_header(self.source, self.destination, TCP, len(head) + len(rest))
            check = checksum(above, head, rest)
        head = head[:16] + struct.pack("!H", check) + head[18:]
        return ip(self.source, self.destination, TCP, head + rest, **fields)
