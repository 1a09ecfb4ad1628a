"""The wire between the client and its router: two TAP devices, whose frames are recorded
as they pass, and now and then lost, held back, or joined by others."""

import contextlib
import enum
import fcntl
import os
import select
import struct
import threading
import time

import hosts
from frames import Segment

# From linux/if_tun.h.
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000

# 2025-01-01 00:00 UTC: when every capture begins, whenever it is made.
BEGINNING_NS = 1_735_689_600_000_000_000


class Fate(enum.Enum):
    """What becomes of a frame that enters the wire."""

    PASSES = enum.auto()
    LOST_BEFORE = enum.auto()  # the capture has not seen it
    LOST_BEHIND = enum.auto()  # the capture has seen it, the receiver has not
    UNSEEN = enum.auto()  # the other way round
    HELD = enum.auto()  # until `release`


def attach_tap(host):
    """The file of a host's TAP device eth0."""
    with hosts.inside(host):
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        request = struct.pack("16sH22x", b"eth0", IFF_TAP | IFF_NO_PI)
        fcntl.ioctl(tap, TUNSETIFF, request)
    return tap


class Recording:
    """A capture being written: a classic pcap file of Ethernet frames."""

    def __init__(self, file):
        self.file, self.frame_count = file, 0
        self.origin = time.monotonic_ns()
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))

    def write(self, frame):
        """Write a frame that passes now."""
        self.frame_count += 1
        micros = (BEGINNING_NS + time.monotonic_ns() - self.origin) // 1000
        head = struct.pack("<IIII", *divmod(micros, 1_000_000), len(frame), len(frame))
        self.file.write(head + frame)


class Wire:
    """Joins two hosts' eth0; with a tag, its frames are recorded as those of a VLAN."""

    def __init__(self, left, right, tag=None):
        self.ends = {left: attach_tap(left), right: attach_tap(right)}
        self.other = {left: right, right: left}
        self.tag = tag
        self.lock = threading.RLock()
        self.recording = None
        self.seen = []  # (host that sent it, frame) of all that was recorded
        self.held = []
        self.judge = None
        self.last_moment = 0
        threading.Thread(target=self._carry, daemon=True).start()

    @contextlib.contextmanager
    def record(self, recording):
        with self.lock:
            self.recording, self.seen = recording, []
        try:
            yield
            self.settle()
        finally:
            with self.lock:
                self.recording = None

    @contextlib.contextmanager
    def unrecorded(self):
        """While it lasts nothing is recorded: what was there before the capture began."""
        with self.lock:
            recording, self.recording = self.recording, None
        yield
        self.settle()
        with self.lock:
            self.recording = recording

    @contextlib.contextmanager
    def fault(self, judge):
        """While it lasts, `judge(sender, frame)` decides a frame's Fate."""
        with self.lock:
            self.judge = judge
        try:
            yield
        finally:
            with self.lock:
                self.judge = None

    def all_from(self, host, fate):
        """While it lasts this becomes of all frames of a host."""
        return self.fault(lambda sender, frame: fate if sender == host else Fate.PASSES)

    def holding(self):
        """While it lasts all frames are held."""
        return self.fault(lambda sender, frame: Fate.HELD)

    def release(self, order=lambda held: held):
        """Let the held frames go, in their order or another one."""
        with self.lock:
            held, self.held = self.held, []
            for sender, frame in order(held):
                self._pass(sender, frame)

    def inject(self, sender, packet, fate=Fate.PASSES):
        """Put an IP packet on the wire as if `sender` had sent it."""
        kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0"
        frame = hosts.MAC[self.other[sender]] + hosts.MAC[sender] + kind + packet
        with self.lock:
            self._pass(sender, frame, fate)
        time.sleep(0.003)  # an answer comes before the next

    def again(self, sender, frame):
        """Let a frame pass a second time."""
        with self.lock:
            self._pass(sender, frame)

    def pass_time(self, seconds):
        """Let the capture's clock go ahead; nobody waits."""
        self.settle()
        with self.lock:
            self.recording.origin -= int(seconds * 1e9)

    def settle(self, quiet_s=0.06):
        """Wait until nothing has passed for a while: longer than an ACK is delayed."""
        begin = time.monotonic()
        while (left := max(self.last_moment, begin) + quiet_s - time.monotonic()) > 0:
            time.sleep(left)

    def wait_held(self, count):
        while len(self.held) < count:
            time.sleep(0.001)

    def wait_for(self, sender, count=1):
        """Wait until a sender has been recorded that often from now on."""
        with self.lock:
            begin = len(self.seen)
        while sum(host == sender for host, _ in self.seen[begin:]) < count:
            time.sleep(0.001)

    def last(self, sender, accepts=lambda frame: True):
        """The last recorded frame of a sender that `accepts` likes."""
        with self.lock:
            seen = reversed(self.seen)
            return next(frame for host, frame in seen if host == sender and accepts(frame))

    def last_segment(self, sender, port):
        """The last recorded TCP segment of a sender from or to one of the client's ports."""

        def accepts(frame):
            segment = Segment.parse(frame)
            return segment and port in segment.ports

        return Segment.parse(self.last(sender, accepts))

    def next_segment(self, sender, port):
        """What a sender would say next, on a connection where all has been acknowledged."""
        self.settle()
        return self.last_segment(self.other[sender], port).answer()

    def _carry(self):
        sender_of = {tap: host for host, tap in self.ends.items()}
        while True:
            ready, _, _ = select.select(list(sender_of), [], [])
            for tap in ready:
                with contextlib.suppress(BlockingIOError):
                    self._enter(sender_of[tap], os.read(tap, 65536))

    def _enter(self, sender, frame):
        with self.lock:
            fate = self.judge(sender, frame) if self.judge else Fate.PASSES
            if fate is Fate.HELD:
                self.held.append((sender, frame))
            else:
                self._pass(sender, frame, fate)

    def _pass(self, sender, frame, fate=Fate.PASSES):
        self.last_moment = time.monotonic()
        if self.recording and fate in (Fate.PASSES, Fate.LOST_BEHIND):
            self.seen.append((sender, frame))
            tag = b"" if self.tag is None else struct.pack("!HH", 0x8100, self.tag)
            self.recording.write(frame[:12] + tag + frame[12:])
        if fate in (Fate.PASSES, Fate.UNSEEN):
            # A device that is down takes nothing, as a real one.
            with contextlib.suppress(OSError):
                os.write(self.ends[self.other[sender]], frame)
