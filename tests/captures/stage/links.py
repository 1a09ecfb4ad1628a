"""The same addresses in two VLANs; a host that talks to itself."""

import contextlib
import socket
import threading

import hosts
from hosts import (
    CLIENT,
    CLIENT_V4,
    SERVER_V4,
    TWIN_CLIENT,
    TWIN_SERVER,
    connect,
    listen,
    open_socket,
    reset,
)
from wire import Wire


def zones(wire):
    wire.tag = 10
    twin = Wire(TWIN_CLIENT, TWIN_SERVER, tag=20)
    with twin.record(wire.recording), contextlib.ExitStack() as stack:
        listeners = [
            stack.enter_context(listen(80)),
            stack.enter_context(listen(80, SERVER_V4, TWIN_SERVER)),
        ]
        one = connect(listeners[0], 40701)
        two = connect(listeners[1], 40701, TWIN_CLIENT)
        for client, server in one, two:
            client.sendall(b"hello")
            server.sendall(b"hello")
        wire.settle()
        # What ends the one leaves the other alone.
        reset(one[0])
        two[0].sendall(b"still there?")
        twin.settle()
        two[1].close()
        two[0].close()
        for host in CLIENT, TWIN_CLIENT:
            client = open_socket(host, CLIENT_V4, socket.SOCK_DGRAM, 40702)
            client.sendto(b"anyone there?", (SERVER_V4, 5999))
            hosts.run(host, "ping", "-nqc1", "-W0.3", "-e7", SERVER_V4)
        twin.settle()
    wire.tag = None


@contextlib.contextmanager
def loopback_recorded(recording):
    """Record what passes over the client's loopback device, as it arrives there."""
    every_protocol = 3
    with hosts.inside(CLIENT):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(every_protocol))
    sock.bind(("lo", every_protocol))
    sock.settimeout(0.3)

    def record():
        with contextlib.suppress(TimeoutError):
            while True:
                frame, (_, _, kind, _, _) = sock.recvfrom(70_000)
                if kind != socket.PACKET_OUTGOING:
                    recording.write(frame)

    thread = threading.Thread(target=record)
    thread.start()
    yield
    thread.join()


def loopback(wire):
    with loopback_recorded(wire.recording):
        for address in "127.0.0.1", "::1":
            with listen(25, address, CLIENT) as listener:
                client, server = connect(listener, 40701, source=address)
                server.sendall(b"220 ready\r\n")
                client.sendall(b"QUIT\r\n")
                client.recv(100)
                server.recv(100)
                server.close()
                client.close()
            # Nobody listens any more.
            hosts.connect_later(CLIENT, address, 40702, (address, 25)).close()
            resolver = open_socket(CLIENT, address, socket.SOCK_DGRAM, 53)
            client = open_socket(CLIENT, address, socket.SOCK_DGRAM, 40003)
            client.sendto(b"where is it?", (address, 53))
            resolver.sendto(*resolver.recvfrom(100))
            # To oneself from the same port, and to nobody.
            client.sendto(b"hello, me", (address, 40003))
            client.sendto(b"anyone there?", (address, 54))
            hosts.run(CLIENT, "ping", "-nqc1", "-e7", address)
        # The host's own address, too, is reached over the loopback device.
        with listen(80, CLIENT_V4, CLIENT) as listener:
            client, server = connect(listener, 40004, source=CLIENT_V4)
            client.sendall(b"hello, me")
            server.recv(100)
            reset(server)


STAGES = [zones, loopback]
