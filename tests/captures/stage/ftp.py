"""FTP: curl and a server fetch, list and store, with data connections of either side."""

import contextlib
import pathlib
import tempfile

import hosts
from hosts import CLIENT, CLIENT_V4, CLIENT_V6, SERVER, SERVER_V4, SERVER_V6

# The client's, for what it opens and for what it listens to; and the server's.
PORTS, DATA_PORTS, SERVER_PORTS = "40801-40899", "41001-41099", "50000-50099"


@contextlib.contextmanager
def ftp_server(address):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "greeting").write_text("Hello.\n")
        command = ("/usr/bin/python3", "-B", "-m", "pyftpdlib", "-i", address, "-p", 21)
        server = hosts.start(SERVER, *command, "-w", "-d", folder, "-r", SERVER_PORTS)
        try:
            hosts.wait_for_listener(SERVER, 21)
            yield
        finally:
            server.kill()
            server.wait()


def sessions(wire, *ways):
    """curl in each of these ways, on IPv4 and IPv6: fetching, listing, storing."""
    for own, other in (CLIENT_V4, SERVER_V4), (f"[{CLIENT_V6}]", f"[{SERVER_V6}]"):
        url = f"ftp://{other}/"
        with ftp_server(other.strip("[]")):
            for way in ways:
                curl = ("curl", "-s", "--local-port", PORTS, *way.format(own=own).split())
                # Two with a data connection each, and a third in a session of its own.
                hosts.run(CLIENT, *curl, url, url + "greeting")
                hosts.run(CLIENT, *curl, "-T", "/dev/null", url + "stored")
                wire.settle()


def ftp_active(wire):
    # EPRT, and PORT, which IPv6 does not have.
    here = "--ftp-port {own}:" + DATA_PORTS
    sessions(wire, here, here + " --disable-eprt")


def ftp_passive(wire):
    sessions(wire, "--ftp-pasv", "--ftp-pasv --disable-epsv")


STAGES = [ftp_active, ftp_passive]
