"""Values kept on disk: read from any thread and any forked process, whatever happens to the file."""

import gc
import os
import pickle
import random
import resource
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress

import pytest

from pdfbatch.errors import Cause, ResultsUnavailableError
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.outputs.results import PickleLog, Results
from tests.children import run_in_child


def result(number: int, size: int = 0) -> DocumentResult:
    failure = Failure(cause=Cause.MALFORMED, message=f"{number}:" + "x" * size)
    return DocumentResult(document=Document(f"/{number}.pdf"), status=DocumentStatus.FAILED, failure=failure)


def is_right(found: DocumentResult, number: int) -> bool:
    return found.failure is not None and found.failure.message.startswith(f"{number}:")


def read_at_random(results: Results, times: int, seed: int) -> int:
    """Read some results, and return how many were wrong."""
    chosen = random.Random(seed)
    wrong = 0
    for _ in range(times):
        number = chosen.randrange(len(results))
        wrong += not is_right(results[number], number)
    return wrong


@pytest.mark.parametrize("in_memory_bytes", [1, 1 << 20])
def test_values_come_back_from_their_places_while_others_are_added(in_memory_bytes: int) -> None:
    values = PickleLog(in_memory_bytes)
    places: list[int] = []
    for number in range(200):
        places.append(values.add(pickle.dumps(str(number) * number)))
        if number % 7 == 0:
            assert values.load(places[number // 2]) == str(number // 2) * (number // 2)
    assert [values.load(place) for place in places] == [str(number) * number for number in range(200)]


def test_eight_threads_read_what_belongs_to_each_while_the_batch_goes_on() -> None:
    results = Results()
    for number in range(3000):
        results.add(result(number, 2500))
    wrong = list[int]()

    def read(seed: int) -> None:
        wrong.append(read_at_random(results, 2500, seed))

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for number in range(3000, 6000):
        results.add(result(number, 2500))
    for thread in threads:
        thread.join()
    assert wrong == [0] * 8


def test_forked_processes_read_what_belongs_to_each_while_the_batch_goes_on() -> None:
    results = Results()
    for number in range(4000):
        results.add(result(number, 2500))

    def read() -> bool:
        return read_at_random(results, 2000, os.getpid()) == 0

    ends = [run_in_child(read) for _ in range(4)]
    for number in range(4000, 5000):
        results.add(result(number, 2500))
    assert read_at_random(results, 2000, 1) == 0
    assert [end() for end in ends] == [True] * 4


def test_a_forked_process_cannot_add() -> None:
    results = Results()

    def add() -> bool:
        with pytest.raises(ResultsUnavailableError, match="forked"):
            results.add(result(1))
        return True

    assert run_in_child(add)()


def take_away(descriptor: int) -> None:
    os.dup2(0, descriptor)


@pytest.mark.parametrize("take", [os.close, take_away])
def test_a_host_that_closes_all_descriptors_gets_an_error_and_no_result_of_another(
    take: Callable[[int], object],
) -> None:
    def lose() -> bool:
        before = set(os.listdir("/proc/self/fd"))
        results = Results()
        for number in range(2000):
            results.add(result(number, 5000))
        (new,) = (
            int(name) for name in set(os.listdir("/proc/self/fd")) - before if os.path.exists(f"/proc/self/fd/{name}")
        )
        take(new)
        with pytest.raises(ResultsUnavailableError):
            results[0]
        for number in range(2000, 4000):  # the batch itself goes on, with what fits into memory
            results.add(result(number, 5000))
        return is_right(results[3999], 3999) and len(results) == 4000

    assert run_in_child(lose)()


def test_where_no_temporary_file_can_grow_results_stay_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    def fill() -> bool:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
        results = Results()
        for number in range(5000):
            results.add(result(number, 5000))
        said = [record for record in caplog.records if "no temporary file" in record.message]
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return len(said) == 1 and read_at_random(results, 5000, 1) == 0 and not results.is_stranded

    assert run_in_child(fill)()


def nameless_files() -> set[tuple[str, str]]:
    """Return descriptor and target of each open file without a name."""
    found: set[tuple[str, str]] = set()
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found.add((number, os.readlink(f"/proc/self/fd/{number}")))
    return {(number, target) for number, target in found if target.endswith("(deleted)")}


def test_a_log_that_nobody_uses_any_more_closes_its_file_without_a_warning() -> None:
    gc.collect()  # what other tests left
    before = nameless_files()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        values = PickleLog(1)
        values.add(pickle.dumps(1))
        opened = nameless_files() - before
        del values
        gc.collect()
    assert opened
    assert [str(warning.message) for warning in told if issubclass(warning.category, ResourceWarning)] == []
    assert not opened & nameless_files()


def test_a_log_that_is_closed_gives_nothing() -> None:
    values = PickleLog(1)
    number = values.add(pickle.dumps(1))
    values.close()
    values.close()
    with pytest.raises(ResultsUnavailableError):
        values.load(number)
