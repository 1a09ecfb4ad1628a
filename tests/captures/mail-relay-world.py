#!/usr/bin/env python3
"""The Internet around the mail relay of make-mail-relay: its names and its traffic.

    mail-relay-world.py zone SEED       print the names, as dnsmasq's configuration
    mail-relay-world.py traffic SEED    be the clients, the scanners and the probes

"traffic" opens the EARLY sessions and waits for a line on its standard input: the
capture has started by then. All the rest is sent within the DURATION that follows.
"""

import collections
import concurrent.futures
import random
import smtplib
import socket
import struct
import sys
import time

RELAY_V4 = "192.0.2.25"
RELAY_V6 = "2001:db8::25"
NAME_SERVER = "203.0.113.53"

DURATION = 70  # seconds
ORGANISATIONS = 100  # domains that send and take mail
CLIENTS = 600  # of each IP version

# How often each kind of traffic is sent. The counts are chosen so that about a third
# of the connections are the relay's own DNS on loopback; the mails cause those.
MAILS = 130
EARLY = 5  # mails whose session began before the capture
CLOSED_SCANS = 330
SILENT_SCANS = 230
BANNER_GRABS = 20
UNHEARD_DATAGRAMS = 90
REFUSED_DATAGRAMS = 10
PINGS = 40
ORPHAN_SEGMENTS = 8

# The relay refuses what it has no program for, but its firewall (in make-mail-relay)
# drops what is for the silent and the unheard ports.
CLOSED_PORTS = [21, 22, 80, 110, 143, 443, 993, 3306, 8080]
SILENT_PORTS = [23, 135, 139, 445, 3389, 5900]
UNHEARD_PORTS = [161, 1900, 5060]
REFUSED_PORTS = [19, 69, 123]

IPV6_SHARE = 0.1

# From linux/tcp.h; the socket module has no names for these.
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_REPAIR_WINDOW = 19, 20, 21, 29
TCP_REPAIR_ON, TCP_REPAIR_OFF_NO_PROBE = 1, -1
TCP_SEND_QUEUE = 2


def organisation(number):
    return f"org{number % ORGANISATIONS}.example"


def client_v4(number):
    return f"198.18.{number // 200}.{number % 200 + 1}"


def client_v6(number):
    return f"2001:db8:1::{number + 1:x}"


# --- names ----------------------------------------------------------------------------


def mail_exchangers(number, rng):
    """The records that say where an organisation takes its mail."""
    domain = organisation(number)
    live, dead = f"198.19.1.{number + 1}", f"198.19.250.{number + 1}"
    kind = rng.random()
    if kind < 0.10:  # no MX record: the domain's own address takes mail
        yield f"host-record={domain},{live}"
        return
    yield f"mx-host={domain},mx1.{domain},10"
    if kind < 0.15:  # the first exchanger never answers, the second does
        yield f"host-record=mx1.{domain},{dead}"
        yield f"mx-host={domain},mx2.{domain},20"
        yield f"host-record=mx2.{domain},{live}"
    elif kind < 0.25:
        yield f"host-record=mx1.{domain},{live},2001:db8:2::{number + 1:x}"
    else:
        yield f"host-record=mx1.{domain},{live}"


def client_names(number, rng):
    """A client's name, both ways, and perhaps its place on the block list."""
    host = f"host{number}.{organisation(number)}"
    if rng.random() < 0.9:
        yield f"host-record={host},{client_v4(number)},{client_v6(number)}"
    if rng.random() < 0.08:
        reverse = ".".join(reversed(client_v4(number).split(".")))
        yield f"address=/{reverse}.bl.example/127.0.0.2"


def zone(rng):
    yield from ("no-resolv", "no-hosts", "bind-interfaces", "local-ttl=600")
    yield from (f"listen-address={NAME_SERVER}", "local=/example/", "local=/arpa/")
    for number in range(ORGANISATIONS):
        yield from mail_exchangers(number, rng)
    for number in range(CLIENTS):
        yield from client_names(number, rng)


# --- traffic --------------------------------------------------------------------------


def pick_path(rng, number):
    """A client's address and the relay's, of one IP version."""
    if rng.random() < IPV6_SHARE:
        return client_v6(number), RELAY_V6
    return client_v4(number), RELAY_V4


def bound_socket(source, kind, protocol=0):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    sock = socket.socket(family, kind, protocol)
    sock.bind((source, 0))
    return sock


def reset_on_close(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def connect_smtp(path):
    source, relay = path
    name, local = "client.example", (source, 0)
    return smtplib.SMTP(relay, 25, name, timeout=30, source_address=local)


def finish_mail(session, rng, number):
    """Send one mail; a few clients hang up in the middle, a few take their time."""
    mood = rng.random()
    if mood < 0.06:
        session.ehlo()
        session.mail(f"user@{organisation(number)}")
        reset_on_close(session.sock)
        session.close()
        return
    if mood < 0.14:
        time.sleep(rng.uniform(10, 30))
    recipients = [f"user@{organisation(rng.randrange(ORGANISATIONS))}"]
    text = "Subject: test\r\n\r\n" + "All is well.\r\n" * rng.randrange(1, 12)
    try:
        session.sendmail(f"user@{organisation(number)}", recipients, text)
    finally:
        session.quit()


def send_mail(path, rng, number):
    finish_mail(connect_smtp(path), rng, number)


def grab_banner(path):
    source, relay = path
    with bound_socket(source, socket.SOCK_STREAM) as sock:
        sock.settimeout(10)
        sock.connect((relay, 25))
        sock.recv(100)
        reset_on_close(sock)


def scan(path, port):
    source, relay = path
    with bound_socket(source, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)  # time for one SYN and its first repetition
        sock.connect((relay, port))


def send_datagram(path, port):
    source, relay = path
    with bound_socket(source, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        sock.connect((relay, port))
        sock.send(b"anyone there?")
        sock.recv(100)


def ping(path, count):
    source, relay = path
    if ":" in relay:
        protocol, echo_request = socket.IPPROTO_ICMPV6, 128
    else:
        protocol, echo_request = socket.IPPROTO_ICMP, 8
    with bound_socket(source, socket.SOCK_DGRAM, protocol) as sock:
        sock.settimeout(2)
        for sequence in range(count):
            # The kernel fills in the checksum and the identifier.
            message = struct.pack("!BxHHH56x", echo_request, 0, 0, sequence)
            sock.sendto(message, (relay, 0))
            sock.recv(100)
            time.sleep(1)


def send_orphan_segments(path, port, sequence):
    """Speak in the middle of a connection of which nobody has seen the start."""
    source, relay = path
    with bound_socket(source, socket.SOCK_STREAM) as sock:

        def set_tcp(option, value):
            sock.setsockopt(socket.IPPROTO_TCP, option, value)

        set_tcp(TCP_REPAIR, TCP_REPAIR_ON)
        set_tcp(TCP_REPAIR_QUEUE, TCP_SEND_QUEUE)
        set_tcp(TCP_QUEUE_SEQ, sequence)
        sock.connect((relay, port))  # under repair this sends nothing
        window = 65535
        set_tcp(TCP_REPAIR_WINDOW, struct.pack("5I", 0, window, window, window, 0))
        set_tcp(TCP_REPAIR, TCP_REPAIR_OFF_NO_PROBE)
        sock.sendall(b"as I was saying")
        time.sleep(1)


def child(rng):
    """A generator for one thread, so that the order of threads changes no draw."""
    return random.Random(rng.random())


def plan(rng):
    """Every piece of traffic: what to call and with which arguments."""
    for number in rng.sample(range(EARLY, CLIENTS), MAILS):
        yield send_mail, pick_path(rng, number), child(rng), number

    def anyone():
        return pick_path(rng, rng.randrange(CLIENTS))

    for _ in range(CLOSED_SCANS):
        yield scan, anyone(), rng.choice(CLOSED_PORTS)
    for _ in range(SILENT_SCANS):
        yield scan, anyone(), rng.choice(SILENT_PORTS)
    for _ in range(BANNER_GRABS):
        yield grab_banner, anyone()
    for _ in range(UNHEARD_DATAGRAMS):
        yield send_datagram, anyone(), rng.choice(UNHEARD_PORTS)
    for _ in range(REFUSED_DATAGRAMS):
        yield send_datagram, anyone(), rng.choice(REFUSED_PORTS)
    for _ in range(PINGS):
        yield ping, anyone(), rng.choice([1, 1, 3])
    for _ in range(ORPHAN_SEGMENTS):
        port = rng.choice(SILENT_PORTS + [25])
        yield send_orphan_segments, anyone(), port, rng.randrange(2**31)


def traffic(rng):
    early = []
    for number in range(EARLY):
        session = connect_smtp((client_v4(number), RELAY_V4))
        early.append((finish_mail, session, child(rng), number))
    sys.stdin.readline()

    tasks = early + list(plan(rng))
    due = sorted(rng.uniform(0, DURATION) for _ in tasks)
    rng.shuffle(tasks)
    start = time.monotonic()
    outcomes = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(max_workers=80) as pool:
        running = []
        for moment, (function, *arguments) in zip(due, tasks):
            time.sleep(max(0, start + moment - time.monotonic()))
            running.append((function, pool.submit(function, *arguments)))
        for function, future in running:
            # A refusal or a silence is what most of this traffic is for.
            error = future.exception()
            if error and not isinstance(error, (OSError, smtplib.SMTPException)):
                raise error
            outcomes[function.__name__, type(error).__name__ if error else "ok"] += 1
    for (what, outcome), count in sorted(outcomes.items()):
        print(f"{count:6} {what}: {outcome}")


def main():
    match sys.argv[1:]:
        case ["zone", seed]:
            print(*zone(random.Random(f"zone {seed}")), sep="\n")
        case ["traffic", seed]:
            traffic(random.Random(f"traffic {seed}"))
        case _:
            sys.exit(__doc__)


main()
