"""GRE, and protocols of which only addresses are tracked.

Tunnels are not part of every kernel, so a few lines here do what they do: what a host
sends into a TUN or TAP device comes out with a GRE or IP header in front.
"""

import contextlib
import fcntl
import os
import select
import socket
import struct
import threading

import hosts
from frames import ESP, GRE, IPIP, ip
from hosts import CLIENT, CLIENT_V4, CLIENT_V6, ROUTER, SERVER, SERVER_V4, SERVER_V6
from wire import Fate

TUNSETIFF, IFF_TUN, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0001, 0x0002, 0x1000
TRANSPARENT_ETHERNET, KEY_PRESENT = 0x6558, 0x2000


class TunnelEnd:
    """A device tun0 on a host whose packets travel behind `head` to the other host."""

    def __init__(self, host, mode, protocol, head, ends):
        self.head = head
        own, self.other = ends
        self.raw = hosts.open_socket(host, own, socket.SOCK_RAW, 0, protocol)
        with hosts.inside(host):
            self.device = os.open("/dev/net/tun", os.O_RDWR)
            request = struct.pack("16sH22x", b"tun0", mode | IFF_NO_PI)
            fcntl.ioctl(self.device, TUNSETIFF, request)
        self.stop, self.stopped = os.pipe()
        self.thread = threading.Thread(target=self._carry)
        self.thread.start()

    def close(self):
        os.close(self.stopped)
        self.thread.join()
        self.raw.close()
        os.close(self.device)
        os.close(self.stop)

    def _carry(self):
        while True:
            ready, _, _ = select.select([self.device, self.raw, self.stop], [], [])
            if self.stop in ready:
                return
            if self.device in ready:
                self.raw.sendto(self.head + os.read(self.device, 2000), (self.other, 0))
            if self.raw in ready:
                packet = self.raw.recv(2000)
                # A raw socket of IPv4 shows the header too.
                inner = packet[20:] if self.raw.family == socket.AF_INET else packet
                os.write(self.device, inner[len(self.head) :])


@contextlib.contextmanager
def tunnel(mode, protocol, head, ends):
    """A tunnel between client and server, 203.0.113.65 and .66 inside."""
    with contextlib.ExitStack() as stack:
        for host, address, own in (CLIENT, 65, ends), (SERVER, 66, ends[::-1]):
            end = TunnelEnd(host, mode, protocol, head, own)
            stack.enter_context(contextlib.closing(end))
            hosts.run(host, "ip", "address", "add", f"203.0.113.{address}/30", "dev", "tun0")
            hosts.run(host, "sysctl", "-qw", "net.ipv6.conf.tun0.disable_ipv6=1")
            hosts.run(host, "ip", "link", "set", "tun0", "mtu", 1400, "up")
        yield


def ping():
    hosts.run(CLIENT, "ping", "-nqc2", "-i0.2", "-W0.3", "-e7", "203.0.113.66")


def gre(wire):
    def head(inner, key=None):
        bits = 0 if key is None else KEY_PRESENT
        return struct.pack("!HH", bits, inner) + (b"" if key is None else struct.pack("!I", key))

    v4, v6 = (CLIENT_V4, SERVER_V4), (CLIENT_V6, SERVER_V6)
    with tunnel(IFF_TUN, GRE, head(0x0800), v4):
        ping()
        # Longer than a stream lasts, and longer than a question does.
        wire.pass_time(179)
        ping()
        wire.pass_time(181)
        ping()
    with tunnel(IFF_TUN, GRE, head(0x0800, key=42), v4):
        ping()
    with tunnel(IFF_TAP, GRE, head(TRANSPARENT_ETHERNET, key=43), v4):
        ping()
    with tunnel(IFF_TUN, GRE, head(0x0800), v6):
        ping()
    with tunnel(IFF_TAP, GRE, head(TRANSPARENT_ETHERNET), v6):
        ping()

    # What PPTP sends: version 1, with the callee's identifier of the call.
    def pptp(call, sequence, bits=0x3001):
        return struct.pack("!HHHHI", bits, 0x880B, 4, call, sequence) + bytes(4)

    for sequence in range(2):
        wire.inject(CLIENT, ip(CLIENT_V4, SERVER_V4, GRE, pptp(7, sequence)), Fate.LOST_BEHIND)
        wire.inject(ROUTER, ip(SERVER_V4, CLIENT_V4, GRE, pptp(8, sequence)), Fate.LOST_BEHIND)
    wire.inject(CLIENT, ip(CLIENT_V6, SERVER_V6, GRE, pptp(7, 0)), Fate.LOST_BEHIND)
    # Version 1 of another protocol, a version that is none, headers that end early.
    for rest in (
        pptp(7, 3)[:2] + b"\x08\0" + pptp(7, 3)[4:],
        pptp(9, 3, bits=0x3002),
        pptp(7, 3)[:8],
        pptp(7, 3)[:7],
        head(0x0800),
        head(0x0800)[:3],
        b"",
    ):
        wire.inject(CLIENT, ip(CLIENT_V4, SERVER_V4, GRE, rest), Fate.LOST_BEHIND)


def other_protocols(wire):
    with tunnel(IFF_TUN, IPIP, b"", (CLIENT_V4, SERVER_V4)):
        ping()
    # Encrypted: the security parameter index is no part of the connection.
    for pause, index in (0, 1), (0, 1), (0, 2), (599, 1), (601, 1):
        wire.pass_time(pause)
        for sender, ends in (
            (CLIENT, (CLIENT_V4, SERVER_V4)),
            (ROUTER, (SERVER_V6, CLIENT_V6)),
        ):
            secret = struct.pack("!II", index, pause) + bytes(range(64))
            wire.inject(sender, ip(*ends, ESP, secret), Fate.LOST_BEHIND)
    back = struct.pack("!II", 9, 0) + bytes(range(64))
    wire.inject(ROUTER, ip(SERVER_V4, CLIENT_V4, ESP, back), Fate.LOST_BEHIND)
    # DCCP, OSPF and others, and numbers that nobody has: what is in them does not count.
    for protocol in 0, 2, 33, 51, 89, 103, 112, 253, 255:
        for sender, said in (CLIENT, b""), (CLIENT, bytes(24)), (ROUTER, b""), (CLIENT, b"1234"):
            ends = (CLIENT_V4, SERVER_V4) if sender == CLIENT else (SERVER_V4, CLIENT_V4)
            wire.inject(sender, ip(*ends, protocol, said), Fate.LOST_BEHIND)
    # A real host joins a group.
    group = socket.inet_aton("239.1.2.3") + socket.inet_aton(CLIENT_V4)
    sock = hosts.open_socket(CLIENT, CLIENT_V4, socket.SOCK_DGRAM, 40001)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    wire.settle(0.5)


STAGES = [gre, other_protocols]
