#!/usr/bin/python3
"""A registrar, a sink and hosts as real processes: hosts join with tokens, renew certificates, and are refused where they must be.

KILLS (default 8): how often the registrar is killed while hosts join.
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import fleet as support  # noqa: E402

KILLS = int(os.environ.get("KILLS", "8"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 32))))


class Site(support.Fleet):
    """A fleet with a registrar. Hosts get a folder each."""

    def _make(self):
        self.command("fleet", "init", self.dir / "fleet", "--fleet", support.FLEET, "--sink-name", "localhost", "--registrar", "localhost,127.0.0.1")
        self.registrar_port = 0
        self.write_sink_config()
        self.write_registrar_config()

    def write_registrar_config(self, **more):
        fleet, own = self.dir / "fleet", self.dir / "registrar"
        own.mkdir(exist_ok=True)
        lines = {
            "listen": f"127.0.0.1:{self.registrar_port}",
            "certificate": fleet / "registrar.crt",
            "key": fleet / "registrar-tls.key",
            "ca": fleet / "ca.crt",
            "ca_key": fleet / "ca.key",
            "genesis": self.anchor,
            "registrar_key": fleet / "registrar.key",
            "policy": own / "policy",
            "state": own / "joined",
            "tokens": own / "tokens",
            "requests": own / "requests",
            "certificates": own / "certificates",
            "control": self.control,
        } | more
        (self.dir / "registrar.yaml").write_text("".join(f"{k}: {v}\n" for k, v in lines.items() if v is not None))

    def start_registrar(self):
        log = self.dir / "log" / "registrar.log"
        seen = log.stat().st_size if log.exists() else 0
        with open(log, "ab") as out:
            self.process["registrar"] = subprocess.Popen([support.BIN / "swornlog-registrar", "--config", self.dir / "registrar.yaml"],
                                                         stdout=out, stderr=out, env=support.ENV)
        found = support.wait_until("the registrar to listen", lambda: re.search(rb"listening on \S*:(\d+)", log.read_bytes()[seen:]) or self._dead("registrar"))
        if not self.registrar_port:
            self.registrar_port = int(found.group(1))
            self.write_registrar_config()

    def open(self):
        self.start_sink()
        self.start_registrar()
        self.checkpoint = support.wait_until("a fleet checkpoint", lambda: (p := self.store / "fleet" / "checkpoint").exists() and p)
        return self

    def token(self, name, hosts, *options, state=True, status=0):
        out = self.dir / name
        self.command("token", "new", self.dir / "fleet", "--registrar", f"https://localhost:{self.registrar_port}", "--sink", f"https://localhost:{self.port}",
                     "--checkpoint", self.checkpoint, "--hosts", hosts, "--out", out, *options, status=status)
        if state:
            for statement in out.glob("*.token"):
                shutil.copy(statement, self.dir / "registrar" / "tokens")
        return out / "token"

    def folder(self, host):
        return self.dir / "hosts" / host

    def join(self, host, token, status=0, wait=0):
        """What the command said."""
        base = self.folder(host)
        base.mkdir(parents=True, exist_ok=True)
        r = subprocess.run([support.BIN / "swornlog", "join", "--token", token, "--host", host, "--etc", base / "etc", "--state", base / "state", "--wait", str(wait)],
                           capture_output=True, text=True, env=support.ENV, timeout=120)
        assert r.returncode == status, f"join {host}: status {r.returncode}\n{r.stdout}{r.stderr}"
        return r.stdout + r.stderr

    def run_host(self, host, **more):
        base = self.folder(host)
        for name in ("spool", "run", "shipper"):
            (base / name).mkdir(exist_ok=True)
        lines = {"spool": base / "spool", "run": base / "run", "shipper_state": base / "shipper", "audit": "off", "seal_interval_ms": 50, "heartbeat_s": 1,
                 "collector_user": "root", "sealer_user": "root", "shipper_user": "root", "group": "root"} | more
        text = (base / "etc" / "agent.yaml").read_text() + "".join(f"{k}: {v}\n" for k, v in lines.items())
        (base / "agent.yaml").write_text(text)
        for name in ("sealer", "shipper"):
            with open(self.dir / "log" / f"{host}-{name}.log", "ab") as log:
                self.process[f"{host}-{name}"] = subprocess.Popen([support.BIN / f"swornlog-{name}", "--config", base / "agent.yaml"], stdout=log, stderr=log, env=support.ENV)

    def receipted(self, host):
        return (self.folder(host) / "spool" / "receipt").exists()

    def stop(self):
        for name in [n for n in self.process if n not in ("sink", "registrar")]:
            self.end(name)
        for name in ("registrar", "sink"):
            self.end(name)


def in_a_site(test):
    def run():
        site = Site()
        try:
            test(site)
            if site.process:
                site.stop()
            assert not site.sanitizer_reports(), site.sanitizer_reports()[:3]
        except BaseException:
            print(f"SEED={SEED}; logs in {site.dir}", file=sys.stderr)
            for process in site.process.values():
                process.kill()
            raise
        site.remove()
    run.__name__ = test.__name__
    return run


@in_a_site
def a_new_host_joins_with_a_one_time_token_and_its_first_batch_verifies(site):
    token = site.open().token("one", "web-*")
    assert token.stat().st_mode & 0o777 == 0o600
    said = site.join("web-1", token)
    assert "has joined fleet" in said, said
    secret = re.search(r"^secret (\S+)$", token.read_text(), re.M).group(1)
    for log in (site.dir / "log").iterdir():
        assert secret not in log.read_text(errors="replace"), f"the secret stands in {log}"
    etc, state = site.folder("web-1") / "etc", site.folder("web-1") / "state"
    assert (etc / "genesis").read_bytes() == site.anchor.read_bytes()
    assert (state / "identity.key").stat().st_mode & 0o777 == 0o600
    assert (etc / "host.key").stat().st_mode & 0o137 == 0
    site.run_host("web-1")
    support.wait_until("a receipt", lambda: site.receipted("web-1"))
    log = site.dir / "log" / "web-1-sealer.log"
    site.stop()
    report = site.verify(status=0)
    assert report["verified"], report["findings"]
    assert [h["host"] for h in report["hosts"]] == ["web-1"] and report["hosts"][0]["entries"] > 0, report["hosts"]
    shown = site.command("show", "--json", site.store)
    digest = re.search(r"^token (\w+)$", (etc / "enrol").read_text(), re.M).group(1)
    assert digest in (site.dir / "one").glob("*.token").__next__().name
    batch = next((site.folder("web-1") / "spool").glob("0000000001-00000000000000000000.batch"))
    assert batch.exists() and shown
    assert "cannot" not in log.read_text()


@in_a_site
def a_group_token_lets_in_as_many_as_it_says_and_no_more(site):
    token = site.open().token("group", "web-*", "--count", "2", "--from", "127.0.0.0/8")
    site.join("web-1", token)
    site.join("web-2", token)
    said = site.join("web-3", token, status=3)
    assert "used as often as it may be" in said, said
    assert "enrolled already" in site.join("web-1", token, status=3), "a second join of a host that has joined"
    shutil.rmtree(site.folder("web-1"))
    assert "enrolled already" in site.join("web-1", token, status=3), "another machine under the name"
    assert not (site.folder("web-1") / "etc" / "enrol").exists()


@in_a_site
def what_a_token_does_not_allow_is_refused_with_a_reason(site):
    site.open()
    good = site.token("good", "web-1")
    assert "other names" in site.join("db-1", good, status=3)
    assert "other addresses" in site.join("web-1", site.token("away", "web-*", "--from", "192.0.2.0/24"), status=3)
    assert "no such token" in site.join("web-1", site.token("unknown", "web-*", state=False), status=3)
    open_to_all = site.dir / "open"
    shutil.copy(good, open_to_all)
    open_to_all.chmod(0o644)
    assert "chmod 600" in site.join("web-1", open_to_all, status=3)
    text = good.read_text()
    changes = {
        "genesis is another": (r"^genesis \w", "genesis 0" if "\ngenesis 0" not in text else "genesis 1", "genesis statement is not the one"),
        "authority is another": (r"^ca \w", "ca 0" if "\nca 0" not in text else "ca 1", ""),
    }
    for what, (old, new, wanted) in changes.items():
        changed = site.dir / "changed"
        changed.write_text(re.sub(old, new, text, count=1, flags=re.M))
        changed.chmod(0o600)
        said = site.join("web-1", changed, status=3)
        assert wanted in said and not (site.folder("web-1") / "etc" / "enrol").exists(), (what, said)
    site.end("registrar")
    assert "run the same command again" in site.join("web-1", good, status=3)
    site.start_registrar()
    site.join("web-1", good)


@in_a_site
def a_token_whose_statement_goes_round_lets_nobody_in_before_it_is_signed(site):
    site.open()
    key = site.dir / "fleet" / "admin-first.key"
    away = key.rename(site.dir / "admin.key")
    token = site.token("one", "web-1")
    statement = next((site.dir / "registrar" / "tokens").glob("*.token"))
    assert "does not verify" in site.join("web-1", token, status=3)
    site.command("fleet", "sign", site.anchor, statement, "--key", away, "--yes")
    assert "has joined" in site.join("web-1", token)


@in_a_site
def what_is_no_request_gets_an_error_that_says_so(site):
    site.open()
    context = ssl.create_default_context(cafile=str(site.dir / "fleet" / "ca.crt"))

    def ask(request):
        with socket.create_connection(("127.0.0.1", site.registrar_port), 20) as plain, context.wrap_socket(plain, server_hostname="localhost") as s:
            s.sendall(request)
            return s.recv(4096)

    for request, status, word in (
        (b"GET /v1/join HTTP/1.1\r\n\r\n", 405, b"no-such-verb"),
        (b"POST /v1/append HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 404, b"not-found"),
        (b"POST /v1/join HTTP/1.1\r\n\r\n", 400, b"malformed"),
        (b"POST /v1/join HTTP/1.1\r\nContent-Length: 16385\r\n\r\n", 413, b"too-large"),
        (b"POST /v1/join HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 400, b"malformed"),
        (b"POST /v1/renew HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 400, b"malformed"),
    ):
        answer = ask(request)
        assert answer.startswith(b"HTTP/1.1 %d " % status) and b"\r\n\r\nswornlog-error/v1\n%s\n" % word in answer, answer
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        ask(b"")
    except ssl.SSLError:
        pass
    else:
        raise AssertionError("TLS 1.2 was taken")


@in_a_site
def an_existing_authority_signs_what_it_finds_in_a_folder(site):
    site.write_registrar_config(ca_key=None)
    site.open()
    site.end("registrar")
    site.write_registrar_config(ca_key=None)
    site.start_registrar()
    token = site.token("one", "web-1")
    assert "has not signed the certificate yet" in site.join("web-1", token, status=3)
    own, fleet = site.dir / "registrar", site.dir / "fleet"
    request = next((own / "requests").glob("web-1.*.csr"))
    sign = ["openssl", "x509", "-req", "-in", request, "-CA", fleet / "ca.crt", "-CAkey", fleet / "ca.key", "-days", "90", "-copy_extensions", "copy", "-out"]
    subprocess.run([*sign, own / "certificates" / request.with_suffix(".crt").name], check=True, capture_output=True)
    assert "has joined" in site.join("web-1", token)
    site.run_host("web-1")
    support.wait_until("a receipt", lambda: site.receipted("web-1"))


def issue(site, host, start, end):
    """The host's certificate anew, with other times (YYMMDDHHMMSSZ)."""
    etc, fleet, work = site.folder(host) / "etc", site.dir / "fleet", site.dir / "ca"
    work.mkdir(exist_ok=True)
    (work / "index").write_text("")
    (work / "conf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={work}/index\nrand_serial=yes\ndefault_md=sha256\npolicy=p\ncopy_extensions=copy\n"
                               f"new_certs_dir={work}\nunique_subject=no\n[p]\ncommonName=supplied\norganizationName=optional\n[req]\ndistinguished_name=n\n[n]\n")
    uri = f"URI:swornlog://{support.FLEET}/host/{host}"
    run = lambda *args: subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)  # noqa: E731
    run("req", "-new", "-config", work / "conf", "-key", etc / "host.key", "-subj", f"/CN={host}", "-addext", f"subjectAltName={uri}",
        "-addext", "extendedKeyUsage=clientAuth", "-out", work / "csr")
    run("ca", "-batch", "-notext", "-config", work / "conf", "-cert", fleet / "ca.crt", "-keyfile", fleet / "ca.key", "-startdate", start, "-enddate", end,
        "-in", work / "csr", "-out", etc / "host.crt")


def ends_at(certificate):
    return subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-enddate"], check=True, capture_output=True, text=True).stdout


@in_a_site
def an_expired_certificate_is_renewed_and_the_spool_is_not_stranded(site):
    site.open()
    site.join("web-1", site.token("one", "web-1"))
    renewed = site.folder("web-1") / "shipper" / "host.crt"
    issue(site, "web-1", "200101000000Z", "210101000000Z")
    site.run_host("web-1")
    support.wait_until("a receipt", lambda: site.receipted("web-1"))
    assert renewed.exists() and ends_at(renewed) != ends_at(site.folder("web-1") / "etc" / "host.crt")
    status = lambda: json.loads((site.folder("web-1") / "run" / "shipper.status").read_text())  # noqa: E731
    support.wait_until("the status to tell of it", lambda: status()["certificate_until"] > time.time())

    for name in ("web-1-sealer", "web-1-shipper"):
        site.end(name)
    seen = len(site.log("web-1-shipper"))
    site.run_host("web-1")
    support.wait_until("the renewed one to be used after a restart", lambda: "shipping to" in site.log("web-1-shipper")[seen:])
    assert site.log("registrar").count("has a new certificate") == 1


@in_a_site
def a_certificate_is_renewed_before_it_expires(site):
    site.open()
    site.join("web-1", site.token("one", "web-1"))
    issue(site, "web-1", "200101000000Z", time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + 86400)))
    site.run_host("web-1")
    support.wait_until("a receipt", lambda: site.receipted("web-1"))
    support.wait_until("a renewal", lambda: (site.folder("web-1") / "shipper" / "host.crt").exists())
    support.wait_until("that it is used", lambda: "the certificate was renewed" in (site.dir / "log" / "web-1-shipper.log").read_text())


@in_a_site
def a_stolen_tls_key_and_an_old_checkpoint_renew_nothing(site):
    site.open()
    site.join("web-1", site.token("one", "web-1"))
    site.run_host("web-1")
    support.wait_until("a receipt", lambda: site.receipted("web-1"))
    site.end("web-1-sealer")
    support.wait_until("all shipped", lambda: json.loads((site.folder("web-1") / "run" / "shipper.status").read_text())["state"] == "alone")
    site.end("web-1-shipper")
    # The spool has nothing that the sink has not; the thief has it, and the TLS key, and no identity key.
    issue(site, "web-1", "200101000000Z", "210101000000Z")
    with open(site.dir / "log" / "thief.log", "ab") as log:
        site.process["thief"] = subprocess.Popen([support.BIN / "swornlog-shipper", "--config", site.folder("web-1") / "agent.yaml"], stdout=log, stderr=log, env=support.ENV)
    support.wait_until("a refusal", lambda: "not newer than what the sink has" in site.log("thief"))
    assert not (site.folder("web-1") / "shipper" / "host.crt").exists()


class Newcomers(threading.Thread):
    """Brings one host after the other, each until it has joined or the token is spent."""

    def __init__(self, site, token, prefix, ending):
        super().__init__(daemon=True)
        self.site, self.token, self.prefix, self.ending = site, token, prefix, ending
        self.joined, self.spent = [], []

    def bring(self, host):
        base = self.site.folder(host)
        base.mkdir(parents=True, exist_ok=True)
        while True:
            r = subprocess.run([support.BIN / "swornlog", "join", "--token", self.token, "--host", host, "--etc", base / "etc", "--state", base / "state", "--wait", "0"],
                               capture_output=True, text=True, env=support.ENV, timeout=60)
            if r.returncode == 0 or "used as often" in r.stderr:
                return r.returncode == 0
            assert "run the same command again" in r.stderr, r.stderr

    def run(self):
        number = 0
        while not self.ending.is_set():
            number += 1
            host = f"{self.prefix}-{number}"
            (self.joined if self.bring(host) else self.spent).append(host)


@in_a_site
def killed_at_any_time_the_registrar_lets_nobody_in_twice(site):
    rng = random.Random(SEED)
    count = 2 * KILLS
    token = site.open().token("group", "*-*", "--count", str(count))
    ending = threading.Event()
    workers = [Newcomers(site, token, prefix, ending) for prefix in ("a", "b", "c")]
    for w in workers:
        w.start()
    for _ in range(KILLS):
        time.sleep(rng.uniform(0.0, 0.08))
        site.process["registrar"].send_signal(signal.SIGKILL)
        site.process["registrar"].wait()
        site.start_registrar()
    support.wait_until("the token to be spent", lambda: all(w.spent for w in workers), 120)
    ending.set()
    for w in workers:
        w.join(60)
    joined = [h for w in workers for h in w.joined]
    assert len(joined) == count == len(set(joined)), f"{len(joined)} of {count}"
    files = sorted(p.name for p in (site.dir / "registrar" / "joined").glob("*.enrol"))
    assert files == sorted(f"{h}.enrol" for h in joined), "what was counted is who has joined"
    site.stop()
    report = site.verify()
    assert report["verified"], report["findings"]
    fleet = subprocess.run(["grep", "-c", "-a", "^enrol$", *map(str, (site.store / "journal").iterdir())], capture_output=True, text=True, check=True)
    assert int(fleet.stdout) == count, fleet.stdout


if __name__ == "__main__":
    sys.exit(support.run([
        a_new_host_joins_with_a_one_time_token_and_its_first_batch_verifies,
        a_group_token_lets_in_as_many_as_it_says_and_no_more,
        what_a_token_does_not_allow_is_refused_with_a_reason,
        a_token_whose_statement_goes_round_lets_nobody_in_before_it_is_signed,
        what_is_no_request_gets_an_error_that_says_so,
        an_existing_authority_signs_what_it_finds_in_a_folder,
        an_expired_certificate_is_renewed_and_the_spool_is_not_stranded,
        a_certificate_is_renewed_before_it_expires,
        a_stolen_tls_key_and_an_old_checkpoint_renew_nothing,
        killed_at_any_time_the_registrar_lets_nobody_in_twice,
    ]))
