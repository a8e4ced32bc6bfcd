"""Folders of S3, page by page: s3fs gives a folder as a whole, which for a million objects takes a thousand requests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from pdfbatch.common import SafeLogger
from pdfbatch.storage import fingerprints
from pdfbatch.storage.calls import BoundedFileSystem, run_in_thread
from pdfbatch.storage.fsspec import is_s3
from pdfbatch.storage.tree import Listed

log: SafeLogger = SafeLogger(__name__)

# The first page is short: a name takes botocore a tenth of a millisecond, and nothing is read before they are all there.
# Each one after it is twice as long, up to what S3 gives at one time.
FIRST_NAMES = 200
MOST_NAMES = 1000


@dataclass(frozen=True, slots=True)
class ListingPage:
    """Some of the names in a folder; ``token`` asks for those after them, and is empty when there are none."""

    names: list[Listed]
    token: str = ""


def runs(asked: Callable[[str, int], ListingPage]) -> Iterator[Sequence[Listed]]:
    """The names of all pages; the next one is asked for while the last quarter of one is gone through.

    ``asked`` gives the page after a token, of so many names at most, in any thread.
    """
    most = FIRST_NAMES
    page = asked("", most)
    while page.token:
        early = len(page.names) * 3 // 4
        yield page.names[:early]
        most = min(2 * most, MOST_NAMES)
        following = run_in_thread(partial(asked, page.token, most))
        yield page.names[early:]
        page = following.result()
    yield page.names


def has_pages(filesystem: BoundedFileSystem, path: str) -> bool:
    """Whether a file system can be asked for pages of a folder: buckets are listed as a whole, and old versions of objects
    in the file system's own way.
    """
    return is_s3(filesystem) and path.strip("/") != "" and not getattr(filesystem.inner, "version_aware", False)


def page(filesystem: BoundedFileSystem, path: str, token: str, most: int) -> ListingPage:
    """The names in a folder after those that came before ``token``, at most so many. Raises what the file system raises."""
    bucket, prefix = _prefix(filesystem, path)
    answer, following = _list_names(filesystem, token, Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=most)
    return ListingPage([*_folders(answer, prefix, bucket), *_files(answer, prefix)], following)


def page_below(filesystem: BoundedFileSystem, path: str, token: str, most: int, beginning: str = "") -> ListingPage:
    """The same for the files at any depth below a folder, by their path from there, which may be asked to begin somehow."""
    bucket, prefix = _prefix(filesystem, path)
    answer, following = _list_names(filesystem, token, Bucket=bucket, Prefix=prefix + beginning, MaxKeys=most)
    return ListingPage([one for one in _files(answer, prefix) if not one[0].endswith("/")], following)


def is_folder(filesystem: BoundedFileSystem, path: str) -> bool:
    """Whether there are names in a folder; a bucket is one without them, too. Raises what the file system raises."""
    bucket, prefix = _prefix(filesystem, path)
    try:
        answer = filesystem.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1)
    except FileNotFoundError:
        return False
    return not prefix or bool(answer.get("Contents"))


def _prefix(filesystem: BoundedFileSystem, path: str) -> tuple[str, str]:
    """The bucket of a folder, and what the keys in it begin with."""
    bucket, key, _ = cast("tuple[str, str, object]", cast("Any", filesystem.inner).split_path(path))
    return bucket, f"{key.strip('/')}/" if key.strip("/") else ""


def _list_names(filesystem: BoundedFileSystem, token: str, **wanted: object) -> tuple[Mapping[str, Any], str]:
    """The answer, and the token of the page after it."""
    after = {"ContinuationToken": token} if token else {}
    answer = filesystem.call_s3("list_objects_v2", **wanted, **after)
    return answer, str(answer["NextContinuationToken"]) if answer.get("IsTruncated") else ""


def _folders(answer: Mapping[str, Any], prefix: str, bucket: str) -> list[Listed]:
    names = [str(one["Prefix"])[len(prefix) : -1] for one in answer.get("CommonPrefixes") or ()]
    if "" in names:
        log.warning("s3://%s/%s/: keys with an empty name between two slashes are not looked at", bucket, prefix)
    return [(name, True, None) for name in names if name]


def _files(answer: Mapping[str, Any], prefix: str) -> list[Listed]:
    found = ((str(one["Key"])[len(prefix) :], one) for one in answer.get("Contents") or ())
    return [
        (name, False, _read_fingerprint(one)) for name, one in found if name
    ]  # a folder made by a console is a key by itself


def _read_fingerprint(entry: Mapping[str, Any]) -> fingerprints.Fingerprint:
    """What the file system's own ``info`` says of an object."""
    return fingerprints.Fingerprint.of_info({**entry, "size": entry["Size"]})
