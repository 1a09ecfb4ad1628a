"""The hosts, each a network namespace that `make` has set up, and what runs on them."""

import contextlib
import ctypes
import os
import pathlib
import socket
import struct
import subprocess
import time

CLIENT, ROUTER, SERVER = "client", "router", "server"
# A second pair, joined by a wire of its own, with the same addresses.
TWIN_CLIENT, TWIN_SERVER = "twin-client", "twin-server"

CLIENT_V4, CLIENT_V6 = "192.0.2.2", "2001:db8:1::2"
ROUTER_V4, ROUTER_V6 = "192.0.2.1", "2001:db8:1::1"
SERVER_V4, SERVER_V6 = "198.51.100.2", "2001:db8:2::2"
# What the router does with packets for these: lose them, say that there is no such host,
# say that it is forbidden, and know a better router.
SILENT, UNREACHABLE, FORBIDDEN, ELSEWHERE = (
    "203.0.113.1",
    "203.0.113.2",
    "203.0.113.3",
    "203.0.113.4",
)

MAC = {
    CLIENT: bytes.fromhex("020000000002"),
    ROUTER: bytes.fromhex("020000000001"),
    TWIN_CLIENT: bytes.fromhex("020000000022"),
    TWIN_SERVER: bytes.fromhex("020000000021"),
}

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def namespace(host):
    return os.environ["STAGE"] + host


def _enter(namespace_file):
    if _libc.setns(namespace_file, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def inside(host):
    """While it lasts this thread is on the host; sockets opened then stay there."""
    there = os.open(f"/run/netns/{namespace(host)}", os.O_RDONLY)
    try:
        _enter(there)
        yield
    finally:
        _enter(_home)
        os.close(there)


def run(host, *command):
    """Run a program on a host to its end, which may be a failure, and return its output."""
    return start(host, *command).communicate(timeout=20)[0]


def start(host, *command, **pipes):
    command = ("ip", "netns", "exec", namespace(host), *map(str, command))
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, text=True, **quiet | pipes)


def wait_for_listener(host, port):
    """Wait until a program listens to a TCP port."""
    for _ in range(100):
        if run(host, "ss", "-Hltn", f"sport = :{port}"):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens to port {port} of the {host}")


@contextlib.contextmanager
def sysctl(host, name, value):
    """While it lasts a setting of the host's network has that value."""
    path = pathlib.Path("/proc/sys/net", name)
    with inside(host):
        before = path.read_text()
        path.write_text(str(value))
    try:
        yield
    finally:
        with inside(host):
            path.write_text(before)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def client_address(server):
    """The client's address for talking to an address of the server."""
    return CLIENT_V6 if ":" in server else CLIENT_V4


def open_socket(host, address, kind=socket.SOCK_STREAM, port=0, protocol=0):
    """A socket on a host, bound to one of its addresses."""
    with inside(host):
        sock = socket.socket(family_of(address), kind, protocol)
    sock.settimeout(10)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    return sock


def listen(port, address=SERVER_V4, host=SERVER):
    sock = open_socket(host, address, port=port)
    sock.listen()
    return sock


def accept(listener):
    sock, _ = listener.accept()
    sock.settimeout(10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def fetch(listener, sport, url):
    """Let curl fetch a page of 3 KB, which is served here."""
    page = b"<p>All is well.\n" * 200
    curl = start(CLIENT, "curl", "-sA", "client", "--local-port", sport, url)
    with accept(listener) as server:
        server.recv(1000)
        server.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + page)
    curl.communicate(timeout=20)


def connect(listener, sport, host=CLIENT, source=None):
    """A connection from the client to a listener: both ends."""
    address = listener.getsockname()[:2]
    source = source or client_address(address[0])
    client = open_socket(host, source, port=sport)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.connect(address)
    return client, accept(listener)


def connect_later(host, source, sport, address):
    """A socket that has sent its SYN and waits for nothing."""
    sock = open_socket(host, source, port=sport)
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        sock.connect(address)
    sock.settimeout(10)
    return sock


def talk(client, server):
    """A question and its answer."""
    client.sendall(b"question")
    server.recv(100)
    server.sendall(b"answer")
    client.recv(100)


def reset(*socks):
    """Close with an RST."""
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


def forget(sock):
    """Close without a word, as a host does that has crashed."""
    # From linux/tcp.h; the socket module has no name for it.
    tcp_repair = 19
    sock.setsockopt(socket.IPPROTO_TCP, tcp_repair, 1)
    sock.close()
