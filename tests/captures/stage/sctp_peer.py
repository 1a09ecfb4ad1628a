"""One end of an SCTP association, by usrsctp: the kernel's SCTP is a module that few have.

    sctp_peer.py listen|connect OWN PORT OTHER PORT

It says "listening" if it does, "done" when the association is open, and then does what it
reads, a word a line: send, heartbeat, shutdown, abort. It answers each with "done".
"""

import ctypes
import socket
import struct
import sys

# From usrsctp.h.
IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, SPP_HB_DEMAND = 132, 0x0A, 0x04
SCTP_SENDV_NOINFO = 0

usrsctp = ctypes.CDLL("libusrsctp.so.2", use_errno=True)
for name in ("socket", "accept"):
    getattr(usrsctp, f"usrsctp_{name}").restype = ctypes.c_void_p
usrsctp.usrsctp_sendv.restype = ctypes.c_ssize_t


def sockaddr(address, port):
    if ":" in address:
        packed = socket.inet_pton(socket.AF_INET6, address)
        return struct.pack("=H", socket.AF_INET6) + struct.pack("!HI16sI", port, 0, packed, 0)
    packed = socket.inet_aton(address)
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, packed)


def check(result, what):
    if result is None or result < 0:
        sys.exit(f"{what}: error {ctypes.get_errno()}")
    return ctypes.c_void_p(result)


def setsockopt(sock, level, name, value):
    check(usrsctp.usrsctp_setsockopt(sock, level, name, value, len(value)), "setsockopt")


def open_association(role, own, other):
    usrsctp.usrsctp_init(0, None, None)
    # Nobody waits for seconds until a lost chunk is sent again.
    usrsctp.usrsctp_sysctl_set_sctp_rto_min_default(300)
    usrsctp.usrsctp_sysctl_set_sctp_rto_initial_default(300)
    (family,) = struct.unpack_from("=H", own)
    kind = (family, socket.SOCK_STREAM, IPPROTO_SCTP)
    sock = check(usrsctp.usrsctp_socket(*kind, None, None, 0, None), "socket")
    check(usrsctp.usrsctp_bind(sock, own, len(own)), "bind")
    if role == "connect":
        check(usrsctp.usrsctp_connect(sock, other, len(other)), "connect")
        return sock
    check(usrsctp.usrsctp_listen(sock, 1), "listen")
    print("listening", flush=True)
    return check(usrsctp.usrsctp_accept(sock, None, None), "accept")


def obey(sock, word, other):
    match word:
        case "send":
            text = b"stream of thought"
            how = (None, 0, None, 0, SCTP_SENDV_NOINFO, 0)
            check(usrsctp.usrsctp_sendv(sock, text, len(text), *how), "send")
        case "heartbeat":
            peer = other.ljust(128, b"\0")
            params = struct.pack("=128sIIIIIHBx", peer, 0, 0, 0, SPP_HB_DEMAND, 0, 0, 0)
            setsockopt(sock, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, params)
        case "shutdown":
            usrsctp.usrsctp_shutdown(sock, socket.SHUT_WR)
        case "abort":
            setsockopt(sock, socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            usrsctp.usrsctp_close(sock)


def main():
    role, own, port, other, other_port = sys.argv[1:]
    own, other = sockaddr(own, int(port)), sockaddr(other, int(other_port))
    sock = open_association(role, own, other)
    print("done", flush=True)
    for line in sys.stdin:
        obey(sock, line.strip(), other)
        print("done", flush=True)


main()
