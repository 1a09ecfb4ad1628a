"""Packets that are wrong by themselves: false check sums, and lengths that cannot be."""

import struct

from frames import ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE, Segment, icmp, ip, udp
from hosts import CLIENT, CLIENT_V4, CLIENT_V6, ROUTER, SERVER_V4, SERVER_V6, connect, listen
from sctp import INIT, packet
from wire import Fate

FALSE_SUM = 0x1234


def checksums(wire):
    for ends in (CLIENT_V4, SERVER_V4), (CLIENT_V6, SERVER_V6):
        for one in with_each_sum(ends):
            wire.inject(CLIENT, one, Fate.LOST_BEHIND)
        # A damaged segment on a connection that stands: it is sent again.
        with listen(80, ends[1]) as listener:
            client, server = connect(listener, 40041)
            client.sendall(b"hello")
            damaged = wire.next_segment(CLIENT, 40041).bend(payload=b"damaged")
            wire.inject(CLIENT, damaged.packet(check=FALSE_SUM))
            client.sendall(b"sent again")
            wire.settle()
            rst = wire.next_segment(ROUTER, 40041).bend(flags="R")
            wire.inject(ROUTER, rst.packet(check=FALSE_SUM))
            client.sendall(b"still there?")
            wire.settle()
            client.close()
            server.close()


def with_each_sum(ends):
    """Packets of each protocol with a right sum, a false one, none, and its negative."""
    echo = 128 if ":" in ends[0] else 8
    for number, check in enumerate((None, FALSE_SUM, 0, 0xFFFF)):
        given = {} if check is None else {"check": check}
        yield udp(*ends, (40001 + number, 5000), b"hello", **given)
        yield icmp(*ends, echo, 0, number << 16, b"hello", **given)
        yield Segment(*ends, (40011 + number, 80), seq=1000, flags="S").packet(**given)
        yield packet(ends, (40021 + number, 5000), 0, (INIT, 0, bytes(16)), **given)
    # UDP-Lite's sum is of all, of the head, of too little, of more than there is.
    for number, coverage in enumerate((0, 8, 4, 100)):
        head = struct.pack("!HHHH", 40031 + number, 5000, coverage, FALSE_SUM)
        yield ip(*ends, UDPLITE, head + b"hello")


def lengths(wire):
    for ends in (CLIENT_V4, SERVER_V4), (CLIENT_V6, SERVER_V6):
        for one in (*cut_heads(ends), *bent_datagrams(ends), *bent_options(ends), *nobodies(ends)):
            wire.inject(CLIENT, one, Fate.LOST_BEHIND)
    # IPv4's own: options; heads of another length; less than a head; another version.
    options = b"\1\1\1\1", b"\x94\4\0\0", b"\7\7\4\0\0\0\0\0", bytes(40)
    with_options = [
        udp(CLIENT_V4, SERVER_V4, (40005, 5000), b"hello", options=each) for each in options
    ]
    whole = udp(CLIENT_V4, SERVER_V4, (40006, 5000), b"hello")
    bent = [bytes([first]) + whole[1:] for first in (0x40, 0x44, 0x4F, 0x55, 0x05)]
    for one in *with_options, *bent, whole[:1], whole[:19], whole[:20]:
        wire.inject(CLIENT, one, Fate.LOST_BEHIND)


def cut_heads(ends):
    """Packets that end before the head of their protocol does, or with it."""
    protocol, echo = (ICMPV6, b"\x80") if ":" in ends[0] else (ICMP, b"\x08")
    heads = {
        UDP: (struct.pack("!HHHH", 40001, 5000, 8, 0), (0, 3, 4, 7, 8)),
        TCP: (struct.pack("!HHIIBBHI", 40002, 80, 1, 0, 0x50, 2, 1, 0), (0, 3, 4, 13, 19)),
        protocol: (echo + bytes(7), (0, 1, 2, 5, 8)),
        SCTP: (struct.pack("!HHII", 40003, 5000, 0, 0), (0, 3, 8, 11, 12)),
    }
    for protocol, (head, head_lens) in heads.items():
        for head_len in head_lens:
            yield ip(*ends, protocol, head[:head_len])


def bent_datagrams(ends):
    """UDP that tells another length than IP, and IP that tells another than there is."""
    datagram = struct.pack("!HHHH", 40004, 5000, 13, 0) + b"hello"
    for length in 0, 7, 8, 12, 14, 2000:
        yield ip(*ends, UDP, datagram[:4] + struct.pack("!H", length) + datagram[6:])
    told = len(datagram) + (0 if ":" in ends[0] else 20)
    yield ip(*ends, UDP, datagram + bytes(20), length=told)
    for length in told + 100, 10, 0:
        yield ip(*ends, UDP, datagram, length=length)


def bent_options(ends):
    """SYNs whose options do not fit, are cut, tell too much, or never end."""
    syn = Segment(*ends, (40010, 80), seq=1000, flags="S")
    for offset in 0, 4, 6, 15:
        yield syn.packet(offset=offset)
    several = [
        *(b"\2\4\5\1", b"\3\3\x0f\0", b"\3\3\x0e\0", b"\3\4\7\0", b"\4\2\0\0"),
        *(b"\xfd\0\0\0", b"\xfd\1\0\0", b"\xfd\xff\0\0", b"\1\1\1\3"),
    ]
    for number, options in enumerate(several):
        yield syn.bend(ports=(40011 + number, 80), options=options).packet()


def nobodies(ends):
    """Ports that are none, and addresses that are nobody's or one's own."""
    source, destination = ends
    yield udp(*ends, (0, 5000), b"hello")
    yield Segment(*ends, (40003, 0), flags="S").packet()
    nobody = "::" if ":" in source else "0.0.0.0"
    yield udp(destination, destination, (5000, 5000), b"hello")
    yield udp(nobody, destination, (5000, 5000), b"hello")
    yield udp(source, nobody, (5000, 5000), b"hello")


STAGES = [checksums, lengths]
