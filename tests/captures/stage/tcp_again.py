"""TCP connections that take the ports of an earlier one, or ask again and again."""

import socket
import time

import hosts
from frames import Segment
from hosts import (
    CLIENT,
    CLIENT_V4,
    ROUTER,
    SERVER,
    SERVER_V4,
    connect,
    connect_later,
    forget,
    listen,
    reset,
    talk,
)
from wire import Fate


def tcp_reopen(wire):
    with listen(80) as listener:
        # The server is in TIME_WAIT when the client comes again.
        for _ in range(2):
            client, server = connect(listener, 40051)
            talk(client, server)
            server.close()
            wire.settle()
            client.close()
            wire.settle()
        # Long after TIME_WAIT.
        wire.pass_time(121)
        client, server = connect(listener, 40051)
        talk(client, server)

        # After an RST, of the client and of the server.
        for port in 40053, 40054:
            client, server = connect(listener, port)
            talk(client, server)
            reset(client if port == 40053 else server)
            wire.settle()
            client.close()
            client, server = connect(listener, port)
            talk(client, server)
            reset(client)

        # The client has crashed and knows nothing: it is told, and asks again.
        client, server = connect(listener, 40055)
        talk(client, server)
        forget(client)
        client, server = connect(listener, 40055)
        talk(client, server)
        reset(client)

        # It crashed while the server waits for the last ACK.
        client, server = connect(listener, 40056)
        client.shutdown(socket.SHUT_WR)
        wire.settle()
        with wire.all_from(CLIENT, Fate.LOST_BEFORE):
            forget(client)
            server.close()
            wire.settle()
        client, server = connect(listener, 40056)
        talk(client, server)
        reset(client)

    # The client is in TIME_WAIT, and the server calls back.
    with listen(81) as listener:
        client, server = connect(listener, 40052)
    talk(client, server)
    client.close()
    wire.settle()
    server.close()
    wire.settle()
    with listen(40052, CLIENT_V4, CLIENT) as listener:
        server, client = connect(listener, 81, SERVER, SERVER_V4)
    talk(server, client)
    reset(server)


def tcp_unanswered(wire):
    # What becomes, on the connections from these ports, of all that one side says.
    fates = {
        (40062, ROUTER): Fate.LOST_BEHIND,  # SYN-ACKs
        (40063, CLIENT): Fate.LOST_BEHIND,  # data
        (40064, CLIENT): Fate.LOST_BEHIND,  # the last ACK of the handshake, and data
        (40065, ROUTER): Fate.LOST_BEFORE,  # the ACK of a FIN
        (40066, ROUTER): Fate.LOST_BEHIND,  # data
    }

    def judge(sender, frame):
        segment = Segment.parse(frame)
        if not segment or segment.flags == "S":
            return Fate.PASSES
        return fates.get((max(segment.ports), sender), Fate.PASSES)

    with listen(80) as listener:
        pairs = {port: connect(listener, port) for port in (40063, 40065, 40066)}
        wire.settle()
        with wire.fault(judge):
            asking = [
                connect_later(CLIENT, CLIENT_V4, port, (address, 80))
                for port, address in (
                    (40061, hosts.SILENT),
                    (40062, SERVER_V4),
                    (40064, SERVER_V4),
                )
            ]
            pairs[40063][0].sendall(b"data")
            pairs[40065][0].shutdown(socket.SHUT_WR)
            pairs[40066][1].sendall(b"data")
            time.sleep(0.1)
            asking[2].sendall(b"data")
            time.sleep(3.5)
        for pair in pairs.values():
            reset(*pair)
        reset(*asking)
        wire.settle()
        # The patience with a SYN counts from the first one.
        for pause in 115, 6:
            wire.pass_time(pause)
            connect_later(CLIENT, CLIENT_V4, 40061, (hosts.SILENT, 80)).close()


STAGES = [tcp_reopen, tcp_unanswered]
