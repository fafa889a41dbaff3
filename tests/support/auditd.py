"""auditd's own tools, as oracles: those that are installed, or those of the package, unpacked and never installed.

Nothing is started that changes the machine.
"""
import os
import pathlib
import shutil
import subprocess

PACKAGES = ("auditd", "libauparse0", "libaudit1")
UNPACKED = pathlib.Path(os.environ.get("BUILD", "build")).resolve() / "auditd"


def _unpack():
    """True if the packages' files are in UNPACKED."""
    if (UNPACKED / "done").exists():
        return True
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir(parents=True)
    got = subprocess.run(["apt-get", "-q", "download", *PACKAGES], cwd=UNPACKED, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if got.returncode != 0:
        return False
    for package in UNPACKED.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, UNPACKED], check=True)
    (UNPACKED / "done").touch()
    return True


def tool(name):
    """(program, environment) of ausearch or aureport; None if it can't be had."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found:
        return found, dict(os.environ)
    if not _unpack():
        return None
    libraries = ":".join(str(p.parent) for p in UNPACKED.glob("**/libauparse.so.0"))
    return str(next(UNPACKED.glob(f"**/sbin/{name}"))), dict(os.environ, LD_LIBRARY_PATH=libraries)


def rules():
    """The folder of the rules that the package ships as examples; None if it can't be had."""
    installed = pathlib.Path("/usr/share/doc/auditd/examples/rules")
    if any(installed.glob("*.rules")):
        return installed
    return next((p.parent for p in UNPACKED.glob("**/30-stig.rules*")), None) if _unpack() else None
