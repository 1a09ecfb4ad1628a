"""IPv6: neighbours and groups, sessions, and extension headers."""

import socket
import struct
import time

import hosts
from frames import (
    AUTHENTICATION,
    DESTINATION,
    HOP_BY_HOP,
    ICMPV6,
    NO_NEXT,
    ROUTING,
    TCP,
    UDP,
    Segment,
    extension,
    icmp,
    ip,
    udp,
)
from hosts import (
    CLIENT,
    CLIENT_V6,
    ROUTER,
    SERVER,
    SERVER_V6,
    accept,
    listen,
    open_socket,
)
from wire import Fate

CLIENT_LINK, ROUTER_LINK = "fe80::ff:fe00:2", "fe80::ff:fe00:1"


def ipv6(wire):
    # A host comes: it looks for others of its address, for routers and for neighbours.
    hosts.run(CLIENT, "ip", "neighbour", "flush", "nud", "permanent")
    hosts.run(ROUTER, "ip", "neighbour", "del", CLIENT_V6, "dev", "eth0")
    with hosts.sysctl(CLIENT, "ipv6/conf/eth0/accept_dad", 1):
        hosts.run(CLIENT, "ip", "address", "add", "2001:db8:1::3/64", "dev", "eth0")
        solicitation = icmp(CLIENT_LINK, "ff02::2", 133, 0, 0, ttl=255)
        wire.inject(CLIENT, solicitation)
        advertisement = icmp(ROUTER_LINK, "ff02::1", 134, 0, 64 << 24, bytes(8), ttl=255)
        wire.inject(ROUTER, advertisement)
        time.sleep(1.5)
    hosts.run(CLIENT, "ping", "-nqc2", "-i0.2", "-e7", SERVER_V6)
    hosts.run(CLIENT, "ping", "-nqc1", "-e8", "-W0.3", "ff02::1%eth0")
    client = open_socket(CLIENT, CLIENT_V6, socket.SOCK_DGRAM, 40001)
    server = open_socket(SERVER, SERVER_V6, socket.SOCK_DGRAM, 5000)
    client.sendto(b"echo", (SERVER_V6, 5000))
    server.sendto(*server.recvfrom(100))
    with listen(80, SERVER_V6) as listener:
        hosts.fetch(listener, 40002, f"http://[{SERVER_V6}]/")
    wire.settle()
    hosts.run(CLIENT, "ip", "address", "del", "2001:db8:1::3/64", "dev", "eth0")


def ipv6_extensions(wire):
    padding = b"\1\4\0\0\0\0"
    client = open_socket(CLIENT, CLIENT_V6, socket.SOCK_DGRAM, 40001)
    server = open_socket(SERVER, SERVER_V6, socket.SOCK_DGRAM, 5000)
    # A kernel's own: each header, and all together. Routers refuse the routing header.
    for option in socket.IPV6_HOPOPTS, socket.IPV6_DSTOPTS:
        client.setsockopt(socket.IPPROTO_IPV6, option, extension(0, padding))
        client.sendto(b"echo", (SERVER_V6, 5000))
        server.sendto(*server.recvfrom(100))
    with listen(80, SERVER_V6) as listener:
        client = open_socket(CLIENT, CLIENT_V6, port=40002)
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, extension(0, padding))
        client.connect((SERVER_V6, 80))
        server = accept(listener)
        client.sendall(b"hello")
        wire.settle()
        client.close()
        server.close()
        wire.settle()

    def send(first, *headers, **fields):
        packet = ip(CLIENT_V6, SERVER_V6, first, b"".join(headers), **fields)
        wire.inject(CLIENT, packet, Fate.LOST_BEHIND)

    def datagram(port):
        return udp(CLIENT_V6, SERVER_V6, (port, 5000), b"hello")[40:]

    # Each in front of UDP; the numbers are mobility, host identity, shim and an experiment.
    for number, header in enumerate((ROUTING, AUTHENTICATION, 135, 139, 140, 253)):
        send(header, extension(UDP, padding), datagram(40010 + number))
    # An authentication header's length counts otherwise.
    send(AUTHENTICATION, struct.pack("!BBxxIII", UDP, 2, 7, 1, 0), datagram(40020))
    # Many, and in an order that no host should send.
    chain = [DESTINATION, HOP_BY_HOP, ROUTING, DESTINATION, DESTINATION, UDP]
    send(chain[0], *(extension(then, padding) for then in chain[1:]), datagram(40021))
    nine = [extension(DESTINATION, padding)] * 9
    send(DESTINATION, *nine, extension(UDP, padding), datagram(40022))
    # Nothing follows; something unknown does; the packet ends within a header.
    send(NO_NEXT)
    send(DESTINATION, extension(NO_NEXT, padding))
    send(DESTINATION, extension(254, padding), bytes(8))
    send(DESTINATION, extension(DESTINATION, padding), b"\x11\4\1\4\0\0\0\0")
    send(DESTINATION, b"\x11\0\1")
    send(DESTINATION, extension(UDP, padding), b"\x9c\x40")
    # A segment with all flags right, behind options.
    syn = Segment(CLIENT_V6, SERVER_V6, (40030, 80), flags="S").packet()[40:]
    send(DESTINATION, extension(TCP, padding), syn)
    # A neighbour's question behind options is tracked as little as without.
    question = icmp(CLIENT_V6, "ff02::1:ff00:1", 135, 0, 0, bytes(16))[40:]
    send(HOP_BY_HOP, extension(ICMPV6, padding), question, ttl=255)


STAGES = [ipv6, ipv6_extensions]
