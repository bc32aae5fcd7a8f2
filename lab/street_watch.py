"""What the recorder sends on the street, packet by packet, as the line sees it.

A recorder asks (a connection, a request, a datagram) and acknowledges. What it asks is what a small
device has to bear and what the pace of an audit limits; what answers need comes on top.
"""
import collections
import ctypes
import socket
import struct
import threading

from street_net import BRIDGE, NETWORK, RECORDER, SECOND

ETH_P_IP, ETH_P_ALL = 0x0800, 0x0003  # what leaves is shown to who asks for all
PACKET_OUTGOING = 4
SO_ATTACH_FILTER = 26
SO_TIMESTAMPNS = 35
SOL_PACKET, PACKET_STATISTICS = 263, 6  # packets, and those that found no room
TCP, UDP = 6, 17
SYN, ACK, RST, FIN = 0x02, 0x10, 0x04, 0x01
HEADERS = 128


def from_recorder():
    """A filter: IPv4 from the recorder's addresses, the headers alone."""
    addresses = [struct.unpack(">I", socket.inet_aton(text))[0] for text in (RECORDER, SECOND)]
    code = [(0x28, 0, 0, 12), (0x15, 0, 4, ETH_P_IP), (0x20, 0, 0, 26), (0x15, 1, 0, addresses[0]), (0x15, 0, 1, addresses[1]),
            (0x06, 0, 0, HEADERS), (0x06, 0, 0, 0)]
    data = b"".join(struct.pack("HBBI", *row) for row in code)
    buffer = ctypes.create_string_buffer(data)
    return struct.pack("HL", len(code), ctypes.addressof(buffer)), buffer


class Sent:
    """What went to one address: times of what was asked, and of everything."""

    def __init__(self):
        self.asked, self.all, self.connections = [], [], []

    @staticmethod
    def most(times, seconds=1.0):
        """The most within any so many seconds."""
        window, most = collections.deque(), 0
        for time in times:
            window.append(time)
            while window[0] <= time - seconds:
                window.popleft()
            most = max(most, len(window))
        return most


class Watch(threading.Thread):
    """Counts until stop(). Connections that were there before (video) are not counted."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        program, self.kept = from_recorder()
        self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((BRIDGE, ETH_P_ALL))
        self.socket.settimeout(0.5)
        self.before, self.sent, self.is_over = established(), collections.defaultdict(Sent), False
        self.error = None

    def stop(self):
        """What was sent. An error if not every packet was seen: then nothing can be said of the pace."""
        self.is_over = True
        self.join()
        _, lost = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.socket.close()
        if self.error is not None:
            raise AssertionError("the watch of the street ended early") from self.error
        if lost > 0:
            raise AssertionError(f"the watch of the street missed {lost} packets")
        return self.sent

    def run(self):
        try:
            self.watch()
        except Exception as error:  # it is told by stop(): here nobody would see it
            self.error = error

    def watch(self):
        while not self.is_over:
            try:
                data, told, _, address = self.socket.recvmsg(HEADERS, 64)
            except TimeoutError:
                continue
            if address[2] == PACKET_OUTGOING:
                seconds, nanoseconds = struct.unpack("qq", told[0][2][:16])
                self.note(data[14:], seconds + nanoseconds / 1e9)

    def note(self, packet, time):
        size, protocol = struct.unpack_from(">H", packet, 2)[0], packet[9]
        body = packet[(packet[0] & 15) * 4:]
        ports = struct.unpack_from(">HH", body)
        sent = self.sent[socket.inet_ntoa(packet[16:20])]
        if protocol == TCP:
            if (ports[0], socket.inet_ntoa(packet[16:20])) in self.before:
                return
            flags = body[13]
            payload = size - (packet[0] & 15) * 4 - (body[12] >> 4) * 4
            if flags & SYN:
                sent.connections.append(time)
            if flags & SYN or payload > 0:
                sent.asked.append(time)
        else:
            sent.asked.append(time)
        sent.all.append(time)


def established():
    """Connections that exist: (our port, their address)."""
    found = set()
    with open("/proc/self/net/tcp", encoding="ascii") as file:
        for line in list(file)[1:]:
            ours, theirs, state = line.split()[1:4]
            if state == "01":
                address = socket.inet_ntoa(bytes.fromhex(theirs.split(":")[0])[::-1])
                found.add((int(ours.split(":")[1], 16), address))
    with open("/proc/self/net/tcp6", encoding="ascii") as file:
        for line in list(file)[1:]:
            ours, theirs, state = line.split()[1:4]
            if state == "01" and theirs[:24] == "0" * 16 + "FFFF0000":
                address = socket.inet_ntoa(bytes.fromhex(theirs[24:32])[::-1])
                found.add((int(ours.split(":")[1], 16), address))
    return {pair for pair in found if pair[1].startswith(NETWORK)}
