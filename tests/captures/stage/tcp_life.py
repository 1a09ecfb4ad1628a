"""TCP connections that work: sessions, half-closed ones, opened from both sides at once,
and met in the middle."""

import socket

import hosts
from hosts import CLIENT, CLIENT_V4, ROUTER, SERVER, SERVER_V4, accept, connect, listen
from wire import Fate


def tcp_session(wire):
    with listen(80) as listener:
        hosts.fetch(listener, 40001, f"http://{SERVER_V4}/")
        wire.settle()

        with hosts.sysctl(CLIENT, "ipv4/tcp_ecn", 1):
            client, server = connect(listener, 40002)
        client.sendall(b"hello")
        client.send(b"!", socket.MSG_OOB)
        server.sendall(b"hello")
        wire.settle()
        # Both say goodbye at once.
        with wire.holding():
            client.close()
            server.close()
            wire.wait_held(2)
        wire.release()
        wire.settle()

        # The first segment brings data, without a cookie.
        for_both_sides = 0x207
        with (
            hosts.sysctl(CLIENT, "ipv4/tcp_fastopen", for_both_sides),
            hosts.sysctl(SERVER, "ipv4/tcp_fastopen", for_both_sides),
        ):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 1)
            client = hosts.open_socket(CLIENT, CLIENT_V4, port=40003)
            client.sendto(b"first things first", socket.MSG_FASTOPEN, (SERVER_V4, 80))
            server = accept(listener)
        server.sendall(server.recv(100))
        client.recv(100)
        server.close()
        client.close()


def tcp_half_closed(wire):
    with listen(80) as listener:
        # The client has said all, and hears for longer than CLOSE_WAIT lasts.
        client, server = connect(listener, 40011)
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        for pause in [10, 50, 70]:
            wire.pass_time(pause)
            server.sendall(b"part of an answer")
        server.close()
        wire.settle()
        client.close()

        # The server has, and the client goes on; then it does not take any more.
        client, server = connect(listener, 40012)
        server.sendall(b"greeting")
        server.shutdown(socket.SHUT_WR)
        wire.pass_time(30)
        client.sendall(b"one more thing")
        wire.settle()
        server.close()
        client.sendall(b"and another")
        wire.settle()
        client.close()

        # Half closed for longer than FIN_WAIT lasts: nobody remembers.
        client, server = connect(listener, 40013)

        with wire.all_from(ROUTER, Fate.LOST_BEFORE):
            client.shutdown(socket.SHUT_WR)
            wire.pass_time(121)
        server.sendall(b"late answer")
        wire.settle()
        server.close()
        client.close()


def tcp_simultaneous_open(wire):
    for port in 40021, 40022:
        with wire.holding():
            client = hosts.connect_later(CLIENT, CLIENT_V4, port, (SERVER_V4, 50001))
            server = hosts.connect_later(SERVER, SERVER_V4, 50001, (CLIENT_V4, port))
            wire.wait_held(2)
        wire.release()
        wire.settle()
        client.sendall(b"me first")
        server.sendall(b"no, me")
        wire.settle()
        client.close()
        wire.settle()
        server.close()
        wire.settle()


def tcp_midstream(wire):
    with listen(80) as listener:
        with wire.unrecorded():
            pairs = [connect(listener, 40030 + number) for number in range(8)]
            for client, server in pairs:
                client.sendall(b"before")
                server.sendall(b"before")
        # The client speaks first.
        client, server = pairs[0]
        for _ in range(2):
            client.sendall(b"as I was saying")
            wire.settle()
            server.sendall(b"indeed")
            wire.settle()
        client.close()
        server.close()
        # The server does.
        client, server = pairs[1]
        server.sendall(b"where were we?")
        wire.settle()
        client.sendall(b"here")
        wire.settle()
        server.close()
        client.close()
        # One side only is seen.
        client, server = pairs[2]
        with wire.all_from(ROUTER, Fate.UNSEEN):
            client.sendall(b"can you hear me?")
            wire.settle()
            client.sendall(b"it seems so")
            wire.settle()
            client.close()
        # The first that is seen is the end.
        client, server = pairs[3]
        client.close()
        wire.settle()
        server.close()
        client, server = pairs[4]
        hosts.reset(client)
        client, server = pairs[5]
        client.sendall(b"bye")
        hosts.reset(server)
        wire.settle()
        # An RST at once after it was met, and one after an answer.
        client, server = pairs[6]
        client.sendall(b"hello?")
        wire.settle()
        hosts.reset(client)
        # Met again after five days.
        client, server = pairs[7]
        client.sendall(b"good night")
        wire.settle()
        client.sendall(b"sleep well")
        wire.pass_time(5 * 86400 + 1)
        server.sendall(b"good morning")
        wire.settle()
        client.close()
        server.close()
        # The capture begins between SYN and SYN-ACK.
        with wire.all_from(CLIENT, Fate.UNSEEN):
            client = hosts.connect_later(CLIENT, CLIENT_V4, 40040, (SERVER_V4, 80))
            server = accept(listener)
        server.sendall(b"welcome")
        wire.settle()
        client.close()
        server.close()


STAGES = [tcp_session, tcp_half_closed, tcp_simultaneous_open, tcp_midstream]
