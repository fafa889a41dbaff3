"""Witnesses for the end-to-end tests: real ones, and one that misbehaves as it is told."""
import http.server
import os
import pathlib
import re
import ssl
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "independent")]
import build  # noqa: E402
from basics import TYPE_COSIGNATURE  # noqa: E402
from tests.support import fleet as support  # noqa: E402


def log_vkey(fleet):
    return re.search(r"^log (\S+)$", fleet.anchor.read_text(), re.M)[1]


class Witness:
    """swornlog-witness for the fleet's log, with the sink's certificate for its own."""

    def __init__(self, fleet, name):
        self.fleet, self.name = fleet, name
        self.dir = fleet.dir / name
        self.process, self.port = None, 0
        self.dir.mkdir()
        command = ["keygen", "--name", f"{name}.example/w", "--key", self.dir / "key", "--store", self.dir / "store"]
        result = subprocess.run([support.BIN / "swornlog-witness", *map(str, command)], capture_output=True, text=True, env=support.ENV, check=True)
        self.vkey = result.stdout.strip()
        (self.dir / "policy").write_text(f"log {log_vkey(fleet)}\nwitness w {self.vkey}\nquorum w\n")

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def log(self):
        path = self.fleet.dir / "log" / f"{self.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self):
        lines = {
            "listen": f"127.0.0.1:{self.port}",
            "certificate": self.fleet.dir / "fleet" / "sink.crt",
            "key": self.fleet.dir / "fleet" / "sink.key",
            "ca": self.fleet.dir / "fleet" / "ca.crt",
            "witness_key": self.dir / "key",
            "policy": self.dir / "policy",
            "store": self.dir / "store",
        }
        (self.dir / "witness.yaml").write_text("".join(f"{k}: {v}\n" for k, v in lines.items()))
        seen = len(self.log())
        with open(self.fleet.dir / "log" / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen([support.BIN / "swornlog-witness", "--config", self.dir / "witness.yaml"], stdout=log, stderr=log, env=support.ENV)
        found = support.wait_until("the witness to listen", lambda: re.search(r"listening on \S*:(\d+)", self.log()[seen:]))
        self.port = int(found.group(1))

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


class BadWitness:
    """Answers as `behave`, a function of the request's handler, says."""

    def __init__(self, fleet, name, behave):
        self.name = name
        self.vkey = build.Signer(f"{name}.example/w", TYPE_COSIGNATURE).key.vkey
        self.behave = behave
        self.asked = 0
        self.ending = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                outer.answer(self)

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(fleet.dir / "fleet" / "sink.crt", fleet.dir / "fleet" / "sink.key")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"https://localhost:{self.server.server_address[1]}"

    def answer(self, request):
        self.asked += 1
        self.behave(self, request)

    def stop(self):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()


def say(status, body, **headers):
    """An answer, whatever was asked."""

    def behave(_, request):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return behave


def stay_silent(witness, _):
    witness.ending.wait(60)


def drip(witness, request):
    """A byte now and then, for ever."""
    request.send_response(200)
    request.send_header("Content-Length", "8000")
    request.end_headers()
    while not witness.ending.wait(0.2):
        request.wfile.write(b"x")
        request.wfile.flush()


def flood(_, request):
    """Far more than anybody wants."""
    request.send_response(200)
    request.end_headers()
    request.close_connection = True
    for _ in range(1000):
        request.wfile.write(b"x" * 65536)


def write_policy(path, fleet, witnesses, need):
    lines = [f"log {log_vkey(fleet)}"]
    lines += [f"witness {w.name} {w.vkey} {w.url}" for w in witnesses]
    lines += [f"group enough {need} " + " ".join(w.name for w in witnesses), "quorum enough"]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def tree_of(folder):
    """Every file's bytes, to compare a folder with itself."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(pathlib.Path(folder).rglob("*")) if f.is_file() and os.access(f, os.R_OK)}
