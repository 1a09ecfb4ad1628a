"""What nmap sends: ports that are open, closed and filtered, asked in all its ways."""

import hosts
from hosts import CLIENT, SERVER, SERVER_V4, SERVER_V6, listen

OPEN, CLOSED, FILTERED = 80, 81, 82

FILTER = f"""
table inet filter {{
    chain input {{
        type filter hook input priority filter
        th dport {FILTERED} drop
    }}
}}
"""


def scans(wire):
    hosts.run(SERVER, "nft", FILTER)
    how = ("-n", "-Pn", "-r", "--max-retries=0")
    ports, protocols = f"-p{OPEN},{CLOSED},{FILTERED}", "-p1,2,6,17,50,255"
    ways = ["-sS", "-sF", "-sN", "-sX", "-sA", "-sM", "-sW", "-sU", "-sT", "-sO"]
    with listen(OPEN), listen(OPEN, SERVER_V6):
        for number, way in enumerate(ways):
            asked = protocols if way == "-sO" else ports
            source = () if way == "-sT" else ("-g", 40500 + number)
            hosts.run(CLIENT, "nmap", way, *source, *how, asked, SERVER_V4)
        hosts.run(CLIENT, "nmap", "-6", "-sS", "-g", 40599, *how, ports, SERVER_V6)
        hosts.run(CLIENT, "nmap", "-sn", "-n", "-PE", "-PP", "-PM", SERVER_V4)
    hosts.run(SERVER, "nft", "flush ruleset")


STAGES = [scans]
