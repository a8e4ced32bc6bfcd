"""Outputs: whole or not at all, on any storage, and no word about credentials."""

import errno
import importlib.util
import os
import pickle
import ssl
import subprocess
import sys
import time
import traceback
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from pdfbatch.common import output_key
from pdfbatch.errors import Cause, DependencyError, DocumentError, OutputError, UsageError
from pdfbatch.ports import Locality
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import Storage
from pdfbatch.storage.errors import storage_error
from pdfbatch.storage.temporary_names import temporary_name
from pdfbatch.testing.probes import wait_until

ONCE = RetryPolicy(attempts=1)
QUICK = RetryPolicy(attempts=3, backoff_seconds=0.001, max_backoff_seconds=0.001)


@pytest.fixture(params=["folder", "memory", "local filesystem"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """One storage of each strategy: the local folder, an object store, a remote file system with renames."""
    root = f"/{uuid.uuid4()}"
    match request.param:
        case "folder":
            yield Storage(str(tmp_path / "out"))
        case "memory":
            yield Storage(f"memory:/{root}")
        case _:
            yield Storage(str(tmp_path / "out"), filesystem=LocalFileSystem())


def test_what_was_written_is_read_back_and_listed(storage: Storage) -> None:
    storage.write("a.json", b"1")
    storage.write("parts/b/1.json", b"2" * 3_000_000)
    storage.write("a.json", b"3")
    assert (storage.read("a.json"), len(storage.read("parts/b/1.json"))) == (b"3", 3_000_000)
    assert sorted(storage.names()) == ["a.json", "parts/b/1.json"]
    assert list(storage.names("parts/")) == list(storage.names("parts/b/1")) == ["parts/b/1.json"]


def test_an_output_that_is_not_there_yet_has_no_names(storage: Storage) -> None:
    assert list(storage.names()) == list(storage.names("parts/")) == []


def test_a_listing_is_as_fresh_as_the_last_write(storage: Storage) -> None:
    for number in range(20):
        storage.write(f"{number}.txt", b"x")
        assert len(list(storage.names())) == number + 1


def test_deleting_takes_a_name_or_all_below_it_and_minds_nothing_missing(storage: Storage) -> None:
    for name in ("a.txt", "b.txt", "parts/1.json", "parts/x/2.json"):
        storage.write(name, b"x")
    storage.delete("parts/")
    storage.delete("a.txt")
    storage.delete("a.txt")
    storage.delete("never/")
    assert list(storage.names()) == ["b.txt"]


def test_reading_what_is_not_there_says_so(storage: Storage) -> None:
    with pytest.raises(DocumentError, match=r"nothing\.txt") as caught:
        storage.read("nothing.txt")
    assert (caught.value.cause, caught.value.transient) == (Cause.STORAGE_NOT_FOUND, False)


def test_a_check_leaves_nothing_behind(storage: Storage) -> None:
    storage.check()
    storage.check()
    assert list(storage.names()) == []


@pytest.mark.parametrize("name", ["../x", "/x", "a/../x", "", ".", "a//b", "a\\b", "a\0b", "..", "/", "../"])
def test_no_name_leads_out_of_the_output(storage: Storage, name: str) -> None:
    for action in (storage.read, storage.delete, partial(storage.write, data=b"x")):
        with pytest.raises(ValueError, match="Not a name below the output"):
            action(name)


def test_hostile_ids_are_written_below_the_root(storage: Storage) -> None:
    names = {output_key(identity) + ".json" for identity in ("../../x", "/etc/x", "CON", "é" * 400, "a\0", "..", "~")}
    for name in names:
        storage.write(name, b"x")
    assert set(storage.names()) == names


def test_a_storage_travels_to_another_process_without_its_connections(storage: Storage) -> None:
    storage.write("a", b"1")
    copy = pickle.loads(pickle.dumps(storage))
    assert copy.read("a") == b"1"
    assert copy == storage


def test_many_writers_of_one_name_leave_one_whole_version(storage: Storage) -> None:
    versions = [bytes([number]) * 50_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(storage.write, "same.json"), versions * 10))
    assert storage.read("same.json") in versions
    assert list(storage.names()) == ["same.json"]


# --- local folders ------------------------------------------------------------------------------------------------


WRITER = """
import sys
from pdfbatch.storage import Storage
storage, version = Storage(sys.argv[1], durability="each"), 0
while True:
    version = version % 255 + 1
    storage.write("deep/victim.json", bytes([version]) * 2_000_000)
"""


def test_a_killed_writer_that_flushes_leaves_no_torn_file(tmp_path: Path) -> None:
    storage, victim = Storage(str(tmp_path)), tmp_path / "deep" / "victim.json"
    for moment in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)]) as writer:
            try:
                assert wait_until(victim.exists)
                time.sleep(0.007 * moment)  # each is killed at another moment
            finally:
                writer.kill()
        data = storage.read("deep/victim.json")
        assert (len(data), data.count(data[:1])) == (2_000_000, 2_000_000)
        assert list(storage.names()) == ["deep/victim.json"]
        storage.sweep()
        assert list(victim.parent.iterdir()) == [victim]
        victim.unlink()


def test_sweeping_takes_what_a_writer_left_that_has_ended(tmp_path: Path) -> None:
    code = "from pdfbatch.storage.temporary_names import temporary_name; print(temporary_name())"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    (tmp_path / said.stdout.strip()).touch()
    assert Storage(str(tmp_path)).sweep() == 1
    assert list(tmp_path.iterdir()) == []


def test_sweeping_spares_files_of_live_writers_and_strangers(tmp_path: Path) -> None:
    spared = [temporary_name(), ".pdfbatch-00000000-1-00000000.tmp", "note.tmp", ".pdfbatch-x.tmp"]
    for name in spared:
        (tmp_path / name).touch()
    assert Storage(str(tmp_path)).sweep() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(spared)


def test_sweeping_takes_a_day_old_file_of_any_host(tmp_path: Path) -> None:
    old = tmp_path / ".pdfbatch-00000000-1-00000000.tmp"
    old.touch()
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    assert Storage(str(tmp_path)).sweep() == 1
    assert not old.exists()


FILLER = """
import resource, sys
from pdfbatch.errors import DocumentError
from pdfbatch.storage import Storage
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    Storage(sys.argv[1]).write("a.txt", b"x" * 2_000_000)
except DocumentError as error:
    print(error.cause, error.transient)
"""


@pytest.mark.skipif(os.name == "nt", reason="no file size limit there")
def test_a_write_that_finds_no_room_leaves_the_old_version_and_no_partial_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", FILLER, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["storage_full", "False"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.txt": b"old"}


def test_files_get_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    Storage(str(tmp_path)).write("ours", b"x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_relative_path_and_a_file_url_are_made_absolute(tmp_path: Path) -> None:
    assert Storage("out").url == str(Path.cwd() / "out")
    assert Storage(f"file://{tmp_path}/out/").url == str(tmp_path / "out")
    assert Storage(f"file://{tmp_path}").uri("a/b.txt") == str(tmp_path / "a" / "b.txt")


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_a_file_in_the_way_is_found_by_the_check(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"file.*cannot be written: it, or a folder above it, is a file"):
        Storage(f"{tmp_path}/file{below}").check()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_found_by_the_check(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        Storage(str(tmp_path)).check()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_file_system_that_takes_no_files_is_found_by_the_check() -> None:
    with pytest.raises(OutputError, match=r"The output /proc/self/out cannot be written: .+"):
        Storage("/proc/self/out").check()


def test_a_local_output_loads_neither_fsspec_nor_tenacity(tmp_path: Path) -> None:
    code = (
        "import sys; from pdfbatch.storage import Storage; from pdfbatch.storage.documents import read_document;"
        "from pdfbatch.model import Document; s = Storage(sys.argv[1]); s.check(); s.write('a', b'1'); s.sweep();"
        "read_document(Document(sys.argv[1] + '/a')); print({'fsspec', 'tenacity', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# --- remote -------------------------------------------------------------------------------------------------------


class Weather(MemoryFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """A storage with faults: raises the errors of its settings before it works."""

    protocol = "weather"
    cachable = False

    def __init__(self, errors: Sequence[BaseException] = ()) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.errors = list(errors)
        self.calls = 0

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: object) -> None:
        self.calls += 1
        super().pipe_file(path, value, mode)  # pyright: ignore[reportUnknownMemberType]
        if self.errors:
            raise self.errors.pop(0)


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs /proc")
def test_loading_for_s3_imports_its_client_and_starts_no_thread() -> None:
    pytest.importorskip("s3fs")
    code = (
        "import os, sys; from pdfbatch.storage import Storage\n"
        "Storage('s3://bucket/folder').load(); print('aiohttp' in sys.modules, len(os.listdir('/proc/self/task')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "1"]


def test_passing_trouble_is_tried_again_and_leaves_one_whole_object() -> None:
    weather = Weather([ConnectionResetError("reset"), TimeoutError()])
    storage = Storage(f"weather://{uuid.uuid4()}", filesystem=weather, retry=QUICK)
    storage.write("a.txt", b"whole")
    assert (weather.calls, storage.read("a.txt"), list(storage.names())) == (3, b"whole", ["a.txt"])


@pytest.mark.parametrize(
    ("error", "cause", "transient"),
    [
        (PermissionError("Access Denied"), Cause.STORAGE_DENIED, False),
        (OSError(errno.EINVAL, "Bad Request"), Cause.STORAGE_DENIED, False),
        (FileNotFoundError("The specified bucket does not exist"), Cause.STORAGE_NOT_FOUND, False),
        (OSError(errno.ENOSPC, "No space left on device"), Cause.STORAGE_FULL, False),
        (OSError(errno.EBUSY, "Please reduce your request rate."), Cause.STORAGE_UNAVAILABLE, True),
        (ConnectionRefusedError("refused"), Cause.STORAGE_UNAVAILABLE, True),
        (TimeoutError(), Cause.STORAGE_UNAVAILABLE, True),
        (TypeError("unexpected keyword"), Cause.STORAGE_UNAVAILABLE, False),
    ],
)
def test_errors_of_a_storage_are_told_apart(error: Exception, cause: Cause, transient: bool) -> None:
    weather = Weather([error] * 9)
    storage = Storage("weather://b/out", filesystem=weather, retry=QUICK)
    with pytest.raises(DocumentError) as caught:
        storage.write("a.txt", b"x")
    assert (caught.value.cause, caught.value.transient) == (cause, transient)
    assert weather.calls == (3 if transient else 1) * (2 if isinstance(error, FileNotFoundError) else 1)
    with pytest.raises(OutputError, match="weather://b/out cannot be written"):
        storage.check()


def raised_from(error: Exception, cause: Exception) -> Exception:
    """An error as a library raises it for another one."""
    error.__cause__ = cause
    return error


def test_what_s3fs_leaves_out_is_found_in_the_error_behind() -> None:
    client_error: Any = pytest.importorskip("botocore.exceptions").ClientError

    def answered(status: int, code: str) -> Exception:
        said: Exception = client_error(
            {"Error": {"Code": code, "Message": "No."}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject"
        )
        return said

    blocked = storage_error(answered(403, ""), "s3://b/a.pdf")
    assert (blocked.cause, blocked.transient) == (Cause.STORAGE_DENIED, False)
    for code in (
        "InvalidObjectState",
        "KMS.DisabledException",
        "ExpiredToken",
    ):  # by which a batch knows whether to go on
        refused = storage_error(raised_from(PermissionError("No."), answered(403, code)), "s3://b/a.pdf")
        assert refused.cause is Cause.STORAGE_DENIED
        assert code in str(refused)
        assert ("restore it first" in str(refused)) is (code == "InvalidObjectState")
    gone = storage_error(raised_from(FileNotFoundError(2, "No."), answered(404, "NoSuchBucket")), "s3://b/a.pdf")
    assert str(gone) == "s3://b/a.pdf: not found (NoSuchBucket: No.)"


def test_a_certificate_that_is_not_trusted_is_not_asked_for_again() -> None:
    distrust = ssl.SSLCertVerificationError(1, "certificate verify failed: unable to get local issuer certificate")
    for error in (distrust, raised_from(OSError("Cannot connect to host"), distrust)):
        assert not storage_error(error, "s3://b/a.pdf").transient


def test_a_write_that_fails_halfway_is_absent_under_its_final_name() -> None:
    storage = Storage(f"weather://{uuid.uuid4()}", filesystem=Weather([PermissionError("no")]), retry=ONCE)
    with pytest.raises(DocumentError):
        storage.write("a.txt", b"half")
    assert list(storage.names()) == []


def test_secrets_are_in_no_text() -> None:
    options = {"key": "AKIA-ident", "secret": "s3cr3t-value", "client_kwargs": {"aws_session_token": "t0k3n"}}
    storage = Storage("sftp://user:hunter2@host/out", options)
    error = storage_error(OSError("signed with s3cr3t-value and t0k3n by AKIA-ident"), storage.url, options)
    signed = storage_error(OSError("https://host/a.pdf?X-Signature=abcdef failed"), "https://host/a.pdf?sig=abcdef")
    text = f"{storage!r} {storage} {storage.uri('a.txt')} {error!r} {error} {signed}"
    assert not [secret for secret in ("hunter2", "s3cr3t", "t0k3n", "AKIA", "abcdef") if secret in text]
    assert "sftp://host/out" in text


def test_secrets_are_in_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=signature-of-azure")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token-file")
    said = "https://user:hunter2@host/a?sig=abcdef failed with k3y-value, signature-of-azure and /run/token-file"
    weather = Weather([raised_from(OSError(said), ValueError(said)) for _ in range(2)])
    options = {"connection_string": "AccountName=n;AccountKey=k3y-value"}
    storage = Storage("weather://b/out", {**options}, filesystem=weather, retry=ONCE)
    with pytest.raises(DocumentError) as caught:
        storage.write("a.txt", b"x")
    with pytest.raises(OutputError) as of_the_check:
        storage.check()
    text = "".join([*traceback.format_exception(caught.value), *traceback.format_exception(of_the_check.value)])
    assert not [secret for secret in ("hunter2", "abcdef", "k3y-value", "signature-of-azure") if secret in text]
    assert "LibraryError" in text
    assert "in pipe_file" in text  # where the library raised it
    assert "/run/token-file" in text


def test_a_protocol_without_its_package_says_what_to_install() -> None:
    with pytest.raises(UsageError, match="nosuchthing"):
        Storage("nosuchthing://bucket/out", retry=ONCE).check()


@pytest.mark.skipif(bool(importlib.util.find_spec("gcsfs")), reason="gcsfs is installed")
def test_a_known_protocol_without_its_package_says_what_to_install() -> None:
    with pytest.raises(DependencyError, match="gcsfs"):
        Storage("gs://bucket/out", retry=ONCE).check()


def test_only_memory_is_seen_by_this_process_alone() -> None:
    assert Storage("memory://out").locality is Locality.PROCESS
    assert Storage("simplecache::memory://out").locality is Locality.PROCESS
    assert Storage("out", filesystem=MemoryFileSystem()).locality is Locality.PROCESS
    assert Storage("s3://memory/memory").locality is not Locality.PROCESS
    assert Storage("memory").locality is not Locality.PROCESS
