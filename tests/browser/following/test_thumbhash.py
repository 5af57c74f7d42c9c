"""The placeholder that the page draws is the one that the worker made."""

import random
from base64 import b64encode
from typing import Any

import pytest
from thumbhash import rgba_to_thumb_hash, thumb_hash_to_rgba

# Both round, the page to the nearest and the other down, after sums in another order.
TOLERANCE = 2

DECODE = """async (hash) => {
  const { decodeThumbhash } = await following.load("thumbhash.js");
  const { width, height, rgba } = decodeThumbhash(hash);
  return { width, height, rgba: [...rgba] };
}"""


def random_photo(number: int, *, has_alpha: bool) -> tuple[int, int, bytes]:
    """Blobs of colour, of whatever shape."""
    source = random.Random(number)
    width, height = source.randint(1, 100), source.randint(1, 100)
    blobs = [
        (source.uniform(0, width), source.uniform(0, height), source.choices(range(256), k=4))
        for _ in range(5)
    ]
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            near = min(blobs, key=lambda blob: (blob[0] - x) ** 2 + (blob[1] - y) ** 2)
            pixels += bytes([*near[2][:3], near[2][3] if has_alpha else 255])
    return width, height, bytes(pixels)


@pytest.mark.parametrize("has_alpha", [False, True])
def test_a_placeholder_looks_as_its_maker_means_it(visitor: Any, has_alpha: bool) -> None:
    visitor.follow(start=False)
    for number in range(20):
        hashed = rgba_to_thumb_hash(*random_photo(number, has_alpha=has_alpha))
        width, height, rgba = thumb_hash_to_rgba(hashed)
        drawn = visitor.page.evaluate(DECODE, b64encode(hashed).decode())
        assert (drawn["width"], drawn["height"]) == (width, height)
        pairs = zip(drawn["rgba"], rgba, strict=True)
        assert max(abs(mine - theirs) for mine, theirs in pairs) <= TOLERANCE


@pytest.mark.parametrize("hashed", [b"", b"\x01\x02\x03\x04", b"\x01\x02\x03\x00\x00", bytes(5)])
def test_what_is_no_placeholder_is_refused(visitor: Any, hashed: bytes) -> None:
    visitor.follow(start=False)
    refusal = visitor.page.evaluate(
        """async (hash) => {
          const { decodeThumbhash } = await following.load("thumbhash.js");
          try { decodeThumbhash(hash); } catch (error) { return error.name; }
        }""",
        b64encode(hashed).decode(),
    )
    assert refusal == "RangeError"
