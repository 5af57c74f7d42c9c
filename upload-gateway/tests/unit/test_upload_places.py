from contextlib import ExitStack

import pytest

from upload_gateway.problems import Problem
from upload_gateway.upload_places import UploadPlaces


def test_one_visitor_gets_half_and_others_the_rest() -> None:
    places = UploadPlaces(4)
    with ExitStack() as uploads:
        for visitor in ("a", "a", "b"):
            uploads.enter_context(places.taken_by(visitor))
        with pytest.raises(Problem) as refused, places.taken_by("a"):
            pass
        assert (refused.value.status, refused.value.code) == (503, "over_capacity")
        uploads.enter_context(places.taken_by("c"))
        with pytest.raises(Problem), places.taken_by("d"):
            pass
    assert places.taken == 0


def test_a_place_is_free_again_however_its_upload_ended() -> None:
    places = UploadPlaces(1)
    for _ in range(3):
        with pytest.raises(ConnectionError), places.taken_by("a"):
            raise ConnectionError
    assert places.taken == 0
