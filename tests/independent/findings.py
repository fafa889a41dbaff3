"""What a verification has to say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from basics import Origin, Refused

DECLARED = ("loss", "epoch", "silent", "late", "clock")
STATEMENTS = ("same-machine", "unwitnessed")


@dataclass(frozen=True)
class Finding:
    verdict: str
    place: str
    reason: str
    origin: Origin | None = None

    @property
    def is_fault(self) -> bool:
        return self.verdict not in DECLARED + STATEMENTS

    def plain(self) -> dict[str, str]:
        return {"verdict": self.verdict, "place": self.place, "reason": self.reason}


class Findings:
    def __init__(self) -> None:
        self.all: list[Finding] = []

    def add(self, verdict: str, place: str, reason: str, origin: Origin | None = None) -> None:
        self.all.append(Finding(verdict, place, reason, origin))

    @contextmanager
    def guard(self, place: str, origin: Origin | None = None) -> Iterator[None]:
        """Whatever the block refuses becomes a finding."""
        try:
            yield
        except Refused as refused:
            self.add(refused.verdict, place, refused.reason, origin)

    def of(self, origin: Origin) -> list[Finding]:
        return [finding for finding in self.all if finding.origin == origin]

    def has(self, verdict: str) -> bool:
        return any(finding.verdict == verdict for finding in self.all)

    @property
    def fault(self) -> bool:
        return any(finding.is_fault for finding in self.all)
