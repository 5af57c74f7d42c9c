from contextlib import ExitStack

import pytest

from photo_domain.errors import ErrorCode, RequestError
from photo_uploads.upload_places import ShareTakenError, UploadPlaces


def test_one_visitor_gets_half_and_others_the_rest() -> None:
    places = UploadPlaces(4)
    with ExitStack() as uploads:
        for visitor in ("a", "a", "b"):
            uploads.enter_context(places.taken_by(visitor))
        with pytest.raises(RequestError) as refused, places.taken_by("a"):
            pass
        assert refused.value.code is ErrorCode.OVER_CAPACITY
        assert isinstance(refused.value, ShareTakenError)
        uploads.enter_context(places.taken_by("c"))
        with pytest.raises(RequestError) as refused, places.taken_by("d"):
            pass
        assert not isinstance(refused.value, ShareTakenError)
    assert places.taken == 0


def test_those_who_are_not_known_yet_may_have_all_but_no_more() -> None:
    places = UploadPlaces(3)
    with ExitStack() as uploads:
        for _ in range(3):
            uploads.enter_context(places.taken_by())
        for visitor in ("", "a"):
            with pytest.raises(RequestError) as refused, places.taken_by(visitor):
                pass
            assert refused.value.code is ErrorCode.OVER_CAPACITY
    assert places.taken == 0


def test_a_place_is_free_again_however_its_upload_ended() -> None:
    places = UploadPlaces(1)
    for _ in range(3):
        with pytest.raises(ConnectionError), places.taken_by("a"):
            raise ConnectionError
    assert places.taken == 0
