#!/usr/bin/env python3
"""Tidy the raw capture of make-mail-relay, a pcapng file in this machine's byte order.

    mail-relay-tidy.py RAW TIDY

dumpcap has a thread for each interface, and packets of one overtake those of the other
on the way to the file: they go back into the order of their time stamps. What tells
about the machine that captured, its processor and its kernel, is left out.
"""

import struct
import sys

SECTION, INTERFACE, ENHANCED_PACKET = 0x0A0D0D0A, 1, 6
# For each type of block, where its options begin and the codes of those to leave out.
TELLTALES = {
    SECTION: (16, {2, 3}),  # shb_hardware, shb_os
    INTERFACE: (8, {12}),  # if_os
}


def read_blocks(data):
    offset = 0
    while offset < len(data):
        kind, size = struct.unpack_from("=II", data, offset)
        yield kind, data[offset + 8 : offset + size - 4]
        offset += size


def write_block(kind, body):
    size = len(body) + 12
    return struct.pack("=II", kind, size) + body + struct.pack("=I", size)


def drop_telltales(kind, body):
    if kind not in TELLTALES:
        return body
    offset, telltales = TELLTALES[kind]
    kept = body[:offset]
    while offset < len(body):
        code, length = struct.unpack_from("=HH", body, offset)
        end = offset + 4 + (length + 3) // 4 * 4
        if code not in telltales:
            kept += body[offset:end]
        offset = end
    return kept


def place(block):
    """The sort key of a block: headers first, then packets by time, then the rest."""
    kind, body = block
    if kind in (SECTION, INTERFACE):
        return (0,)
    if kind == ENHANCED_PACKET:
        high, low = struct.unpack_from("=II", body, 4)
        return 1, high, low
    return (2,)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as raw, open(sys.argv[2], "wb") as tidy:
        for kind, body in sorted(read_blocks(raw.read()), key=place):
            tidy.write(write_block(kind, drop_telltales(kind, body)))


main()
