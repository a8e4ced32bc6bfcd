"""The contract of outputs: one test for each sentence of ``pdfbatch.ports`` about them."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import unittest
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from pdfbatch.errors import Cause, DocumentError, OutputError
from pdfbatch.ports import Locality, Output, SupportsPreload, SupportsSizes, SupportsSweep
from pdfbatch.testing.probes import PATIENCE_SECONDS, wait_until

_STORAGE_CAUSES = {
    *(Cause.STORAGE_NOT_FOUND, Cause.STORAGE_DENIED, Cause.STORAGE_UNAVAILABLE, Cause.STORAGE_FULL),
}
_ODD_NAMES = (
    *("=_", "=2e=2e=2fx", "c=6fn.txt", "a.b.json", "_", "0", "-a.txt", f"{'x' * 195}.json", "deep/er/x.json"),
    *("A b  c.txt", "Deep Er/ÄÖ ß.txt", "e\u0301.txt", "письма/文書 2019.pdf.txt", "😀.json", "a+b&c=d;e@f,g.txt"),
    *("a#b.txt", "#/x.txt", "100%.txt", "%41.txt", "a%2Fb.txt", "%/%25.txt", "a[1].txt", "{a}.txt", "$a'(b)!^`~.txt"),
)
# A folder whose name is a pattern, or has an escape in it, and another one that the pattern matches, or that was meant.
_ODD_FOLDERS = (
    ("[ab]", "a"),
    ("{a,b}", "b"),
    ("a#", "a"),
    ("%61", "a"),
    ("a b", "a+b"),
    ("a+b", "a b"),
    ("a%20b", "a b"),
)
_VICTIM_BYTES = 4_000_000

# A process of its own that gets a pickled output, says that it is ready, and works until it is killed.
_WRITER = f"""
import pickle, sys
output, version = pickle.load(sys.stdin.buffer), 0
while True:
    version = version % 255 + 1
    output.write("deep/victim.json", bytes([version]) * {_VICTIM_BYTES})
    if version == 1:
        print("ready", flush=True)
"""
_READER = """
import pickle, sys
sys.stdout.buffer.write(pickle.load(sys.stdin.buffer).read("a/b.json"))
"""


class _SweepableOutput(Output, SupportsSweep, Protocol):
    """An output that can be swept."""


class OutputContract:
    """The tests of an output. Subclass it in a test module and say how to make the output; pytest does the rest.

        class TestMyOutput(OutputContract):
            def make_output(self) -> Output:
                return MyOutput(next(fresh_places))

    Its class must be importable in another process, as for any worker.
    """

    secrets: Sequence[str] = ()
    """Strings, such as a password that ``make_output`` uses, that no message and no address may contain."""

    def make_output(self) -> Output:
        """Return the output under test: each call one at a fresh and empty place."""
        raise NotImplementedError

    def make_unwritable_output(self) -> Output | None:
        """Return one of the same kind where nothing can be written (no such bucket, access denied); ``None`` if none is."""
        return None

    def count_temporary_files(self, output: Output) -> int | None:
        """Return how many files lie at the place beside those that ``names`` tells; ``None`` if that cannot be found out."""
        del output
        return None

    # --- the place ------------------------------------------------------------------------------------------------

    def test_a_check_makes_it_ready_and_leaves_nothing_behind(self) -> None:
        output = self.make_output()
        output.check()
        output.check()
        assert list(output.names()) == []
        output.write("a.txt", b"1")
        assert output.read("a.txt") == b"1"

    def test_a_check_keeps_what_is_there(self) -> None:
        output = self._make_filled("a.txt", "deep/b.txt")
        output.check()
        assert sorted(output.names()) == ["a.txt", "deep/b.txt"]

    def test_a_place_where_nothing_can_be_written_is_found_by_the_check(self) -> None:
        output = self._make_unwritable()
        try:
            output.check()
        except OutputError as error:
            self._must_hold_no_secret(str(error))
            return
        raise AssertionError("the check raised no OutputError")

    def test_a_write_that_fails_raises_a_document_error_with_a_storage_cause(self) -> None:
        output = self._make_unwritable()
        error = _error_of(partial(output.write, "a.txt", b"1"))
        assert error.cause in _STORAGE_CAUSES, error
        self._must_hold_no_secret(str(error))

    def test_addresses_are_full_and_tell_no_secret(self) -> None:
        output = self.make_output()
        place, address = output.uri(""), output.uri("deep/a.txt")
        assert address.startswith(place.rstrip("/")), (place, address)
        assert address.endswith("deep/a.txt"), address
        self._must_hold_no_secret(f"{place} {address} {output!r} {output}")

    # --- writing and reading --------------------------------------------------------------------------------------

    def test_what_was_written_is_read_back(self) -> None:
        output = self._make_filled()
        for data in (b"", b"\0\xff\r\n", b"x" * 3_000_000):
            output.write("a/b.bin", data)
            assert output.read("a/b.bin") == data, f"{len(data)} bytes came back changed"

    def test_a_write_replaces_what_was_there(self) -> None:
        output = self._make_filled()
        output.write("a.txt", b"a long first version")
        output.write("a.txt", b"short")
        assert output.read("a.txt") == b"short"
        assert list(output.names()) == ["a.txt"]

    def test_odd_names_are_kept_apart(self) -> None:
        output = self._make_filled(*_ODD_NAMES)
        assert sorted(output.names()) == sorted(_ODD_NAMES)
        for name in _ODD_NAMES:
            assert output.read(name) == name.encode(), name

    def test_odd_folders_are_listed_and_deleted_as_they_are_called(self) -> None:
        for number, (odd, other) in enumerate(_ODD_FOLDERS):
            output = self._make_filled(f"{number}/{odd}/x.txt", f"{number}/{odd}/deep/y.txt", f"{number}/{other}/x.txt")
            below = f"{number}/{odd}/"
            assert sorted(output.names(below)) == [f"{below}deep/y.txt", f"{below}x.txt"], odd
            output.delete(f"{below}x.txt")
            assert sorted(output.names()) == sorted((f"{below}deep/y.txt", f"{number}/{other}/x.txt")), odd
            output.delete(below)
            assert list(output.names()) == [f"{number}/{other}/x.txt"], odd

    def test_reading_a_name_that_is_not_there_says_so(self) -> None:
        output = self._make_filled("a.txt")
        for name in ("missing.txt", "no/such/folder.txt"):
            error = _error_of(partial(output.read, name))
            assert (error.cause, error.transient) == (Cause.STORAGE_NOT_FOUND, False), error
            assert name in str(error), error

    def test_many_writers_of_one_name_leave_one_whole_version(self) -> None:
        output = self._make_filled()
        versions = [bytes([number]) * 50_000 for number in range(8)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(partial(output.write, "same.json"), versions * 5))
        assert output.read("same.json") in versions, "two versions are mixed"
        assert list(output.names()) == ["same.json"]

    def test_writers_of_different_names_lose_none_of_them(self) -> None:
        output = self._make_filled()
        names = [f"{number % 3}/{number}.txt" for number in range(24)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(output.write, names, map(str.encode, names)))
        assert sorted(output.names()) == sorted(names), "a write was lost beside another one"
        assert [output.read(name) for name in names] == list(map(str.encode, names))

    def test_a_reader_sees_whole_versions_only(self) -> None:
        output = self._make_filled()
        versions = [bytes([number]) * 1_000_000 for number in range(2)]
        output.write("same.json", versions[0])
        with ThreadPoolExecutor(1) as threads:
            writing = threads.submit(lambda: [output.write("same.json", data) for data in versions * 5])
            while not writing.done():
                assert output.read("same.json") in versions, "a reader sees half a version"
            writing.result()

    # --- deleting -------------------------------------------------------------------------------------------------

    def test_deleting_a_name_takes_that_one_only(self) -> None:
        output = self._make_filled("a", "a.txt", "b/a")
        output.delete("a")
        assert sorted(output.names()) == ["a.txt", "b/a"]

    def test_deleting_a_name_with_a_slash_takes_all_below_it(self) -> None:
        output = self._make_filled("parts/1.json", "parts/x/2.json", "parts2/3.json", "parts.json")
        output.delete("parts/")
        assert sorted(output.names()) == ["parts.json", "parts2/3.json"]

    def test_deleting_what_is_not_there_is_fine(self) -> None:
        output = self._make_filled("a.txt")
        for name in ("missing.txt", "no/such/folder.txt", "missing/"):
            output.delete(name)
        assert list(output.names()) == ["a.txt"]

    # --- listing --------------------------------------------------------------------------------------------------

    def test_names_are_those_of_all_folders_or_those_that_begin_in_some_way(self) -> None:
        output = self._make_filled("a.txt", "b/1.txt", "b/c/2.txt", "b2/3.txt")
        assert sorted(output.names()) == ["a.txt", "b/1.txt", "b/c/2.txt", "b2/3.txt"]
        assert sorted(output.names("b/")) == ["b/1.txt", "b/c/2.txt"]
        assert sorted(output.names("b/c/2")) == ["b/c/2.txt"]
        assert sorted(output.names("b")) == ["b/1.txt", "b/c/2.txt", "b2/3.txt"]
        assert list(output.names("none/")) == []

    def test_a_place_that_is_not_there_yet_has_no_names(self) -> None:
        assert list(self.make_output().names()) == []

    def test_a_listing_is_as_fresh_as_the_last_call(self) -> None:
        output = self._make_filled()
        for number in range(5):
            output.write(f"{number}.txt", b"x")
            assert len(list(output.names())) == number + 1
        output.delete("0.txt")
        assert "0.txt" not in set(output.names())

    def test_sizes_are_those_of_all_names_as_they_are_now(self) -> None:
        output = self._make_filled("a.txt", "b c/1.txt", "b c/2.txt")
        if not isinstance(output, SupportsSizes):
            raise unittest.SkipTest("it does not know how long its files are")
        output.write("a.txt", b"")
        output.write("b c/2.txt", "long, ü".encode())
        assert sorted(output.sizes()) == [("a.txt", 0), ("b c/1.txt", 9), ("b c/2.txt", 8)]
        assert sorted(output.sizes("b c/2")) == [("b c/2.txt", 8)]

    # --- other processes ------------------------------------------------------------------------------------------

    def test_it_travels_in_a_pickle(self) -> None:
        output = self._make_filled("a.txt")
        copy: Output = pickle.loads(pickle.dumps(output))  # noqa: S301 (our own pickle)
        assert (copy.uri("a.txt"), copy.locality) == (output.uri("a.txt"), output.locality)
        assert copy.read("a.txt") == b"a.txt"

    def test_another_process_reaches_it_unless_it_says_that_none_can(self) -> None:
        output = self._make_shared()
        output.write("a/b.json", b"seen")
        found = subprocess.run(
            [sys.executable, "-c", _READER],
            input=pickle.dumps(output),
            env=_environment(),
            cwd=os.path.dirname(sys.executable),  # a worker may have another working directory
            stdout=subprocess.PIPE,
            timeout=PATIENCE_SECONDS,
            check=True,
        )
        assert found.stdout == b"seen"

    def test_a_killed_writer_leaves_a_whole_version_and_no_name_of_its_own(self) -> None:
        output = self._make_shared()
        kept: list[str] = []
        for moment in range(6):
            with _writer(output):
                if moment:  # what this process writes meanwhile must stay, too
                    kept.append(f"kept/{moment}.txt")
                    output.write(kept[-1], b"kept")
                time.sleep(0.007 * moment)  # each is killed at another moment, the first before it writes
            _must_be_whole(output)
            found = set(output.names())
            assert found >= {"deep/victim.json", *kept}, "a write was lost beside that of another process"
            assert found == {"deep/victim.json", *kept}, "a temporary file is told"

    # --- what it may be able to do --------------------------------------------------------------------------------

    def test_a_sweep_removes_what_killed_writers_left(self) -> None:
        output = self._make_sweepable()
        for _ in range(3):
            with _writer(output):
                if self.count_temporary_files(output) is not None:  # kill it while it writes, where that can be seen
                    wait_until(lambda: self.count_temporary_files(output), seconds=1.0)
            assert output.sweep() >= 0
            assert output.sweep() == 0, "a sweep leaves something for the next"
            assert not self.count_temporary_files(output), "a temporary file is left"
            _must_be_whole(output)

    def test_a_sweep_spares_writers_that_live(self) -> None:
        output = self._make_sweepable()
        with _writer(output) as writer:
            end = time.monotonic() + 1.0
            while time.monotonic() < end:
                self._sweep_beside(writer, output)
                assert writer.poll() is None, "a sweep took what another process was writing"
        _must_be_whole(output)

    def test_loading_it_beforehand_reaches_for_nothing(self) -> None:
        output = self.make_output()
        if not isinstance(output, SupportsPreload):
            raise unittest.SkipTest("it cannot be loaded beforehand")
        threads = set(threading.enumerate())
        output.load()
        output.load()
        assert set(threading.enumerate()) <= threads, "it started a thread, which no forked worker would have"
        assert pickle.dumps(output)

    # --- parts ----------------------------------------------------------------------------------------------------

    def _make_filled(self, *names: str) -> Output:
        """Return an output that was checked and holds these names; the data of each are the name."""
        output = self.make_output()
        output.check()
        for name in names:
            output.write(name, name.encode())
        return output

    def _make_shared(self) -> Output:
        output = self._make_filled()
        if output.locality is Locality.PROCESS:
            raise unittest.SkipTest("no other process can reach it")
        return output

    def _make_sweepable(self) -> "_SweepableOutput":
        output = self._make_shared()
        if not isinstance(output, SupportsSweep):
            raise unittest.SkipTest("it cannot be swept")
        return output

    def _sweep_beside(self, writer: "subprocess.Popen[bytes]", output: "_SweepableOutput") -> None:
        """Sweep while a writer writes: in the middle of a write, where that can be seen and a process be stopped."""
        if self.count_temporary_files(output) is None or not hasattr(signal, "SIGSTOP"):
            output.sweep()
            return
        before = output.read("deep/victim.json")[:1]
        wait_until(lambda: self.count_temporary_files(output), seconds=1.0)
        writer.send_signal(signal.SIGSTOP)
        output.sweep()
        writer.send_signal(signal.SIGCONT)
        wait_until(lambda: writer.poll() is not None or output.read("deep/victim.json")[:1] != before)

    def _make_unwritable(self) -> Output:
        output = self.make_unwritable_output()
        if output is None:
            raise unittest.SkipTest("there is no place of its kind where nothing can be written")
        return output

    def _must_hold_no_secret(self, text: str) -> None:
        assert not [secret for secret in self.secrets if secret in text], "a secret is told"


@contextmanager
def _writer(output: Output) -> Generator["subprocess.Popen[bytes]"]:
    """Give a process that writes one name again and again, and kill it at the end of the block."""
    command = [sys.executable, "-c", _WRITER]
    with subprocess.Popen(command, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        try:
            writer.stdin.write(pickle.dumps(output))
            writer.stdin.close()
            assert writer.stdout.readline() == b"ready\n", "another process cannot write to it"
            yield writer
        finally:
            writer.kill()


def _environment() -> dict[str, str]:
    """Let another process import what this one can."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}


def _must_be_whole(output: Output) -> None:
    data = output.read("deep/victim.json")
    assert len(data) == data.count(data[:1]) == _VICTIM_BYTES, "a version is torn"


def _error_of(call: Callable[[], object]) -> DocumentError:
    try:
        call()
    except DocumentError as error:
        return error
    raise AssertionError("it raised no DocumentError")
