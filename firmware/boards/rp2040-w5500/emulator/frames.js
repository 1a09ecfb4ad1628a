// Frames of one TCP connection between a client at eth0 and a server at eth1.

/** The ports by number. */
export const CLIENT = 0;
export const SERVER = 1;

export const SYN = 0x02;
export const ACK = 0x10;

const IP_AT = 14;
const TCP_AT = 34;
const HEAD_LEN = 54;

const HOSTS = [
    { mac: [2, 0, 0, 0, 0, 1], ip: [10, 9, 0, 1], port: 40000 },
    { mac: [2, 0, 0, 0, 0, 2], ip: [198, 51, 100, 2], port: 443 },
];

/** An Ethernet frame of `len` bytes, payload of zeros, from that side. */
export function segment(side, { flags, seq, ack, len = HEAD_LEN }) {
    const frame = Buffer.alloc(len);
    const [from, to] = [HOSTS[side], HOSTS[1 - side]];
    frame.set([...to.mac, ...from.mac, 0x08, 0x00]);
    frame.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, ...from.ip, ...to.ip], IP_AT);
    frame.writeUInt16BE(len - IP_AT, IP_AT + 2);
    frame.writeUInt16BE(from.port, TCP_AT);
    frame.writeUInt16BE(to.port, TCP_AT + 2);
    frame.writeUInt32BE(seq, TCP_AT + 4);
    frame.writeUInt32BE(ack, TCP_AT + 8);
    frame.set([0x50, flags, 0x20, 0], TCP_AT + 12);
    return frame;
}
