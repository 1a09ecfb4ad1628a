"""Fragments: of real datagrams that arrive in all orders, and what no host would send."""

import socket

import hosts
from frames import (
    DESTINATION,
    FRAGMENT,
    HOP_BY_HOP,
    ICMP,
    ICMPV6,
    TCP,
    UDP,
    Segment,
    extension,
    fragment_v6,
    ip,
    udp,
)
from hosts import (
    CLIENT,
    CLIENT_V4,
    CLIENT_V6,
    SERVER,
    SERVER_V4,
    SERVER_V6,
    open_socket,
)
from wire import Fate

MORE_V4, FORBIDDEN_V4 = 0x2000, 0x4000


def real_datagrams(wire, source, destination):
    """Datagrams of a kernel, with what may happen to them on their way."""
    hosts.run(CLIENT, "ping", "-nqc1", "-e5", "-W0.3", "-s3000", destination)
    client = open_socket(CLIENT, source, socket.SOCK_DGRAM, 40001)
    server = open_socket(SERVER, destination, socket.SOCK_DGRAM, 5000)
    address = (destination, 5000)

    def send():
        client.sendto(bytes(3000), address)

    # In order, backwards, the middle first, the first last, each twice; and each is lost.
    for order in (
        lambda held: held,
        reversed,
        lambda held: held[1:] + held[:1],
        lambda held: held[1:2] + held[:1] + held[2:],
        lambda held: [fragment for fragment in held for _ in range(2)],
        lambda held: held[1:],
        lambda held: held[:1] + held[2:],
        lambda held: held[:2],
    ):
        with wire.holding():
            send()
            wire.wait_held(3)
        wire.release(order)
        wire.settle(0.01)
    # Two datagrams at once, taking turns; and an answer.
    with wire.holding():
        send()
        send()
        wire.wait_held(6)
    wire.release(lambda held: held[::3] + held[1::3] + held[2::3])
    server.sendto(bytes(3000), (source, 40001))
    wire.settle()
    # Nobody listens: the error speaks of the first fragment.
    client.sendto(bytes(3000), (destination, 5999))
    wire.settle()


class Pieces:
    """Sends fragments of one datagram after the other, cut as one likes."""

    def __init__(self, wire):
        self.wire, self.ident, self.datagram = wire, 0x1000, b""

    def next(self):
        """Go on with the next datagram: 64 bytes of UDP."""
        self.ident += 1
        packet = udp(self.SOURCE, self.DESTINATION, (self.ident, 5000), bytes(56))
        self.datagram = packet[self.HEAD_LEN :]

    def cut(self, *pieces):
        """Send the next datagram in pieces: where each begins and ends."""
        self.next()
        for begin, end in pieces:
            self.send(begin, end < len(self.datagram), self.datagram[begin:end])

    def send(self, offset, more, payload, **says):
        """Send what pretends to be a piece."""
        packet = self.fragment(offset, more, payload, **says)
        self.wire.inject(CLIENT, packet, Fate.LOST_BEHIND)


class PiecesV4(Pieces):
    SOURCE, DESTINATION, HEAD_LEN = CLIENT_V4, SERVER_V4, 20

    def fragment(self, offset, more, payload, **fields):
        bits = offset // 8 | (MORE_V4 if more else 0)
        says = {"ident": self.ident, "fragment": bits} | fields
        return ip(self.SOURCE, self.DESTINATION, UDP, payload, **says)


class PiecesV6(Pieces):
    SOURCE, DESTINATION, HEAD_LEN = CLIENT_V6, SERVER_V6, 40

    def fragment(self, offset, more, payload, protocol=UDP):
        head = fragment_v6(protocol, offset, more, self.ident, payload)
        return ip(self.SOURCE, self.DESTINATION, FRAGMENT, head)


def odd_pieces(pieces):
    """What both IP versions have: overlaps, repetitions, lengths that cannot be."""
    # Cleanly cut, for comparison; tiny ones; the ports only in the second.
    pieces.cut((0, 32), (32, 64))
    pieces.cut(*((at, at + 8) for at in range(0, 64, 8)))
    # The same piece twice before the rest; a piece inside one that was there.
    pieces.cut((0, 32), (0, 32), (32, 64))
    pieces.cut((0, 32), (8, 24), (32, 64))
    # Overlaps at the front, at the back, of all, of the end.
    pieces.cut((0, 32), (24, 48), (48, 64))
    pieces.cut((24, 48), (0, 32), (48, 64))
    pieces.cut((16, 24), (8, 48), (0, 8), (48, 64))
    pieces.cut((32, 64), (24, 64), (0, 32))
    pieces.cut((0, 32), (32, 64), (32, 64))
    # Again after it was complete, and after it was given up.
    pieces.cut((0, 32), (32, 64), (0, 32), (32, 64))
    pieces.cut((0, 32), (24, 64), (0, 32), (32, 64))


def fragments_v4(wire):
    real_datagrams(wire, CLIENT_V4, SERVER_V4)
    pieces = PiecesV4(wire)
    send = pieces.send
    odd_pieces(pieces)
    # Two ends; data behind the end; a middle that is no multiple of eight; nothing in it.
    pieces.next()
    for offset, length in (0, 32), (48, 16), (56, 16):
        send(offset, offset == 0, bytes(length))
    pieces.next()
    for offset, more in (32, False), (64, False), (0, True):
        send(offset, more, bytes(32))
    pieces.next()
    for offset, more, length in (0, True, 20), (24, False, 8), (16, False, 16):
        send(offset, more, pieces.datagram[offset : offset + length])
    pieces.next()
    for more, begin, end in (1, 0, 32), (1, 32, 32), (0, 32, 32), (0, 32, 64):
        send(begin, more, pieces.datagram[begin:end])
    # Longer than a datagram can be.
    pieces.next()
    send(65_528, False, bytes(8))
    send(65_528, False, bytes(100))
    # With options, with the bit that forbids it, of the length of a whole one.
    pieces.next()
    send(0, True, pieces.datagram[:32], options=b"\1" * 8)
    send(32, False, pieces.datagram[32:], options=b"\1" * 8)
    pieces.next()
    send(0, True, pieces.datagram[:32], fragment=FORBIDDEN_V4 | MORE_V4)
    send(32, False, pieces.datagram[32:])
    # The same identifier from two hosts, to two hosts, and of two protocols.
    pieces.next()
    send(0, True, pieces.datagram[:32])
    for source, destination, protocol in (
        ("192.0.2.3", SERVER_V4, UDP),
        (CLIENT_V4, "198.51.100.3", UDP),
        (CLIENT_V4, SERVER_V4, ICMP),
    ):
        says = {"ident": pieces.ident, "fragment": 32 // 8}
        other = ip(source, destination, protocol, bytes(32), **says)
        wire.inject(CLIENT, other, Fate.LOST_BEHIND)
    send(32, False, pieces.datagram[32:])
    # A TCP segment in pieces so small that the flags are in the second.
    segment = Segment(CLIENT_V4, SERVER_V4, (40002, 80), seq=1000, flags="S").packet()
    for eighth, more in enumerate((MORE_V4, MORE_V4, 0)):
        part = segment[20:][8 * eighth :][:8]
        says = {"ident": 0x2000, "fragment": eighth | more}
        packet = ip(CLIENT_V4, SERVER_V4, TCP, part, **says)
        wire.inject(CLIENT, packet, Fate.LOST_BEHIND)
    # A datagram of no more than its end is never whole.
    pieces.next()
    send(8, False, pieces.datagram[8:])


def fragments_v6(wire):
    real_datagrams(wire, CLIENT_V6, SERVER_V6)
    pieces = PiecesV6(wire)
    send = pieces.send
    odd_pieces(pieces)
    # Atomic: whole in one. Twice, and while pieces with the same identifier wait.
    pieces.cut((0, 64), (0, 64))
    pieces.next()
    send(0, True, pieces.datagram[:32])
    send(0, False, pieces.datagram)
    send(32, False, pieces.datagram[32:])
    # A second end, further and nearer; lengths that are no multiple of eight; empty ones.
    pieces.next()
    ends = (0, True, 32), (48, False, 16), (56, False, 16), (32, True, 16)
    for offset, more, length in ends:
        send(offset, more, bytes(length))
    pieces.next()
    for offset, more, length in (0, True, 20), (16, False, 48):
        send(offset, more, bytes(length))
    pieces.next()
    for more, begin, end in (1, 0, 32), (1, 32, 32), (0, 32, 32), (0, 32, 64):
        send(begin, more, pieces.datagram[begin:end])
    # Longer than a datagram can be.
    pieces.next()
    send(65_528, False, bytes(8))
    send(65_528, False, bytes(100))
    # The later pieces may tell another protocol: the first one counts.
    pieces.next()
    send(0, True, pieces.datagram[:32])
    send(32, False, pieces.datagram[32:], protocol=TCP)
    # Behind another extension header; with one inside.
    pieces.next()
    options = extension(FRAGMENT, b"\1\4\0\0\0\0")
    for begin, end in (0, 32), (32, 64):
        part = pieces.datagram[begin:end]
        part = fragment_v6(UDP, begin, end < 64, pieces.ident, part)
        packet = ip(CLIENT_V6, SERVER_V6, HOP_BY_HOP, options + part)
        wire.inject(CLIENT, packet, Fate.LOST_BEHIND)
    pieces.next()
    inside = extension(UDP, b"\1\4\0\0\0\0") + pieces.datagram
    for begin, end in (0, 32), (32, 72):
        send(begin, end < 72, inside[begin:end], protocol=DESTINATION)
    # The first piece ends before the ports do.
    pieces.next()
    send(0, True, extension(UDP, b"\1\4\0\0\0\0"), protocol=DESTINATION)
    send(8, False, pieces.datagram, protocol=DESTINATION)
    # Neighbours are not to be met in pieces.
    pieces.next()
    send(0, True, b"\x87" + bytes(23), protocol=ICMPV6)
    send(24, False, bytes(8), protocol=ICMPV6)
    # A piece without a header's worth of bytes.
    short = ip(CLIENT_V6, SERVER_V6, FRAGMENT, b"\x11\0\0\1")
    wire.inject(CLIENT, short, Fate.LOST_BEHIND)


STAGES = [fragments_v4, fragments_v6]
