"""The sink's operator as an attacker: a store rewritten with the fleet log's own key, so that everything in it fits together again."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "independent"))
import build  # noqa: E402
import cbor  # noqa: E402
from basics import Key, unbase64  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: E402
from tree import Tree, leaf_hash  # noqa: E402

BATCH, FLEET = 1, 2
HOUR_US = 3_600_000_000


class StolenSigner(build.Signer):
    """From `PRIVATE+KEY+<name>+<id>+<base64(type || seed)>`."""

    def __init__(self, path):
        _, _, name, _, secret = pathlib.Path(path).read_text().strip().split("+", 4)
        data = unbase64(secret.encode())
        self.private = Ed25519PrivateKey.from_private_bytes(data[1:])
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key = Key(name, public, data[0])


class Rewriter:
    """All records of a store with one journal. Change `records`, then write()."""

    def __init__(self, store, signer):
        self.store, self.signer = pathlib.Path(store), signer
        (self.path,) = sorted((self.store / "journal").iterdir())
        data = self.path.read_bytes()
        self.number = int.from_bytes(data[8:16], "big")
        self.records = build.split_records(data)

    def fleet(self):
        """Positions of the fleet records."""
        return [i for i, (kind, _) in enumerate(self.records) if kind == FLEET]

    def ends(self):
        """Positions behind each commit group."""
        return [i + 1 for i in self.fleet() if cbor.decode(self.records[i][1])[3] is not None]

    def alter(self):
        """Backdate the first entry after the genesis statement that names nobody's head."""
        for i in self.fleet()[1:]:
            index, entry, heads, note = cbor.decode(self.records[i][1])
            if heads:
                continue
            body = cbor.decode(entry)
            body[1] -= HOUR_US
            self.records[i] = (FLEET, cbor.encode([index, cbor.encode(body), heads, note]))
            return

    def truncate(self):
        """Cut off the last third of the commits."""
        ends = self.ends()
        del self.records[ends[2 * len(ends) // 3] :]

    def fork(self):
        """The same, and something else in their place."""
        self.truncate()
        time = max(cbor.decode(cbor.decode(self.records[i][1])[1])[1] for i in self.fleet())
        for n in range(4):
            entry = cbor.encode([5, time + n, 4, b"nobody"])
            self.records.append((FLEET, cbor.encode([0, entry, [], b""])))

    def write(self):
        """Number and sign everything anew; tiles and checkpoint too."""
        sink = build.Sink.__new__(build.Sink)
        sink.entries, sink.leaves, sink.note = [], [], b""
        tree = Tree()
        for i in self.fleet():
            _, entry, heads, note = cbor.decode(self.records[i][1])
            sink.entries.append(entry)
            sink.leaves.append(leaf_hash(entry))
            tree.add(sink.leaves[-1])
            if note is not None:
                text = f"{self.signer.key.name}\n{tree.size}\n".encode() + build.base64_text(tree.root()) + b"\n"
                note = sink.note = build.make_note(text, self.signer)
            self.records[i] = (FLEET, cbor.encode([len(sink.entries) - 1, entry, heads, note]))
        self.path.write_bytes(build.file_bytes(b"swljrnl1", self.number, self.records))
        folder = self.store / "fleet"
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        sink.write_tiles(folder)
