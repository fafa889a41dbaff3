#!/usr/bin/env python3
"""A sealer that only listens: takes the collector's frames (evidence/intake.h), decodes and keeps them.

Written from the formats' text and not from the C code, so that each checks the other.
"""
import os
import socket
import struct
import threading

EVENT, LOSS, COUNTS, POSTURE, GOODBYE, RULES, RESUMED = 1, 2, 3, 4, 5, 6, 7
PROCESS, EXEC, EXIT = 16, 17, 18


def cbor(data, at=0):
    """One item of the subset that entries are made of: (value, next position)."""
    first = data[at]
    major, info = first >> 5, first & 31
    at += 1
    if major == 7:
        return {0xF4: False, 0xF5: True, 0xF6: None}[first], at
    n = info
    if info >= 24:
        size = 1 << (info - 24)
        n = int.from_bytes(data[at:at + size], "big")
        at += size
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major == 2:
        return data[at:at + n], at + n
    if major == 4:
        items = []
        for _ in range(n):
            item, at = cbor(data, at)
            items.append(item)
        return items, at
    if major == 5:
        pairs = {}
        for _ in range(n):
            key, at = cbor(data, at)
            pairs[key], at = cbor(data, at)
        return pairs, at
    raise ValueError("major type %d" % major)


def whole(data):
    value, end = cbor(data)
    if end != len(data):
        raise ValueError("bytes after the item")
    return value


class Event:
    def __init__(self, body):
        head = struct.unpack(">HBQQQQQ", body[:43])
        self.kind, self.sensors, self.boot_us, self.process, self.self, self.parent, self.previous = head
        self.fields = whole(body[43:])

    def __repr__(self):
        return "kind %d process %d self %d parent %d %r" % (self.kind, self.process, self.self, self.parent,
                                                            self.fields)


class Sink:
    """Listens at `path` and reads everything in a thread of its own."""

    def __init__(self, path):
        self.events, self.losses, self.counts, self.postures, self.rules = [], [], [], [], []
        self.goodbye = False
        self.resumed = False
        self.connections = 0
        self.connection = None
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            self.connection, _ = self.listener.accept()
            self.connections += 1
            pending = b""
            while True:
                data = self.connection.recv(1 << 20)
                if not data:
                    break
                pending = self.take(pending + data)

    def take(self, data):
        at = 0
        while len(data) - at >= 4:
            n = int.from_bytes(data[at:at + 4], "big")
            if len(data) - at - 4 < n:
                break
            self.frame(data[at + 4:at + 4 + n])
            at += 4 + n
        return data[at:]

    def frame(self, body):
        kind, body = body[0], body[1:]
        if kind == EVENT:
            self.events.append(Event(body))
        elif kind == LOSS:
            self.losses.append(struct.unpack(">BBHQQ", body[:20]) + (body[20:],))
        elif kind == COUNTS:
            emitted, filtered, lost, sent, cpus = struct.unpack(">QQQQI", body[:36])
            marks = struct.unpack(">%dQ" % cpus, body[36:])
            self.counts.append((emitted, filtered, lost, sent, marks))
        elif kind == POSTURE:
            self.postures.append(whole(body))
        elif kind == GOODBYE:
            self.goodbye = True
        elif kind == RULES:
            self.rules.append((body[0], body[1:33], body[33:]))
        elif kind == RESUMED:
            if self.events or self.losses or self.counts or self.postures:
                raise ValueError("it goes on, but not at the beginning")
            self.resumed = True
        else:
            raise ValueError("frame type %d" % kind)

    def tell_own_process(self, pid):
        self.connection.sendall(b"\x01" + struct.pack(">I", pid))
