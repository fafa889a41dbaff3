"""Section 16 of docs/format.md: policies, and what a log and a witness say to each other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from basics import TYPE_COSIGNATURE, TYPE_ED25519, Key, Refused, decimal, parse_vkey, unbase64_hash
from notes import Checkpoint, parse_checkpoint, parse_note, verify_note

MAX_POLICY = 65536
MAX_OF_A_KIND = 32
MAX_NAME = 160
MAX_URL = 1024
MAX_PROOF = 63
MAX_REQUEST = 19244


class Group(NamedTuple):
    need: int
    members: list[bytes]


@dataclass
class Policy:
    logs: list[Key] = field(default_factory=list)
    witnesses: dict[bytes, Key] = field(default_factory=dict)
    groups: dict[bytes, Group] = field(default_factory=dict)
    quorum: bytes | None = None

    def reached(self, signed: set[bytes]) -> bool:
        """Whether these witnesses, by name, are a quorum."""
        if self.quorum == b"none":
            return True
        have = set(signed)
        for name, group in self.groups.items():
            if len(have.intersection(group.members)) >= group.need:
                have.add(name)
        return self.quorum in have


class Held(NamedTuple):
    checkpoint: Checkpoint
    times: dict[bytes, int]
    """When each witness has signed, by its name in the policy."""
    quorum: bool


def _key(policy: Policy, word: bytes, key_type: int) -> Key:
    try:
        key = parse_vkey(word.decode())
    except UnicodeDecodeError:
        raise Refused("policy: a vkey is not text") from None
    if key.type != key_type:
        raise Refused("policy: a key of the other type")
    if not key.name.isascii() or not key.name.isprintable() or len(key.name) > MAX_NAME:
        raise Refused("policy: a key's name is not visible ASCII of at most 160 bytes")
    if key.public in [known.public for known in [*policy.logs, *policy.witnesses.values()]]:
        raise Refused("policy: a key stands twice")
    return key


def _new_name(policy: Policy, name: bytes) -> bytes:
    if name == b"none" or len(name) > MAX_NAME or name in policy.witnesses or name in policy.groups:
        raise Refused("policy: a name is taken or can't be one")
    return name


def _check_url(words: list[bytes]) -> None:
    if len(words) > 1 or (words and len(words[0]) > MAX_URL):
        raise Refused("policy: words behind the URL, or one too long")


def _log(policy: Policy, vkey: bytes, *url: bytes) -> None:
    policy.logs.append(_key(policy, vkey, TYPE_ED25519))
    _check_url(list(url))


def _witness(policy: Policy, name: bytes, vkey: bytes, *url: bytes) -> None:
    policy.witnesses[_new_name(policy, name)] = _key(policy, vkey, TYPE_COSIGNATURE)
    _check_url(list(url))


def _group(policy: Policy, name: bytes, how: bytes, *members: bytes) -> None:
    taken = [member for group in policy.groups.values() for member in group.members]
    for member in members:
        if member not in policy.witnesses and member not in policy.groups:
            raise Refused("policy: a member is on no line above")
        if member in taken:
            raise Refused("policy: a member counts twice")
        taken.append(member)
    need = {b"all": len(members), b"any": 1}.get(how)
    need = decimal(how) if need is None else need
    if not 1 <= need <= len(members):
        raise Refused("policy: no such number of members")
    policy.groups[_new_name(policy, name)] = Group(need, list(members))


def _quorum(policy: Policy, name: bytes) -> None:
    if policy.quorum is not None:
        raise Refused("policy: two quorums")
    if name != b"none" and name not in policy.witnesses and name not in policy.groups:
        raise Refused("policy: the quorum is on no line above")
    policy.quorum = name


LINES: dict[bytes, Callable[..., None]] = {
    b"log": _log,
    b"witness": _witness,
    b"group": _group,
    b"quorum": _quorum,
}


def parse_policy(data: bytes) -> Policy:
    if len(data) > MAX_POLICY or (data and not data.endswith(b"\n")):
        raise Refused("policy: too long, or its last line is not ended")
    if any((c < 0x20 and c not in b"\t\n") or c == 0x7F for c in data):
        raise Refused("policy: control character")
    policy = Policy()
    for line in data.split(b"\n")[:-1]:
        words = [word for word in line.replace(b"\t", b" ").split(b" ") if word]
        if not words or words[0].startswith(b"#"):
            continue
        if words[0] not in LINES:
            raise Refused("policy: unknown line")
        try:
            LINES[words[0]](policy, *words[1:])
        except TypeError:
            raise Refused("policy: too few words, or too many") from None
    if policy.quorum is None:
        raise Refused("policy: no quorum")
    if max(len(policy.logs), len(policy.witnesses), len(policy.groups)) > MAX_OF_A_KIND:
        raise Refused("policy: too many of a kind")
    return policy


def hold(policy: Policy, data: bytes, log: Key | None = None) -> Held:
    """Check a checkpoint's lines; `log` is one that is known from elsewhere."""
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    logs = policy.logs if log is None else [log]
    if log is not None and policy.logs and log not in policy.logs:
        raise Refused("the policy does not list this log", "wrongly-sealed")
    logs = [key for key in logs if key.name == checkpoint.origin]
    signers = verify_note(note, logs + list(policy.witnesses.values()))
    if not any(key in logs for key in signers):
        raise Refused("no log of the policy has signed", "wrongly-sealed")
    first = {(line.name, line.id): line.signature for line in reversed(note.lines)}
    times = {
        name: int.from_bytes(first[key.name, key.id][:8], "big")
        for name, key in policy.witnesses.items()
        if key in signers
    }
    return Held(checkpoint, times, policy.reached(set(times)))


class Request(NamedTuple):
    old: int
    proof: list[bytes]
    note: bytes


def parse_request(data: bytes) -> Request:
    head, empty, note = data.partition(b"\n\n")
    first, *proof = head.split(b"\n")
    if len(data) > MAX_REQUEST or not empty or not note or not first.startswith(b"old "):
        raise Refused("request: malformed")
    if len(proof) > MAX_PROOF:
        raise Refused("request: the proof is too long")
    return Request(decimal(first[4:]), [unbase64_hash(line) for line in proof], note)
