"""TCP's windows: closed and probed ones, lost and repeated data, and what lies at the edges."""

import contextlib
import socket
import struct
import time

import hosts
from frames import Segment
from hosts import CLIENT, CLIENT_V4, ROUTER, accept, connect, listen, open_socket, reset
from wire import Fate

# Segments as small as the kernel lets them be, with the 12 bytes of time stamps.
DATA_LEN = 76


def small_connection(listener, port, receive_len=None):
    """A connection with small segments, and perhaps a small buffer where they arrive."""
    client = open_socket(CLIENT, CLIENT_V4, port=port)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, DATA_LEN + 12)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if receive_len:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_len)
    client.connect(listener.getsockname())
    return client, accept(listener)


def tcp_window(wire):
    with listen(80) as listener:
        # The client does not read: its window closes, is probed, and opens again.
        client, server = small_connection(listener, 40121, receive_len=1000)
        server.setblocking(False)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1000)
        for _ in range(40):
            with contextlib.suppress(BlockingIOError):
                server.send(bytes(DATA_LEN))
            wire.settle(0.005)
        time.sleep(2)
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while client.recv(100_000):
                wire.settle(0.2)
        wire.settle(0.3)
        reset(client, server)

        # Nothing to say for a while.
        client, server = connect(listener, 40122)
        client.sendall(b"hello")
        wire.settle()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        time.sleep(2.2)
        reset(client, server)

        # More under way than the unscaled window would hold.
        client, server = connect(listener, 40123)
        server.sendall(bytes(6000))
        wire.settle()
        server.close()
        client.close()


def nth_data(lost, fate):
    """A judge to whom the data segments with these numbers are lost when first sent."""
    seqs = []

    def judge(sender, frame):
        segment = Segment.parse(frame)
        if not segment or not segment.payload or segment.seq in seqs:
            return Fate.PASSES
        seqs.append(segment.seq)
        return fate if len(seqs) in lost else Fate.PASSES

    return judge


def tcp_losses(wire):
    text = bytes(25 * DATA_LEN)
    with listen(80) as listener:
        # Segments lost before the capture, and behind it: with SACK and without.
        for port, sack, fate in (
            (40131, 1, Fate.LOST_BEFORE),
            (40132, 0, Fate.LOST_BEFORE),
            (40133, 1, Fate.LOST_BEHIND),
            (40134, 0, Fate.LOST_BEHIND),
        ):
            with hosts.sysctl(CLIENT, "ipv4/tcp_sack", sack):
                client, server = small_connection(listener, port)
            with wire.fault(nth_data({3, 5, 6, 15, 25}, fate)):
                server.sendall(text)
                wire.settle(0.5)
            client.close()
            server.close()
        # ACKs are lost behind the capture: what it saw acknowledged is sent again.
        client, server = small_connection(listener, 40135)
        with wire.all_from(ROUTER, Fate.LOST_BEHIND):
            client.sendall(bytes(3 * DATA_LEN))
            time.sleep(0.8)
        wire.settle(1)
        # Segments overtake each other, and come twice.
        for order in (
            reversed,
            lambda held: held[1::2] + held[::2],
            lambda held: held * 2,
        ):
            with wire.all_from(CLIENT, Fate.HELD):
                client.sendall(bytes(6 * DATA_LEN))
                wire.wait_held(6)
            wire.release(order)
            wire.settle()
        # An old segment and an old ACK come late.
        old = [wire.seen[-30], wire.seen[-29]]
        client.sendall(text)
        wire.settle()
        for sender, frame in old:
            wire.again(sender, frame)
        wire.settle()
        client.close()
        server.close()


def forgeries():
    """What somebody might say instead of the next segment of a side, whose `window` is the
    other's: each a function from that segment to another one."""

    def at(seq_by, windows=0, payload_len=10):
        return lambda next: next.bend(
            seq=next.seq + windows * next.window + seq_by, payload=bytes(payload_len)
        )

    def ack(ack_by):
        return lambda next: next.bend(ack=next.ack + ack_by)

    def sack(left_by, right_by):
        def bend(next):
            edges = [(next.ack + by) % (1 << 32) for by in (left_by, right_by)]
            return next.bend(options=struct.pack("!BBBBII", 1, 1, 5, 10, *edges))

        return bend

    def flags(flags):
        return lambda next: next.bend(flags=flags)

    # The last that fits, the first that does not, and a window further.
    yield from (at(-10, 1), at(-5, 1), at(0, 1), at(1, 1), at(-100, 2), at(100, 2), at(10**6))
    # Seen long ago; and so long ago that nobody asks for it.
    yield from (at(-1, payload_len=0), at(-1, payload_len=1), at(-10))
    yield from (at(100, -1), at(-100, -1), at(-1000, -2))
    yield from (ack(1), ack(5000), ack(-1), ack(-66_000), ack(-66_001), ack(-(10**6)))
    yield from (sack(-10, 0), sack(1, 100), sack(-100, -50))
    strange = ["", "P", "F", "FPU", "SF", "SR", "FSRPAUEC", "S", "SA", "AU", "FA"]
    yield from map(flags, strange)


def tcp_window_edges(wire):
    # Windows without scaling are what they say.
    with hosts.sysctl(CLIENT, "ipv4/tcp_window_scaling", 0), listen(80) as listener:
        for port, bend in enumerate(forgeries(), 40400):
            client, server = connect(listener, port)
            client.sendall(b"hello")
            for sender, segment in [
                (sender, bend(wire.next_segment(sender, port))) for sender in (CLIENT, ROUTER)
            ]:
                wire.inject(sender, segment.packet(), Fate.LOST_BEHIND)
            client.sendall(b"anything")
            wire.settle()
            server.sendall(b"nothing")
            wire.pass_time(10)
            reset(client, server)


STAGES = [tcp_window, tcp_losses, tcp_window_edges]
