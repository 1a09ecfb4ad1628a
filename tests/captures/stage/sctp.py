"""SCTP: associations of two real stacks, and chunks that belong to none."""

import contextlib
import os
import struct
import subprocess

import hosts
from frames import SCTP, crc32c, ip
from hosts import CLIENT, CLIENT_V4, CLIENT_V6, ROUTER, SERVER, SERVER_V4, SERVER_V6
from wire import Fate

PEER = os.path.join(os.path.dirname(__file__), "sctp_peer.py")

DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT = range(7)
SHUTDOWN, SHUTDOWN_ACK, ERROR, COOKIE_ECHO, COOKIE_ACK = range(7, 12)
SHUTDOWN_COMPLETE, UNKNOWN_CHUNK = 14, 0xC0
# The flag of an ABORT or SHUTDOWN COMPLETE whose tag is the sender's own.
TAG_REFLECTED = 1


class Peer:
    """A process that is one end of an association."""

    def __init__(self, host, role, *ends):
        arguments = ("/usr/bin/python3", "-B", PEER, role, *ends)
        self.process = hosts.start(host, *arguments, stdin=subprocess.PIPE)

    def hear(self, word):
        heard = self.process.stdout.readline().strip()
        assert heard == word, f"{heard!r} instead of {word!r}"

    def do(self, word):
        print(word, file=self.process.stdin, flush=True)
        self.hear("done")


@contextlib.contextmanager
def peer_of(*arguments):
    peer = Peer(*arguments)
    try:
        yield peer
    finally:
        peer.process.kill()
        peer.process.wait()


@contextlib.contextmanager
def association(port, ends=(CLIENT_V4, SERVER_V4)):
    """Both ends of an association, which is open."""
    with peer_of(SERVER, "listen", ends[1], 5000, ends[0], port) as server:
        server.hear("listening")
        with peer_of(CLIENT, "connect", ends[0], port, ends[1], 5000) as client:
            client.hear("done")
            server.hear("done")
            yield client, server


def sctp(wire):
    for ends in (CLIENT_V4, SERVER_V4), (CLIENT_V6, SERVER_V6):
        # A whole life, with data of both sides; either one shuts it down.
        for port, first in (40001, 0), (40002, 1):
            with association(port, ends) as peers:
                for peer in peers:
                    peer.do("send")
                wire.settle(0.3)
                wire.pass_time(100)
                for peer in peers:
                    peer.do("heartbeat")
                wire.settle()
                # Longer than it lives without a word.
                wire.pass_time(211)
                peers[0].do("heartbeat")
                wire.settle()
                peers[0].do("send")
                wire.settle(0.3)
                peers[first].do("shutdown")
                wire.settle()
        # Either one aborts.
        for port, first in (40003, 0), (40004, 1):
            with association(port, ends) as peers:
                peers[first].do("abort")
                wire.settle()
    # Both shut down at once.
    with association(40005) as peers:
        with wire.holding():
            for peer in peers:
                peer.do("shutdown")
            wire.wait_held(2)
        wire.release()
        wire.settle()
    # There is no SCTP; then there is, but nobody listens to this port.
    with peer_of(CLIENT, "connect", CLIENT_V4, 40006, SERVER_V4, 5001):
        wire.wait_for(ROUTER)
    with (
        peer_of(SERVER, "listen", SERVER_V4, 5000, CLIENT_V4, 40006) as server,
        peer_of(CLIENT, "connect", CLIENT_V4, 40006, SERVER_V4, 5001),
    ):
        server.hear("listening")
        wire.wait_for(ROUTER)
    # The first INIT and the first COOKIE ECHO are lost: both are sent again.
    to_lose = {INIT, COOKIE_ECHO}

    def lose_first(sender, frame):
        kind = frame[14 + 20 + 12]  # behind the heads of Ethernet, IP and SCTP
        if kind not in to_lose:
            return Fate.PASSES
        to_lose.remove(kind)
        return Fate.LOST_BEHIND

    with wire.fault(lose_first), association(40007):
        wire.settle()


def packet(ends, ports, tag, *chunks, check=None):
    """An SCTP packet of (kind, flags, body) chunks, from one address to the other."""
    head = struct.pack("!HHII", *ports, tag, 0)
    body = b""
    for kind, flags, value in chunks:
        body += struct.pack("!BBH", kind, flags, 4 + len(value)) + value
        body += bytes(-len(value) % 4)
    if check is None:
        check = crc32c(head + body)
    return ip(*ends, SCTP, head[:8] + struct.pack("<I", check) + body)


class Story:
    """An association told from outside: what each side says has the right tag."""

    def __init__(self, wire, port):
        self.wire = wire
        self.ports = {CLIENT: (port, 5000), ROUTER: (5000, port)}
        self.ends = {CLIENT: (CLIENT_V4, SERVER_V4), ROUTER: (SERVER_V4, CLIENT_V4)}
        # The tag that the other side has asked for.
        self.tags = {CLIENT: 0x5E5E0000 | port, ROUTER: 0xC11E0000 | port}

    def say(self, sender, *chunks, tag=None):
        """Say chunks: each a kind, or a kind with flags and body."""
        chunks = [(chunk, 0, bytes(4)) if isinstance(chunk, int) else chunk for chunk in chunks]
        tag = self.tags[sender] if tag is None else tag
        said = packet(self.ends[sender], self.ports[sender], tag, *chunks)
        self.wire.inject(sender, said, Fate.LOST_BEHIND)

    def init(self, sender, kind=INIT, **tags):
        """Say INIT, which asks for a tag and has none, or INIT ACK."""
        asks = self.tags[self.wire.other[sender]]
        body = struct.pack("!IIHHI", asks, 65536, 1, 1, 1)
        tags = tags or ({"tag": 0} if kind == INIT else {})
        self.say(sender, (kind, 0, body), **tags)

    def opening(self):
        """The four steps in which an association is opened."""
        yield lambda: self.init(CLIENT)
        yield lambda: self.init(ROUTER, INIT_ACK)
        yield lambda: self.say(CLIENT, COOKIE_ECHO)
        yield lambda: self.say(ROUTER, COOKIE_ACK)

    def open(self):
        for step in self.opening():
            step()


def sctp_odd(wire):
    ports = iter(range(40100, 40200))

    def story():
        return Story(wire, next(ports))

    # The first is something else than an INIT.
    for kind in (
        DATA,
        *range(INIT_ACK, COOKIE_ACK + 1),
        SHUTDOWN_COMPLETE,
        UNKNOWN_CHUNK,
    ):
        story().say(CLIENT, kind)
    # An INIT with a tag, an INIT ACK without one, and both with company.
    story().init(CLIENT, tag=7)
    odd = story()
    odd.init(CLIENT)
    odd.init(ROUTER, INIT_ACK, tag=0)
    story().say(CLIENT, (INIT, 0, bytes(16)), DATA, tag=0)
    # Everything with the wrong tag, on an association that stands.
    odd = story()
    odd.open()
    for kind in DATA, *range(SACK, COOKIE_ACK + 1), SHUTDOWN_COMPLETE:
        odd.say(CLIENT, kind, tag=1)
        odd.say(ROUTER, kind, tag=1)
    # A new INIT on it, of either side; the old goes on.
    for sender in CLIENT, ROUTER:
        odd.init(sender)
        odd.say(sender, DATA)
    # An ABORT with the tag reflected, and one without.
    for sender, reflects in (
        (CLIENT, True),
        (CLIENT, False),
        (ROUTER, True),
        (ROUTER, False),
    ):
        odd = story()
        odd.open()
        other = wire.other[sender]
        tag = odd.tags[other] if reflects else odd.tags[sender]
        odd.say(sender, (ABORT, TAG_REFLECTED if reflects else 0, b""), tag=tag)
        odd.say(other, DATA)
    # Shut down by the server, completed with the tag reflected; then INIT again.
    odd = story()
    odd.open()
    odd.say(ROUTER, SHUTDOWN)
    odd.say(CLIENT, SHUTDOWN_ACK)
    odd.say(ROUTER, (SHUTDOWN_COMPLETE, TAG_REFLECTED, b""), tag=odd.tags[CLIENT])
    odd.open()
    # Heartbeats before and instead of everything else.
    odd = story()
    odd.say(CLIENT, HEARTBEAT)
    odd.say(ROUTER, HEARTBEAT_ACK)
    odd.say(CLIENT, DATA)
    wire.pass_time(31)
    odd.say(ROUTER, HEARTBEAT)
    # Bundles; chunks that end early; one of no length; none.
    odd = story()
    odd.open()
    odd.say(CLIENT, SACK, DATA, DATA)
    odd.say(CLIENT, DATA, SHUTDOWN)
    odd.say(ROUTER, SHUTDOWN_ACK, DATA)
    odd.say(CLIENT)
    whole = packet(odd.ends[CLIENT], odd.ports[CLIENT], odd.tags[CLIENT], (DATA, 0, bytes(12)))
    sctp_part = whole[20:]
    cuts = [sctp_part[:length] for length in (27, 14, 12, 11, 3)]
    for rest in *cuts, sctp_part[:14] + bytes(2):
        wire.inject(CLIENT, ip(CLIENT_V4, SERVER_V4, SCTP, rest), Fate.LOST_BEHIND)
    # Each way to open it is too slow.
    for slow in range(3):
        odd = story()
        for number, step in enumerate(odd.opening()):
            step()
            wire.pass_time(4 if number == slow else 0)


STAGES = [sctp, sctp_odd]
