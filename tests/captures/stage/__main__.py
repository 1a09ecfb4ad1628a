"""Plays the stages and records each: __main__.py FOLDER [NAME...]; `make` calls it."""

import pathlib
import sys
import time

import datagrams
import faults
import fragments
import ftp
import hosts
import icmp
import ip_v6
import links
import scans
import sctp
import tcp_again
import tcp_life
import tcp_resets
import tcp_window
import tunnels
from wire import Recording, Wire

MODULES = [
    *(tcp_life, tcp_again, tcp_resets, tcp_window, scans),
    *(datagrams, icmp, ip_v6, fragments, sctp, tunnels, ftp, links, faults),
]


def main():
    folder, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    stages = [stage for module in MODULES for stage in module.STAGES]
    stages = {stage.__name__.replace("_", "-"): stage for stage in stages}
    if unknown := set(names) - set(stages):
        sys.exit(f"no stage {', '.join(unknown)}; there are {', '.join(stages)}")
    wire = Wire(hosts.CLIENT, hosts.ROUTER)
    wire.settle(1.5)  # until the hosts have joined their multicast groups
    for name in names or stages:
        begin = time.monotonic()
        with open(folder / f"{name}.pcap", "wb") as file:
            recording = Recording(file)
            with wire.record(recording):
                stages[name](wire)
        seconds = time.monotonic() - begin
        print(f"{name}: {recording.frame_count} frames, {seconds:.1f} s", flush=True)


main()
