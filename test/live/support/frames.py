"""Frames on one interface: each line on stdin is one to send, each on stdout one that came, in hex.

The kernel takes the outer tag off a frame that comes; it is put back from the auxiliary data.
"""

import socket
import struct
import sys
import threading

ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 3, 263, 8, 4
TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 1 << 4, 1 << 6

wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
wire.bind((sys.argv[1], 0))


def tag_of(auxiliary):
    for level, kind, data in auxiliary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                return struct.pack("!HH", tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100, tci)
    return b""


def listen():
    while True:
        frame, auxiliary, _, address = wire.recvmsg(65536, 256)
        if address[2] != PACKET_OUTGOING:
            print((frame[:12] + tag_of(auxiliary) + frame[12:]).hex(), flush=True)


threading.Thread(target=listen, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    wire.send(bytes.fromhex(line))
