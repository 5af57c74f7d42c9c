import pytest

from upload_gateway import rate_limits
from upload_gateway.api_key_file import KeyLimits
from upload_gateway.rate_limits import RateLimits

NONE = KeyLimits()


def test_what_is_left_is_told_in_the_fields_of_the_draft() -> None:
    limits = RateLimits(10, 1000)
    usage = limits.count("a", 300, NONE)
    assert usage.retry_after is None
    assert usage.fields["RateLimit-Policy"] == (
        '"requests";q=10;w=60, "bytes";q=1000;qu="content-bytes";w=3600'
    )
    requests, size = usage.fields["RateLimit"].split(", ")
    assert requests.startswith('"requests";r=9;t=')
    assert size.startswith('"bytes";r=700;t=')


def test_one_request_too_many_is_refused_until_the_window_ends() -> None:
    limits = RateLimits(2, 0)
    assert [limits.count("a", 0, NONE).retry_after for _ in range(2)] == [None, None]
    refused = limits.count("a", 0, NONE)
    assert refused.retry_after is not None
    assert 1 <= refused.retry_after <= 60
    assert refused.fields["RateLimit"].startswith('"requests";r=0;t=')
    assert limits.count("b", 0, NONE).retry_after is None


def test_bytes_beyond_the_limit_are_refused_and_not_counted() -> None:
    limits = RateLimits(0, 1000)
    assert limits.count("a", 900, NONE).retry_after is None
    refused = limits.count("a", 200, NONE)
    assert refused.retry_after is not None
    assert refused.retry_after > 60
    assert limits.count("a", 100, NONE).retry_after is None


def test_a_body_larger_than_the_limit_can_be_sent_once_in_a_window() -> None:
    limits = RateLimits(0, 1000)
    assert limits.count("a", 5000, NONE).retry_after is None
    assert limits.count("a", 1, NONE).retry_after is not None


def test_bytes_that_nobody_announced_count_for_the_next_request() -> None:
    limits = RateLimits(0, 1000)
    assert limits.count("a", None, NONE).retry_after is None
    limits.count_bytes("a", 2000, NONE)
    assert limits.count("a", None, NONE).retry_after is not None


def test_whoever_has_sent_their_bytes_may_still_ask() -> None:
    limits = RateLimits(10, 1000)
    limits.count("a", 1000, NONE)
    assert limits.count("a", 1, NONE).retry_after is not None
    assert limits.count("a", 0, NONE).retry_after is None


def test_an_owner_can_have_limits_of_their_own() -> None:
    limits = RateLimits(1, 0)
    own = KeyLimits(requests_per_minute=3)
    assert [limits.count("a", 0, own).retry_after for _ in range(3)] == [None] * 3
    assert limits.count("a", 0, own).retry_after is not None


def test_without_limits_nothing_is_told_and_nothing_refused() -> None:
    usage = RateLimits(0, 0).count("a", 10**12, NONE)
    assert (usage.fields, usage.retry_after) == ({}, None)


def test_what_is_remembered_of_many_addresses_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "_MOST_COUNTERS", 50)
    limits = RateLimits(5, 0)
    for number in range(500):
        limits.count(f"address {number}", 0, NONE)
        assert len(limits._storage.storage) <= 50
