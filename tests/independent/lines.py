"""Lines and what stands between them in the texts of sections 10 and 17, taken one after the other."""

from basics import Refused, shown, unbase64_hash


class Lines:
    def __init__(self, data: bytes, what: str):
        self.rest = data
        self.what = what

    def refuse(self, why: str) -> Refused:
        return Refused(f"{self.what}: {why}")

    def line(self) -> bytes:
        line, newline, self.rest = self.rest.partition(b"\n")
        if not newline:
            raise self.refuse("cut short")
        return line

    def words(self, word: bytes, count: int) -> list[bytes]:
        line = self.line()
        parts = line.split(b" ")
        if parts[0] != word or len(parts) != count + 1 or not all(parts):
            raise self.refuse(f"expected `{word.decode()}`, found {shown(line)}")
        return parts[1:]

    def next_is(self, word: bytes) -> bool:
        return self.rest.startswith(word + b" ")

    def taken(self, length: int) -> bytes:
        if length > len(self.rest):
            raise self.refuse("cut short")
        data, self.rest = self.rest[:length], self.rest[length:]
        return data

    def hashes(self, most: int | None = None) -> list[bytes]:
        """Hashes up to and including the empty line."""
        found = []
        while line := self.line():
            found.append(unbase64_hash(line))
        if most is not None and len(found) > most:
            raise self.refuse("a path is too long")
        return found
