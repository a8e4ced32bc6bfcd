"""Values kept on disk."""

import pickle

import pytest

from pdfbatch.outputs.results import PickleLog


@pytest.mark.parametrize("in_memory_bytes", [1, 1 << 20])
def test_values_come_back_from_their_places_while_others_are_added(in_memory_bytes: int) -> None:
    shelf = PickleLog(in_memory_bytes)
    places: list[int] = []
    for number in range(200):
        places.append(shelf.add(pickle.dumps(str(number) * number)))
        if number % 7 == 0:
            assert shelf.load(places[number // 2]) == str(number // 2) * (number // 2)
    assert [shelf.load(place) for place in places] == [str(number) * number for number in range(200)]


def test_a_shelf_that_is_closed_takes_nothing() -> None:
    shelf = PickleLog()
    shelf.close()
    with pytest.raises(ValueError, match="closed"):
        shelf.add(pickle.dumps(1))
