"""UDP and UDP-Lite: streams, questions to a name server, what nobody answers."""

import socket
import struct
import tempfile

import hosts
from frames import UDPLITE
from hosts import (
    CLIENT,
    CLIENT_V4,
    CLIENT_V6,
    SERVER,
    SERVER_V4,
    SERVER_V6,
    open_socket,
)

UDP = socket.SOCK_DGRAM

NAMES = """
no-resolv
no-hosts
bind-interfaces
listen-address=198.51.100.2,2001:db8:2::2
local=/example/
host-record=www.example,192.0.2.80,2001:db8::80
"""


def echo(wire, client, server, address, text=b"echo"):
    """A datagram there and one back."""
    client.sendto(text, address)
    text, source = server.recvfrom(2000)
    server.sendto(text, source)
    client.recv(2000)


def udp(wire):
    for source, destination in (CLIENT_V4, SERVER_V4), (CLIENT_V6, SERVER_V6):
        address = (destination, 5000)
        client = open_socket(CLIENT, source, UDP, 40001)
        server = open_socket(SERVER, destination, UDP, 5000)
        # A stream: it counts as one when it is two seconds old.
        for pause in 0, 1, 1, 1, 60, 119, 121:
            wire.pass_time(pause)
            echo(wire, client, server, address)
        # The server speaks first, and again long after.
        for pause in 0, 29, 31:
            wire.pass_time(pause)
            server.sendto(b"news", (source, 40002))
        # Many questions, one answer; the answer comes too late.
        for _ in range(3):
            client.sendto(b"anyone there?", address)
            wire.pass_time(1)
        server.sendto(b"yes", (source, 40001))
        client = open_socket(CLIENT, source, UDP, 40003)
        client.sendto(b"anyone there?", address)
        wire.pass_time(31)
        server.sendto(b"yes", (source, 40003))
        # An empty one; port 0 cannot be sent to.
        client.sendto(b"", address)
    # IPv4 may do without check sums.
    so_no_check = 11  # from linux/socket.h
    client = open_socket(CLIENT, CLIENT_V4, UDP, 40004)
    client.setsockopt(socket.SOL_SOCKET, so_no_check, 1)
    client.sendto(b"unchecked", (SERVER_V4, 5001))
    # To everybody on the link, and to a group.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    client.sendto(b"all", ("192.0.2.255", 5002))
    client.sendto(b"group", ("224.0.0.251", 5353))


def udp_lite(wire):
    for source, destination in (CLIENT_V4, SERVER_V4), (CLIENT_V6, SERVER_V6):
        client = open_socket(CLIENT, source, UDP, 40001, UDPLITE)
        server = open_socket(SERVER, destination, UDP, 5000, UDPLITE)
        udplite_send_cscov = 10  # from linux/udp.h
        for coverage in 8, 12, 0:
            client.setsockopt(UDPLITE, udplite_send_cscov, coverage)
            wire.pass_time(1.5)
            echo(wire, client, server, (destination, 5000), b"mostly harmless")


def question(ident, name, kind):
    """A DNS query."""
    labels = [bytes([len(label)]) + label.encode() for label in name.split(".")]
    head = struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0)
    return head + b"".join(labels) + struct.pack("!xHH", kind, 1)


def dns(wire):
    a, aaaa, mx = 1, 28, 15
    with tempfile.NamedTemporaryFile("w") as config:
        config.write(NAMES)
        config.flush()
        command = ("dnsmasq", "--keep-in-foreground", "--user=root", "--pid-file=")
        server = hosts.start(SERVER, *command, f"--conf-file={config.name}")
        hosts.wait_for_listener(SERVER, 53)
    for source, destination in (CLIENT_V4, SERVER_V4), (CLIENT_V6, SERVER_V6):
        names = ["www.example"] * 3 + ["no.example"]
        for ident, (name, kind) in enumerate(zip(names, (a, aaaa, mx, a), strict=True)):
            client = open_socket(CLIENT, source, UDP, 40011 + ident)
            client.sendto(question(ident, name, kind), (destination, 53))
            client.recv(2000)
        # As resolvers of the libc do: two questions at once from one port.
        for ident, kind in (20, a), (21, aaaa):
            client.sendto(question(ident, "www.example", kind), (destination, 53))
        for _ in range(2):
            client.recv(2000)
        # And by TCP.
        client = open_socket(CLIENT, source, port=40021)
        client.connect((destination, 53))
        asked = question(30, "www.example", a)
        client.sendall(struct.pack("!H", len(asked)) + asked)
        client.recv(2000)
        client.close()
        wire.settle()
    server.terminate()
    # Nobody is at home any more.
    client = open_socket(CLIENT, CLIENT_V4, UDP, 40031)
    server.wait()
    client.sendto(question(40, "www.example", a), (SERVER_V4, 53))


STAGES = [udp, udp_lite, dns]
