"""Further files, made from those of the corpus by chance."""

from collections.abc import Callable
from random import Random

from hostile_files.corpus import make
from hostile_files.hostile_file import (
    ANY_REFUSAL,
    CRASHED,
    ENCRYPTED,
    SUCCESS,
    UNSUPPORTED,
    HostileFile,
)
from photo_domain.file_format import SNIFF_SIZE, FileFormat
from photo_domain.limits import UPLOAD_LIMITS

_WILD_NUMBERS = (0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)


def fuzz_file(seed: int, index: int) -> HostileFile:
    """The file with that number: of the corpus where it is even, else a changed one of it."""
    if index % 2 == 0:
        return make(seed, index // 2)
    rng = Random(f"changed/{seed}/{index}")
    original = make(seed, rng.getrandbits(32))
    data = original.data
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        # The first bytes decide which decoder is asked: they stay.
        head, body = data[:SNIFF_SIZE], data[SNIFF_SIZE:]
        data = (head + rng.choice(_CHANGES)(rng, body))[: UPLOAD_LIMITS.max_file_size]
    return HostileFile(data, original.claimed, _right(original), f"{original.kind}, changed")


def _right(original: HostileFile) -> frozenset[str]:
    if original.right == {UNSUPPORTED}:
        return original.right
    right = {SUCCESS, ENCRYPTED, *ANY_REFUSAL}
    if original.claimed is FileFormat.PDF:
        # A few lines that draw each other can take all the memory there is.
        right.add(CRASHED)
    return frozenset(right)


def _flip(rng: Random, body: bytes) -> bytes:
    if not body:
        return body
    at = rng.randrange(len(body))
    return body[:at] + bytes((body[at] ^ 1 << rng.randrange(8),)) + body[at + 1 :]


def _wild_number(rng: Random, body: bytes) -> bytes:
    size = rng.choice((1, 2, 4))
    at = rng.randint(0, max(0, len(body) - size))
    number = rng.choice(_WILD_NUMBERS) & ((1 << 8 * size) - 1)
    written = number.to_bytes(size, "big" if rng.random() < 0.5 else "little")
    return body[:at] + written + body[at + size :]


def _decimal_number(rng: Random, body: bytes) -> bytes:
    at = rng.randint(0, len(body))
    digits = rng.choice((b"0", b"-1", b"9999999999", b"1e30", b"4 0 R", b"%d" % rng.randrange(20)))
    return body[:at] + digits + body[at + rng.randint(0, len(digits)) :]


def _remove(rng: Random, body: bytes) -> bytes:
    start, end = _part(rng, body)
    return body[:start] + body[end:]


def _repeat(rng: Random, body: bytes) -> bytes:
    start, end = _part(rng, body)
    return body[:end] + body[start:end] * rng.choice((1, 1, 3, 50)) + body[end:]


def _move(rng: Random, body: bytes) -> bytes:
    start, end = _part(rng, body)
    rest = body[:start] + body[end:]
    at = rng.randint(0, len(rest))
    return rest[:at] + body[start:end] + rest[at:]


def _noise(rng: Random, body: bytes) -> bytes:
    start, end = _part(rng, body)
    return body[:start] + rng.randbytes(end - start) + body[end:]


def _part(rng: Random, body: bytes) -> tuple[int, int]:
    start = rng.randint(0, len(body))
    return start, min(len(body), start + rng.choice((1, 4, 12, 64, 512, 4_096)))


_CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip,
    _wild_number,
    _decimal_number,
    _remove,
    _repeat,
    _move,
    _noise,
)
