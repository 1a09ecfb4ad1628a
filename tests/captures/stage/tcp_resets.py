"""TCP connections that are reset, by those who may and by those who may not."""

import contextlib
import socket

import hosts
from frames import Segment
from hosts import (
    CLIENT,
    CLIENT_V4,
    ROUTER,
    SERVER_V4,
    SERVER_V6,
    connect,
    connect_later,
    forget,
    listen,
    reset,
    talk,
)
from wire import Fate


def tcp_resets(wire):
    # Nobody listens.
    for address in SERVER_V4, SERVER_V6:
        sock = connect_later(CLIENT, hosts.client_address(address), 40071, (address, 81))
        wire.settle()
        sock.close()
    with listen(80) as listener:
        # Either side gives up.
        client, server = connect(listener, 40072)
        talk(client, server)
        reset(client)
        client, server = connect(listener, 40073)
        talk(client, server)
        reset(server)
        # After FINs.
        client, server = connect(listener, 40074)
        client.shutdown(socket.SHUT_WR)
        wire.settle()
        reset(server)
        # The client's RST comes with data unread, behind other data of its own.
        client, server = connect(listener, 40075)
        server.sendall(b"unread")
        client.sendall(b"last words")
        client.close()

        forged_resets(wire, listener)

        # Before there is a connection.
        with wire.all_from(ROUTER, Fate.LOST_BEFORE):
            for port, bend in (
                (40090, {}),
                (40091, {"seq": 0}),
                (40092, {"flags": "RA"}),
            ):
                sock = connect_later(CLIENT, CLIENT_V4, port, (SERVER_V4, 80))
                wire.settle()
                syn = wire.last_segment(CLIENT, port)
                rst = syn.bend(**{"seq": syn.next_seq, "flags": "R"} | bend)
                wire.inject(CLIENT, rst.packet(), Fate.LOST_BEHIND)
                forget(sock)
                wire.settle()
        # While it is being opened: the last ACK does not come.
        for port, sender in (40093, CLIENT), (40094, ROUTER):
            with wire.fault(lose_acks):
                sock = connect_later(CLIENT, CLIENT_V4, port, (SERVER_V4, 80))
                wire.settle()
                rst = wire.next_segment(CLIENT, port).bend(flags="R")
                if sender == ROUTER:
                    rst = rst.answer(flags="R")
                wire.inject(sender, rst.packet())
                forget(sock)
                wire.settle()


def lose_acks(sender, frame):
    segment = Segment.parse(frame)
    is_ack = sender == CLIENT and segment and segment.flags == "A"
    return Fate.LOST_BEFORE if is_ack else Fate.PASSES


def forged_resets(wire, listener):
    """RSTs that somebody sends who knows the connection more or less well."""

    def forge(by=0, ack_by=0, flags="R", **exact):
        def bend(segment):
            near = {
                "seq": segment.seq + by,
                "ack": segment.ack + ack_by,
                "flags": flags,
            }
            return segment.bend(**near | exact)

        return bend

    forgeries = [
        forge(),
        forge(flags="RA"),
        forge(by=50),
        forge(by=50, flags="RA"),
        forge(by=-4),
        forge(by=-1_000_000),
        forge(by=1_000_000),
        forge(by=100_000_000),
        forge(seq=0),
        forge(flags="RA", ack_by=10_000),
        forge(flags="RA", ack=0),
    ]
    for number, bend in enumerate(forgeries):
        for sender, port in (CLIENT, 40100 + number), (ROUTER, 40200 + number):
            client, server = connect(listener, port)
            talk(client, server)
            wire.inject(sender, bend(wire.next_segment(sender, port)).packet())
            # Only who was not reset goes on.
            with contextlib.suppress(OSError):
                client.sendall(b"still there?")
                wire.settle()
                server.sendall(b"of course")
            wire.settle()
            reset(client, server)
    # Both ends hear an RST from far away.
    client, server = connect(listener, 40300)
    talk(client, server)
    for sender in CLIENT, ROUTER:
        far = forge(by=100_000_000)(wire.next_segment(sender, 40300))
        wire.inject(sender, far.packet())
    wire.pass_time(301)
    client.sendall(b"still there?")
    wire.settle()
    reset(client, server)


STAGES = [tcp_resets]
