"""Section 19.3: the fleet log's generations."""

from dataclasses import dataclass

from basics import Key, Refused, decimal, unbase64_hash

MAX_GENERATION = 4294967295


def generation_of(origin: str, log: Key) -> int:
    """`log` is the key that the genesis statement names; its name is generation 1's."""
    if origin == log.name:
        return 1
    prefix = log.name + "/"
    if not origin.startswith(prefix):
        raise Refused("the checkpoint is of another log")
    number = decimal(origin.removeprefix(prefix).encode())
    if not 2 <= number <= MAX_GENERATION:
        raise Refused("no generation of the fleet log")
    return number


def key_of(log: Key, generation: int) -> Key:
    return log if generation == 1 else Key(f"{log.name}/{generation}", log.public)


@dataclass(frozen=True)
class Restored:
    former: int
    size: int
    root: bytes
    generation: int


def parse_restored(detail: bytes, log: Key) -> Restored:
    try:
        origin, size, root, generation = detail.split(b" ")
        found = Restored(generation_of(origin.decode("ascii"), log), decimal(size), unbase64_hash(root), decimal(generation))
    except (ValueError, Refused):
        raise Refused("the entry that the sink was restored is malformed", "malformed") from None
    if not found.former < found.generation <= MAX_GENERATION:
        raise Refused("the generations do not ascend", "malformed")
    return found


class Generations:
    """Those that a fleet log tells of."""

    def __init__(self) -> None:
        self.rows: list[Restored] = []

    @property
    def newest(self) -> int:
        return self.rows[-1].generation if self.rows else 1

    def at(self, size: int) -> int:
        """Whose name the checkpoint of that size bears."""
        return max([1] + [row.generation for row in self.rows if row.size < size])

    def lost(self, generation: int, size: int) -> Restored | None:
        """Where the log went on without all that a head of that generation stands for."""
        for row in self.rows:
            if generation < row.generation and size > row.size:
                return row
        return None
