"""ICMP and ICMPv6: pings, errors of a real router, and errors that somebody has bent."""

import socket

import hosts
from frames import DESTINATION, FRAGMENT, ICMP, icmp, ip, udp
from hosts import (
    CLIENT,
    CLIENT_V4,
    CLIENT_V6,
    ROUTER,
    ROUTER_V4,
    ROUTER_V6,
    SERVER,
    SERVER_V4,
    SERVER_V6,
    connect,
    listen,
    open_socket,
    reset,
)
from wire import Fate

ELSEWHERE_V6 = "2001:db8:3::4"


def ping(*arguments):
    hosts.run(CLIENT, "ping", "-nqi0.2", "-W0.3", "-e9", *arguments)


def pings(wire):
    for address in SERVER_V4, SERVER_V6:
        ping("-c2", "-e7", address)
        # The same identifier again, much later, and another one.
        wire.pass_time(31)
        ping("-c1", "-e7", address)
        ping("-c1", "-e8", address)
    ping("-c2", hosts.SILENT)
    # An answer that nobody asked for, and questions other than echo.
    wire.inject(ROUTER, icmp(SERVER_V4, CLIENT_V4, 0, 0, 9 << 16))
    wire.inject(ROUTER, icmp(SERVER_V6, CLIENT_V6, 129, 0, 9 << 16))
    wire.inject(CLIENT, icmp(CLIENT_V4, SERVER_V4, 13, 0, 10 << 16, bytes(12)))
    wire.inject(CLIENT, icmp(CLIENT_V4, SERVER_V4, 15, 0, 11 << 16))
    wire.inject(CLIENT, icmp(CLIENT_V4, SERVER_V4, 17, 0, 12 << 16, bytes(4)))
    wire.inject(ROUTER, icmp(SERVER_V4, CLIENT_V4, 18, 0, 12 << 16, bytes(4)))
    # Types that no request has, and a code that is not 0.
    wire.inject(CLIENT, icmp(CLIENT_V4, SERVER_V4, 9, 0, 0))
    wire.inject(CLIENT, icmp(CLIENT_V4, SERVER_V4, 40, 0, 0))
    wire.inject(CLIENT, icmp(CLIENT_V4, SERVER_V4, 8, 5, 13 << 16))
    wire.inject(ROUTER, icmp(SERVER_V4, CLIENT_V4, 0, 5, 13 << 16))
    wire.inject(CLIENT, icmp(CLIENT_V6, SERVER_V6, 200, 0, 0))
    wire.inject(CLIENT, ip(CLIENT_V4, SERVER_V4, ICMP, b"\x08\0\xf7\xff"))


def icmp_errors(wire):
    for ends in (CLIENT_V4, SERVER_V4), (CLIENT_V6, SERVER_V6):
        refused_and_exceeded(wire, *ends)
        too_big(wire, *ends)
    # No such host, forbidden, a better router.
    for address in hosts.UNREACHABLE, hosts.FORBIDDEN, hosts.ELSEWHERE, ELSEWHERE_V6:
        ping("-c2", address)
    client = hosts.connect_later(CLIENT, CLIENT_V4, 40004, (hosts.FORBIDDEN, 80))
    wire.settle()
    client.close()


def refused_and_exceeded(wire, source, destination):
    """Port unreachable, and time exceeded on the way of a ping and of a datagram."""
    client = open_socket(CLIENT, source, socket.SOCK_DGRAM, 40001)
    client.sendto(b"anyone there?", (destination, 5999))
    wire.settle()
    ping("-c1", "-t1", destination)
    client = open_socket(CLIENT, source, socket.SOCK_DGRAM, 40002)
    if client.family == socket.AF_INET:
        client.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
    else:
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 1)
    client.sendto(b"far away", (destination, 5999))


def too_big(wire, source, destination):
    """The next link takes less: a ping fails, a connection finds out and goes on."""

    def set_mtu(mtu):
        for host, device in (ROUTER, "eth1"), (SERVER, "eth0"):
            hosts.run(host, "ip", "link", "set", device, "mtu", mtu)

    set_mtu(1280)
    ping("-c1", "-Mdo", "-s1400", destination)
    with listen(80, destination) as listener:
        client, server = connect(listener, 40003)
        client.sendall(bytes(1400))
        wire.settle(0.3)
        client.close()
        server.close()
        wire.settle()
    set_mtu(1500)
    for family in "-4", "-6":
        hosts.run(CLIENT, "ip", family, "route", "flush", "cache")


def bent_errors(wire):
    """Errors about a connection that is there, with something wrong in most."""
    bent_errors_v4(wire)
    bent_errors_v6(wire)


def bent_errors_v4(wire):
    def inject(sender, packet):
        wire.inject(sender, packet, Fate.LOST_BEHIND)

    with listen(80) as listener:
        client, _server = connect(listener, 40011)
        client.sendall(b"hello")
        wire.settle()
        about = wire.last_segment(CLIENT, 40011)
        back = wire.last_segment(ROUTER, 40011)

        def error(kind, code, inner, source=ROUTER_V4, **fields):
            inject(ROUTER, icmp(source, CLIENT_V4, kind, code, 0, inner, **fields))

        whole = about.packet()
        # Each kind, of the router and of the server.
        kinds = {3: (0, 1, 3, 4, 13, 99), 4: (0,), 5: (1,), 11: (0, 1), 12: (0,)}
        for kind, codes in kinds.items():
            for code in codes:
                error(kind, code, whole)
        error(3, 3, whole, source=SERVER_V4)
        error(3, 1, whole, source="203.0.113.77")
        # As little as there must be, and less.
        for inner_len in 28, 27, 24, 23, 20, 19, 8, 0:
            error(3, 1, whole[:inner_len])
        # Of the other direction, as if the client had sent what it receives.
        error(3, 1, back.packet())
        inject(CLIENT, icmp(CLIENT_V4, SERVER_V4, 3, 3, 0, back.packet()))
        # Not to the one who sent; about unknown ports, a false check sum, another one's.
        inject(ROUTER, icmp(ROUTER_V4, "192.0.2.99", 3, 1, 0, whole))
        error(3, 1, about.bend(ports=(40999, 80)).packet())
        error(3, 1, about.bend(seq=1, ack=1).packet())
        error(3, 1, whole, check=0x1234)
        # About a fragment, an error, with options, with a version of nothing.
        error(3, 1, about.packet(fragment=0x2000))
        error(3, 1, about.packet(fragment=0x0010))
        error(3, 1, about.packet(options=b"\1" * 8))
        error(3, 1, icmp(CLIENT_V4, SERVER_V4, 3, 1, 0, whole))
        error(3, 1, b"\x55" + whole[1:])
        error(3, 1, udp(CLIENT_V4, SERVER_V4, (40011, 80)))
        # About a ping, and about its answer.
        inject(CLIENT, icmp(CLIENT_V4, SERVER_V4, 8, 0, 77 << 16))
        error(3, 1, icmp(CLIENT_V4, SERVER_V4, 8, 0, 77 << 16))
        error(3, 1, icmp(CLIENT_V4, SERVER_V4, 0, 0, 77 << 16))
        error(3, 1, icmp(CLIENT_V4, SERVER_V4, 8, 0, 78 << 16))
        reset(client)


def bent_errors_v6(wire):
    def inject(sender, packet):
        wire.inject(sender, packet, Fate.LOST_BEHIND)

    with listen(80, SERVER_V6) as listener:
        client, _server = connect(listener, 40012)
        client.sendall(b"hello")
        wire.settle()
        about = wire.last_segment(CLIENT, 40012)

        def error(kind, code, inner, source=ROUTER_V6, **fields):
            inject(ROUTER, icmp(source, CLIENT_V6, kind, code, 0, inner, **fields))

        whole = about.packet()
        for kind, code in (1, 0), (1, 4), (2, 0), (3, 0), (4, 1), (100, 0), (127, 0):
            error(kind, code, whole)
        for inner_len in 48, 47, 44, 43, 40, 39, 0:
            error(1, 0, whole[:inner_len])
        error(1, 0, about.bend(ports=(40999, 80)).packet())
        error(1, 0, whole, check=0x1234)
        # About itself with an extension header between, and a fragment.
        tcp = whole[40:]
        error(1, 0, ip(CLIENT_V6, SERVER_V6, DESTINATION, b"\x06\0\1\4\0\0\0\0" + tcp))
        error(1, 0, ip(CLIENT_V6, SERVER_V6, FRAGMENT, b"\x06\0\0\1\0\0\0\7" + tcp))
        error(1, 0, ip(CLIENT_V6, SERVER_V6, FRAGMENT, b"\x06\0\0\x08\0\0\0\7" + tcp))
        error(1, 0, icmp(CLIENT_V6, SERVER_V6, 1, 0, 0, whole))
        inject(ROUTER, icmp(ROUTER_V6, "2001:db8:1::99", 1, 0, 0, whole))
        reset(client)


STAGES = [pings, icmp_errors, bent_errors]
