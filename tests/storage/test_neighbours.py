"""Versions of objects that are named one by one come from listings where that takes fewer requests."""

from collections.abc import Iterator, Sequence

import pytest

from pdfbatch.settings import RetryPolicy
from pdfbatch.storage.calls import CallPolicy
from pdfbatch.storage.neighbours import NeighbourVersions
from pdfbatch.storage.remote_documents import RemoteDocument, remote_fingerprint
from tests.storage.object_server import ObjectServer, refusal

POLICY = CallPolicy(retry=RetryPolicy(attempts=1))


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with ObjectServer() as server:
        yield server


def found_by_listings(server: ObjectServer, names: Sequence[str]) -> int:
    """Ask for all versions, check them, and return how many came from listings."""
    neighbours, count = NeighbourVersions(policy=POLICY), 0
    for name in names:
        document = RemoteDocument(f"{server.url}/{name}", options=server.options)
        if (found := neighbours.find(document)) is not None:
            count += 1
            assert found == remote_fingerprint(document, POLICY), name
    return count


def test_a_folder_is_listed_when_some_of_it_have_been_asked_for(server: ObjectServer) -> None:
    names = [f"in/{number:04} ü#%25.pdf" for number in range(2000)]
    server.put(*names, *(f"in/deep/{number}.pdf" for number in range(50)))
    assert found_by_listings(server, names[::4]) == 500 - 7
    assert server.count_listings() <= 4
    server.requests.clear()
    assert found_by_listings(server, names[:7]) == 0
    assert server.count_listings() == 0


def test_few_among_many_are_asked_for_singly(server: ObjectServer) -> None:
    names = [f"in/{number:05}.pdf" for number in range(12_000)]
    server.put(*names)
    found_by_listings(server, names[::800])
    assert server.count_listings() <= 2


def test_what_may_not_be_listed_and_what_is_gone_is_asked_for_singly(server: ObjectServer) -> None:
    names = [f"in/{number:04}.pdf" for number in range(30)]
    server.put(*names[:20])
    assert found_by_listings(server, [*names[:20], "other/x.pdf"]) == 13
    server.answer = lambda method, path: (403, refusal("AccessDenied"), {}) if "list-type" in path else None
    server.requests.clear()
    assert found_by_listings(server, names[:20]) == 0
    assert server.count_listings() == 1
