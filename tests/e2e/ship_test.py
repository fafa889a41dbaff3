#!/usr/bin/python3
"""Runs swornlog-shipper between a sealer and a sink that say what the test wants, and watches what it does.

The certificates are made by `swornlog fleet init` and `enroll`, the batches by tests/independent. Prints one line a
check.
"""
import hashlib
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "independent"), str(HERE.parent / "support")]
from build import Cast, Host  # noqa: E402
from checks import check, failed, finish, wait_until  # noqa: E402

BIN = Path(os.environ.get("BIN", HERE.parent.parent / "build/opt")).resolve()
READY, RECEIPT, CONFLICT, REFUSED, SHIP_FROM = 1, 2, 3, 4, 5
def read_exactly(stream, n):
    data = b""
    while len(data) < n:
        part = stream.recv(n - len(data))
        if not part:
            raise EOFError
        data += part
    return data


class Sealer:
    """Listens on the receipts socket; `heard` is what the shipper said."""

    def __init__(self, path):
        self.heard, self.connections, self.link = [], 0, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.greeting = b""
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            link, _ = self.listener.accept()
            self.link = link
            self.connections += 1
            link.sendall(self.greeting)
            try:
                while True:
                    (length,) = struct.unpack(">I", read_exactly(link, 4))
                    message = read_exactly(link, length)
                    self.heard.append((message[0], message[1:]))
            except (EOFError, OSError):
                pass

    @staticmethod
    def words(epoch, first, newest, held):
        from_here = struct.pack(">BIQ", SHIP_FROM, epoch, first)
        ready = struct.pack(">BIQQ", READY, epoch, newest, held)
        return b"".join(struct.pack(">I", len(m)) + m for m in (from_here, ready))

    def say(self, *what):
        self.link.sendall(self.words(*what))

    def greet(self, *what):
        self.greeting = self.words(*what)


class Sink:
    """One TLS server; `answer` is what the next requests get: bytes, or a function of the connection."""

    def __init__(self, certificate, key, ca, port=0, version=ssl.TLSVersion.TLSv1_3):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = self.context.maximum_version = version
        self.context.load_cert_chain(certificate, key)
        self.context.load_verify_locations(ca)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.requests, self.connections, self.refused, self.uris = [], 0, [], []
        self.answer = reply(503)
        self.open = True
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while self.open:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(plain,), daemon=True).start()

    def talk(self, plain):
        try:
            link = self.context.wrap_socket(plain, server_side=True)
        except (ssl.SSLError, OSError) as error:
            self.refused.append(error)
            return
        self.connections += 1
        self.uris += [value for kind, value in link.getpeercert()["subjectAltName"] if kind == "URI"]
        try:
            while self.open:
                self.requests.append(self.read(link))
                answer = self.answer
                link.sendall(answer) if isinstance(answer, bytes) else answer(link)
        except (EOFError, OSError):
            pass

    @staticmethod
    def read(link):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read_exactly(link, 1)
        lines = head.decode().split("\r\n")
        headers = {n.lower(): v.strip() for n, v in (line.split(":", 1) for line in lines[1:] if line)}
        body = read_exactly(link, int(headers["content-length"]))
        return lines[0], headers, body, time.monotonic()

    def close(self):
        self.open = False
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def reply(status, body=b"", *headers):
    lines = ["HTTP/1.1 %d x" % status, "Content-Length: %d" % len(body), *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Stage:
    """A fleet, its spool, and the shipper."""

    def __init__(self, work):
        self.work = work
        self.run("fleet", "init", "fleet", "--fleet", "acme")
        self.run("fleet", "init", "alien", "--fleet", "alien")
        self.run("enroll", "request", "host", "--fleet", "acme", "--host", "web")
        self.run("enroll", "approve", "fleet", "host/request", "--out", "handout")
        self.spool, self.state = work / "spool", work / "run"
        self.spool.mkdir()
        self.state.mkdir()
        self.firsts, self.batches = [], []
        epoch = Host(Cast("acme"), "web").epoch()
        for _ in range(6):
            epoch.add_events()
            self.firsts.append(epoch.tree.size)
            self.batches.append(epoch.seal())
            (self.spool / f"{1:010}-{self.firsts[-1]:020}.batch").write_bytes(self.batches[-1])
        self.end = epoch.tree.size
        (self.spool / "base").write_bytes(b"x")
        (self.spool / f"{1:010}-{self.end:020}.tmp").write_bytes(b"x")
        self.process = None

    def run(self, *words):
        subprocess.run([BIN / "swornlog", *words], cwd=self.work, check=True, stdout=subprocess.DEVNULL)

    def start(self, port):
        work = self.work
        (work / "agent.yaml").write_text(
            f"fleet: acme\nhost: web\nsink: https://127.0.0.1:{port}\nspool: {self.spool}\nrun: {self.state}\n"
            f"certificate: {work}/handout/host.crt\nkey: {work}/host/host.key\nca: {work}/fleet/ca.crt\n"
        )
        self.log = open(work / "log", "ab")
        self.process = subprocess.Popen([BIN / "swornlog-shipper", "-c", work / "agent.yaml"], stderr=self.log)

    def stop(self):
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        return status, time.monotonic() - begun

    def said(self, text):
        return (self.work / "log").read_text().count(text)

    def status(self):
        return json.loads((self.state / "shipper.status").read_text())

    def fingerprint(self):
        return {p.name: (hashlib.sha256(p.read_bytes()).digest(), p.stat().st_mtime_ns) for p in self.spool.iterdir()}


def sink_of(stage, folder="fleet", port=0, **more):
    d = stage.work / folder
    return Sink(d / "sink.crt", d / "sink.key", stage.work / "fleet/ca.crt", port, **more)


def answers(stage, sealer, sink):
    """Each answer of the protocol, and what becomes of it."""
    f = stage.firsts
    check("nothing is sent before the sealer speaks", len(sink.requests) == 0)
    sink.answer = reply(200, b"receipt 1")
    sealer.greet(1, f[0], f[-1], 0)
    sealer.say(1, f[0], f[-1], 0)
    check("the batches are sent", wait_until(lambda: len(sink.requests) == 1))
    line, headers, body, _ = sink.requests[0]
    check("to the host's own place", line == "POST /v1/hosts/web/append HTTP/1.1", line)
    check("with the size of the fleet head held", headers.get("swornlog-fleet-size") == "0", headers)
    check("as bytes", headers.get("content-type") == "application/octet-stream", headers)
    check("without waiting for a 100", "expect" not in headers, headers)
    check("all in order in one request", body == b"".join(stage.batches))
    check("the sink sees who the host is", sink.uris == ["swornlog://acme/host/web"], sink.uris)
    check("the receipt goes to the sealer", wait_until(lambda: sealer.heard == [(RECEIPT, b"receipt 1")]), sealer.heard)

    sink.answer = reply(409, b"conflict!")
    sealer.say(1, f[2], f[-1], 7)
    check("it goes on where the sealer says", wait_until(lambda: len(sink.requests) == 2))
    check("with the new head", sink.requests[1][1]["swornlog-fleet-size"] == "7")
    check("from that batch on", sink.requests[1][2] == b"".join(stage.batches[2:]))
    check("over the same connection", sink.connections == 1, sink.connections)
    place = struct.pack(">IQ", 1, f[2])
    check("a conflict goes to the sealer", wait_until(lambda: sealer.heard[1:] == [(CONFLICT, place + b"conflict!")]))

    sink.answer = reply(403, b"swornlog-error/v1\nunenrolled\nno such \x1b[2J host\n")
    sealer.say(1, f[4], f[-1], 7)
    place = struct.pack(">HIQ", 403, 1, f[4])
    check("a refusal goes to the sealer", wait_until(lambda: len(sealer.heard) == 3) and sealer.heard[2][1].startswith(place))
    check("the log tells it", wait_until(lambda: stage.said("unenrolled: no such \\x1b[2J host") == 1))

    sink.answer = reply(503, b"swornlog-error/v1\nfull\nno room\n", "Retry-After: 1")
    before, asked = len(sink.requests), time.monotonic()
    sealer.say(1, f[4], f[-1], 7)
    check("it is tried again", wait_until(lambda: len(sink.requests) == before + 1))
    check("not at once", sink.requests[-1][3] - asked >= 0.2, sink.requests[-1][3] - asked)
    check("with one batch now", sink.requests[-1][2] == stage.batches[4])
    check("a full sink is asked again", wait_until(lambda: len(sink.requests) == before + 2))
    check("when it said", sink.requests[-1][3] - sink.requests[-2][3] >= 1, sink.requests[-1][3] - sink.requests[-2][3])
    check("the status tells it", wait_until(lambda: stage.status()["link"] == "busy") and "no room" in stage.status()["error"])

    sink.answer = reply(200, b"x" * (1 << 20))
    before = len(sealer.heard)
    check("an endless answer is no answer", wait_until(lambda: stage.said("the answer is longer than")))
    check("and the sealer does not hear of it", len(sealer.heard) == before)


def peers(stage, sealer, sink):
    """Whom it talks to."""
    f = stage.firsts
    port = sink.port
    sink.close()
    stage.stop()
    sealer.greet(1, f[0], f[-1], 0)
    host = Sink(stage.work / "handout/host.crt", stage.work / "host/host.key", stage.work / "fleet/ca.crt")
    wrong = {
        "a host that plays the sink": host,
        "the sink of another fleet": sink_of(stage, "alien"),
        "a sink without TLS 1.3": sink_of(stage, version=ssl.TLSVersion.TLSv1_2),
    }
    for name, server in wrong.items():
        stage.start(server.port)
        check(f"{name} is turned away", wait_until(lambda: server.refused), server.requests)
        check("and gets nothing", not server.requests)
        check("the log says that there is no sink", wait_until(lambda: stage.said("can't be reached") > 0))
        stage.stop()
        server.close()
    return port


def outages(stage, sealer, port):
    """Sink and sealer come and go."""
    f = stage.firsts
    (stage.work / "log").write_bytes(b"")
    stage.start(port)
    check("a sink that is not there is told of", wait_until(lambda: stage.said("can't be reached") == 1))
    time.sleep(1)
    check("once", stage.said("can't be reached") == 1)
    check("the status is not connected", stage.status()["connected"] is False)
    sink = sink_of(stage, port=port)
    sink.answer = reply(200, b"receipt 2")
    before = len(sealer.heard)
    check("it comes back by itself", wait_until(lambda: len(sealer.heard) > before))
    check("and says so", stage.said("shipping to https://127.0.0.1") == 1)
    sealer.say(1, stage.end, f[-1], 9)
    check("the status is connected and idle", wait_until(lambda: (stage.status()["connected"], stage.status()["state"]) == (True, "idle")))

    connections, requests = sealer.connections, len(sink.requests)
    sealer.greet(1, f[5], f[5], 9)
    sealer.link.shutdown(socket.SHUT_RDWR)
    check("a sealer that went is connected to anew", wait_until(lambda: sealer.connections == connections + 1))
    check("and heard", wait_until(lambda: len(sink.requests) == requests + 1))

    stalled = threading.Event()
    sink.answer = lambda link: (stalled.set(), time.sleep(20))
    sealer.say(1, f[1], f[5], 9)
    check("a sink may stall", stalled.wait(10))
    wait_until(lambda: stage.status()["state"] == "shipping")
    written = (stage.state / "shipper.status").stat().st_mtime_ns
    check("the status is written all the same", wait_until(lambda: (stage.state / "shipper.status").stat().st_mtime_ns > written, 3))
    status, took = stage.stop()
    check("it ends in an orderly way while the sink stalls", status == 0, status)
    check("within a second or so", took < 1.5, took)
    sink.close()


def damage(stage, sealer, port):
    f = stage.firsts
    sink = sink_of(stage, port=port)
    sink.answer = reply(200, b"receipt 3")
    victim = stage.spool / f"{1:010}-{f[0]:020}.batch"
    victim.write_bytes(b"rubbish")
    sealer.greet(1, f[0], f[-1], 0)
    stage.start(port)
    check("a damaged batch is told of", wait_until(lambda: stage.said("can't be read in") == 1))
    time.sleep(0.5)
    check("and is not sent", not sink.requests)
    victim.write_bytes(stage.batches[0])
    check("when it is mended it is sent", wait_until(lambda: sink.requests and sink.requests[0][2] == b"".join(stage.batches)))
    status, took = stage.stop()
    check("it ends at once when it waits for the sealer", status == 0 and took < 1, (status, took))
    sink.close()


def main():
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        before = stage.fingerprint()
        sink = sink_of(stage)
        stage.start(sink.port)
        check("a sealer that is not there is told of", wait_until(lambda: stage.said("the sealer is not there") == 1))
        sealer = Sealer(stage.state / "receipts.sock")
        check("it is found when it comes", wait_until(lambda: sealer.link))
        try:
            answers(stage, sealer, sink)
            port = peers(stage, sealer, sink)
            outages(stage, sealer, port)
            check("the spool was not touched", stage.fingerprint() == before)
            damage(stage, sealer, port)
        finally:
            if stage.process.poll() is None:
                stage.process.kill()
            if failed:
                print((stage.work / "log").read_text())
    finish()


main()
