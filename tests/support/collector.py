"""A collector that says what a test wants, over the sealer's own socket (evidence/intake.h): real entries without BPF."""
import os
import socket
import struct
import time

EVENT, GOODBYE = 1, 5
OPEN, BPF = 32, 2


def head(major, n):
    """The head of a CBOR item."""
    for info, size in ((24, 1), (25, 2), (26, 4)):
        if n < 1 << (8 * size):
            return bytes([major << 5 | n]) if n < 24 else bytes([major << 5 | info]) + n.to_bytes(size, "big")
    raise ValueError(n)


class Collector:
    def __init__(self, fleet):
        self.link = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + 10
        while True:
            try:
                self.link.connect(str(fleet.dir / "run" / "events.sock"))
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def frame(self, kind, body=b""):
        self.link.sendall(struct.pack(">IB", 1 + len(body), kind) + body)

    def opened(self, path):
        """An open of a path that succeeded."""
        fields = head(5, 2) + head(0, 0) + head(2, len(path)) + path + head(0, 1) + head(0, 0)
        boot_us = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
        self.frame(EVENT, struct.pack(">HBQQQQQ", OPEN, BPF, boot_us, 0, 0, 0, 0) + fields)

    def noise(self, count, size):
        """Events that do not pack."""
        for _ in range(count):
            self.opened(os.urandom(size))

    def goodbye(self):
        self.frame(GOODBYE)
        self.link.close()
