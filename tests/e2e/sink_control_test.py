#!/usr/bin/python3
"""The sink's control socket, what it refuses to start with, and that silent and slow peers don't keep honest ones out."""
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import fleet as support  # noqa: E402

fleet = support.Fleet()


def talk(*chunks, pause=0.0):
    """Send the chunks to the control socket; what comes back until the sink closes."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(str(fleet.control))
        for chunk in chunks:
            try:
                s.sendall(chunk)
            except (BrokenPipeError, ConnectionResetError):
                break
            time.sleep(pause)
        answer = b""
        try:
            while got := s.recv(65536):
                answer += got
        except ConnectionResetError:
            pass
        return answer.decode()


def status():
    return json.loads(talk(b"status\n"))


def enrolment():
    return (fleet.dir / "granted" / "enrol").read_bytes()


def refuses_to_start(what, **config):
    fleet.end("sink")
    fleet.write_sink_config(**config)
    r = subprocess.run([support.BIN / "swornlog-sink", "--config", fleet.dir / "sink.yaml"], capture_output=True, text=True, env=support.ENV, timeout=30)
    fleet.write_sink_config()
    fleet.start_sink()
    assert r.returncode in (1, 2), f"status {r.returncode}"
    assert what in r.stderr, r.stderr


def the_status_is_one_line_of_json():
    s = status()
    assert s["fleet"] == support.FLEET and s["storing"] is True and s["hosts"] == 0, s
    assert s["fleet_size"] == s["published_size"] == 2, s


def what_is_no_command_is_refused():
    for junk in (b"hello\n", b"\n", b"statement\n", b"statement x\n", b"statement -1\n", b"statement 01\n", b"statement 16385\n", b"x" * 100, b"status \n", b"STATUS\n"):
        assert talk(junk) == "error not a command\n", junk


def a_statement_that_is_none_is_refused():
    assert talk(b"statement 5\nhello").startswith("error "), "text"
    assert talk(b"statement 0\n").startswith("error "), "nothing"
    changed = enrolment().replace(b"host web-1", b"host web-2")
    assert talk(b"statement %d\n" % len(changed) + changed).startswith("error "), "changed"
    unsigned = enrolment().rsplit(b"\xe2\x80\x94", 1)[0]
    assert talk(b"statement %d\n" % len(unsigned) + unsigned).startswith("error "), "one signature too few"
    assert status()["fleet_size"] == 2


def an_enrolment_in_small_pieces_is_taken_once():
    e = enrolment()
    whole = b"statement %d\n" % len(e) + e
    pieces = [whole[i : i + 97] for i in range(0, len(whole), 97)]
    assert talk(*pieces, pause=0.01) == "ok 2\n"
    assert talk(whole).startswith("error "), "again"
    assert status()["hosts"] == 1


def another_user_is_not_served():
    if os.geteuid() != 0:
        print("# skipped: needs root to become somebody else")
        return
    os.chmod(fleet.control, 0o666)
    os.chmod(fleet.dir, 0o755)
    code = f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({str(fleet.control)!r}); s.sendall(b'status\\n'); print(len(s.recv(10)))"
    r = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", "/usr/bin/python3", "-c", code], capture_output=True, text=True, timeout=30)
    assert r.stdout.strip() in ("", "0"), r.stdout
    assert status()["hosts"] == 1


def clients_that_say_nothing_are_dropped():
    idle = []
    for _ in range(40):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(fleet.control))
        idle.append(s)
    support.wait_until("a place at the control socket", lambda: talk(b"status\n"), 30)
    for s in idle:
        s.close()


def a_second_sink_on_the_store_is_refused():
    other = fleet.dir / "other.yaml"
    other.write_text((fleet.dir / "sink.yaml").read_text().replace(str(fleet.control), str(fleet.dir / "other.sock")).replace(f":{fleet.port}", ":0"))
    r = subprocess.run([support.BIN / "swornlog-sink", "--config", other], capture_output=True, text=True, env=support.ENV, timeout=30)
    assert r.returncode == 1 and "another process" in r.stderr, r.stderr
    assert status()["storing"] is True


def a_key_that_others_may_read_is_refused():
    key = fleet.dir / "open.key"
    shutil.copy(fleet.dir / "fleet" / "fleet-log.key", key)
    for mode in (0o644, 0o640, 0o604):
        os.chmod(key, mode)
        refuses_to_start("mode 0600", log_key=key)


def another_fleets_key_or_genesis_is_refused():
    fleet.command("fleet", "init", fleet.dir / "umbrella", "--fleet", "umbrella", "--sink-name", "localhost")
    refuses_to_start("key", log_key=fleet.dir / "umbrella" / "fleet-log.key")
    refuses_to_start("genesis", log_key=fleet.dir / "umbrella" / "fleet-log.key", genesis=fleet.dir / "umbrella" / "genesis")
    refuses_to_start("PORT", listen="somewhere")
    refuses_to_start("max_connections", max_connections=0)


def client_context():
    c = ssl.create_default_context(cafile=str(fleet.dir / "fleet" / "ca.crt"))
    c.load_cert_chain(fleet.dir / "granted" / "host.crt", fleet.dir / "request" / "host.key")
    return c


def ask(context):
    """Seconds until a request with a malformed body has its answer."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", fleet.port), 20) as plain, context.wrap_socket(plain, server_hostname="localhost") as s:
        s.sendall(f"POST /v1/hosts/{support.HOST}/append HTTP/1.1\r\nContent-Length: 4\r\nSwornlog-Fleet-Size: 0\r\n\r\njunk".encode())
        answer = s.recv(4096)
        assert answer.startswith(b"HTTP/1.1 400 "), answer
    return time.monotonic() - start


def worst(context, n=40):
    return sorted(ask(context) for _ in range(n))[-2]


def thousands_of_silent_connections_keep_nobody_out():
    context = client_context()
    before = worst(context)
    idle = []
    try:
        for _ in range(3000):
            idle.append(socket.create_connection(("127.0.0.1", fleet.port), 20))
        # Whatever else the machine does only ever adds: one quiet measurement out of five says what the sink takes.
        bound = 2 * before + 0.05
        after = worst(context)
        for _ in range(4):
            after = after if after < bound else min(after, worst(context))
        assert after < bound, f"{before:.3f} s before, {after:.3f} s with 3,000"
        support.wait_until("the silent ones to be dropped", lambda: status()["connections"] < 100, 40)
    finally:
        for s in idle:
            s.close()


def a_full_house_lets_strangers_go_first():
    fleet.end("sink")
    fleet.write_sink_config(max_connections=20)
    fleet.start_sink()
    context = client_context()
    idle = [socket.create_connection(("127.0.0.1", fleet.port), 20) for _ in range(60)]
    assert ask(context) < 2
    assert status()["connections"] <= 20
    for s in idle:
        s.close()


def a_host_has_eight_connections_at_most():
    context = client_context()
    held = []
    for _ in range(8):
        plain = socket.create_connection(("127.0.0.1", fleet.port), 20)
        held.append(context.wrap_socket(plain, server_hostname="localhost"))
    support.wait_until("the eight", lambda: status()["connections"] == 8)
    with socket.create_connection(("127.0.0.1", fleet.port), 20) as plain, context.wrap_socket(plain, server_hostname="localhost") as s:
        s.sendall(f"POST /v1/hosts/{support.HOST}/append HTTP/1.1\r\nContent-Length: 4\r\n\r\n".encode())
        assert s.recv(4096).startswith(b"HTTP/1.1 503 ")
    for s in held:
        s.close()


def a_peer_that_goes_in_the_middle_leaves_nothing_behind():
    context = client_context()
    for sent in (b"P", b"POST /v1/hosts/web-1/append HTTP/1.1\r\nContent-Length: 100000\r\nSwornlog-Fleet-Size: 0\r\n\r\nabc"):
        with socket.create_connection(("127.0.0.1", fleet.port), 20) as plain, context.wrap_socket(plain, server_hostname="localhost") as s:
            s.sendall(sent)
    support.wait_until("it to be gone", lambda: status()["connections"] == 0)


def the_store_verifies_and_no_sanitizer_spoke():
    fleet.end("sink")
    assert fleet.command("verify", "--anchor", fleet.anchor, fleet.store)
    assert not fleet.sanitizer_reports(), fleet.sanitizer_reports()


if __name__ == "__main__":
    try:
        fleet.start_sink()
        result = support.run([
            the_status_is_one_line_of_json,
            what_is_no_command_is_refused,
            a_statement_that_is_none_is_refused,
            an_enrolment_in_small_pieces_is_taken_once,
            another_user_is_not_served,
            clients_that_say_nothing_are_dropped,
            a_second_sink_on_the_store_is_refused,
            a_key_that_others_may_read_is_refused,
            another_fleets_key_or_genesis_is_refused,
            thousands_of_silent_connections_keep_nobody_out,
            a_full_house_lets_strangers_go_first,
            a_host_has_eight_connections_at_most,
            a_peer_that_goes_in_the_middle_leaves_nothing_behind,
            the_store_verifies_and_no_sanitizer_spoke,
        ])
    finally:
        fleet.remove()
    sys.exit(result)
