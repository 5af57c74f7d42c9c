import pytest

from upload_gateway.prefer_header import preferred_wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["wait=10"], 10),
        (["wait=0"], 0),
        (["WAIT = 5"], 5),
        (['wait="7"'], 7),
        (["wait=1000"], 30),
        (["respond-async, wait=10"], 10),
        (["respond-async", "wait=10"], 10),
        (["wait=10; later, handling=lenient"], 10),
        (["wait=3, wait=9"], 3),
        (['foo="a, wait=5, b", wait=8'], 8),
        (['foo="a \\" wait=5", wait=8'], 8),
    ],
)
def test_a_wait_is_found_among_other_preferences(headers: list[str], seconds: int) -> None:
    assert preferred_wait(headers) == seconds


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [""],
        ["respond-async"],
        ["wait"],
        ["wait="],
        ["wait=soon"],
        ["wait=-1"],
        ["wait=1.5"],
        ["wait=٣"],
        ["waiting=5"],
        ['foo="wait=5'],
        ["," * 1_001 + "wait=5"],
    ],
)
def test_what_is_no_wait_is_ignored(headers: list[str]) -> None:
    assert preferred_wait(headers) is None
