"""The deterministic CBOR of section 5: a small strict decoder and its encoder."""

from basics import Refused

MAX_DEPTH = 8
_SIMPLE = {0xF4: False, 0xF5: True, 0xF6: None}
Value = int | bytes | bool | None | list | dict


class _Reader:
    def __init__(self, data: bytes):
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise Refused("CBOR: cut short", "malformed")
        self.at += count
        return self.data[self.at - count : self.at]

    def argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise Refused("CBOR: indefinite or reserved length", "malformed")
        width = 1 << (info - 24)
        number = int.from_bytes(self.take(width), "big")
        least = 24 if width == 1 else 1 << (4 * width)
        if number < least:
            raise Refused("CBOR: integer not in its shortest form", "malformed")
        return number

    def item(self, depth: int) -> Value:
        first = self.take(1)[0]
        if first in _SIMPLE:
            return _SIMPLE[first]
        major = first >> 5
        if major not in (0, 1, 2, 4, 5):
            raise Refused(f"CBOR: item of type 0x{first:02x} is not allowed", "malformed")
        number = self.argument(first & 31)
        if major == 0:
            return number
        if major == 1:
            return -1 - number
        if major == 2:
            return self.take(number)
        if depth == MAX_DEPTH:
            raise Refused("CBOR: nested too deep", "malformed")
        return self.array(number, depth + 1) if major == 4 else self.map(number, depth + 1)

    def array(self, count: int, depth: int) -> list:
        return [self.item(depth) for _ in range(self.plausible(count))]

    def map(self, count: int, depth: int) -> dict:
        result, last = {}, -1
        for _ in range(self.plausible(count)):
            key = self.item(depth)
            if type(key) is not int or key <= last:
                raise Refused("CBOR: map keys must be ascending unsigned integers", "malformed")
            result[key] = self.item(depth)
            last = key
        return result

    def plausible(self, count: int) -> int:
        if count > len(self.data) - self.at:
            raise Refused("CBOR: cut short", "malformed")
        return count


def decode(data: bytes) -> Value:
    reader = _Reader(data)
    value = reader.item(0)
    if reader.at != len(data):
        raise Refused("CBOR: bytes after the item", "malformed")
    return value


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * width):
            return bytes([major << 5 | info]) + number.to_bytes(width, "big")
    raise ValueError("number too large for CBOR")


def encode(value: Value) -> bytes:
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(encode(item) for item in value)
    if isinstance(value, dict):
        pairs = (encode(key) + encode(value[key]) for key in sorted(value))
        return _head(5, len(value)) + b"".join(pairs)
    raise TypeError(type(value))
