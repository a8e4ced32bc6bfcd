"""The short way of small S3 objects into the spool: one signed request each, in the event loop of their file system.

s3fs spends 0.9 ms of one core on a read, most of it on building a request from a service's description and parsing its
answer the same way, and as much goes into handing it between threads. A signed URL, asked for over the client's own
connections by a coroutine that writes the file itself, costs a quarter. Nothing is tried again here and no error has a
name: what does not go smoothly, or is large, goes the long way (``pdfbatch.prefetch.downloader``), which asks anew
and says why.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from pdfbatch.model import Document
from pdfbatch.storage.calls import CallPolicy, Location
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.fsspec import lists_versions
from pdfbatch.storage.presigning import UrlPattern, pattern_after
from pdfbatch.storage.remote_documents import listed_fingerprint, options_of, url_of

SMALL_BYTES = 4 << 20
# Denied or refused so often in a row: then signed URLs do not work here, and no more are tried.
_REFUSALS = 3
# Such an answer is about one object: it is not there, or empty.
_ABOUT_ONE = frozenset({404, 416})
# Long enough for a clock that is a little off, short enough to be of no use in a log.
_VALID_SECONDS = 120
# After so long a signed URL is made by the client again, with the credentials that it has then.
_PATTERN_SECONDS = 30
# At one time: enough for 300 documents a second behind 200 ms, and few enough connections to open at once.
_AT_ONCE = 64
# An option of one of these is about each request; a signed URL would lack it.
_ABOUT_REQUESTS = frozenset({"requester_pays", "s3_additional_kwargs", "version_aware", "cache_regions", "anon"})


@dataclass(frozen=True, slots=True)
class Passage:
    """One object on its way. ``size_bytes`` is ``None`` where the answer has to tell it.

    ``file`` says where it goes, once it is known what it is and before its bytes are read: ``None`` when it is not wanted
    here. ``done`` is called with its bytes in that file (``True``) or not, and their hash; a file that was begun and not
    finished is left to whom it calls.
    """

    url: str
    size_bytes: int | None
    file: Callable[[Fingerprint | None], str | None]
    done: Callable[[bool, str], None]


@dataclass(frozen=True, slots=True)
class _Way:
    """How objects of a bucket are asked for: by which client, over which of its connections, through which proxy, and after
    which pattern their URLs are signed, if any. It holds for some time.
    """

    client: Any
    connections: Any
    proxy: dict[str, Any]
    pattern: UrlPattern | None
    until: float


@dataclass(slots=True)
class Lane:
    """The short way to one file system; requests that take longer than ``seconds`` are given up. Bytes are hashed if that is
    wanted.

    ``take`` may be called in any thread; what a passage calls is called in the event loop, and must not block.
    """

    filesystem: Any
    seconds: float
    hashes: bool = False
    _refused: int = 0
    _closed: bool = False
    _coming: deque[Passage] = field(default_factory=deque[Passage])
    _called: bool = False
    _ways: dict[str, _Way] = field(default_factory=dict[str, _Way])
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _under_way: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])

    @property
    def works(self) -> bool:
        """Whether signed requests have not been refused all along."""
        return self._refused < _REFUSALS

    def take(self, passage: Passage) -> None:
        """Fetch an object; returns at once."""
        self._coming.append(passage)
        if not self._called:  # one call for all that come until the loop gets to it: each takes this thread's turn away
            self._called = True
            self._loop.call_soon_threadsafe(self._begin)

    def stop(self, seconds: float) -> None:
        """Give up what is under way, without calling ``done``, and wait so long at most for it to end."""
        with suppress(Exception):  # it is late, or the loop is gone
            asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(seconds)

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return cast("asyncio.AbstractEventLoop", self.filesystem.loop)

    def _begin(self) -> None:
        self._called = False  # before the look: what comes after it calls again
        while self._coming and not self._closed:
            task = self._loop.create_task(self._pass(self._coming.popleft()))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _pass(self, passage: Passage) -> None:
        digest, is_whole = "", False
        try:
            async with self._turns, asyncio.timeout(self.seconds):
                read = await self._read(passage)
            if read is not None:
                data, path = read
                with open(path, "xb", buffering=0) as file:
                    file.write(data)
                digest, is_whole = str(Fingerprint.of_bytes(data)) if self.hashes else "", True
        except Exception:  # noqa: BLE001 (whatever it is, the long way meets it too, and says what it is)
            is_whole = False
        passage.done(is_whole, digest)

    async def _read(self, passage: Passage) -> tuple[bytes, str] | None:
        """All the bytes of an object and the file that they go to; ``None`` when the request was refused, or they are not
        as many as was said, or not wanted.
        """
        bucket, key = _split(passage.url) or self.filesystem.split_path(passage.url)[:2]
        way = self._ways.get(bucket)
        if way is None or time.monotonic() >= way.until:
            way = await self._way(bucket, key)
        url = await _sign_url(way.client, bucket, key) if way.pattern is None else way.pattern.url(key)
        size = passage.size_bytes
        wanted = f"bytes=0-{SMALL_BYTES if size is None else size}"  # and one byte more, which is proof of too many
        async with _request(way, url, wanted) as response:
            if response.status not in (200, 206):
                self._refused += response.status < 500 and response.status not in _ABOUT_ONE
                return None
            self._refused = 0
            told = _read_headers(response.status, response.headers) if size is None else None
            size = size if told is None else told.size_bytes
            path = passage.file(told) if size is not None and size <= SMALL_BYTES else None
            data = await _read_at_most(response.content, size + 1) if path is not None and size is not None else b""
        return (data, path) if path is not None and len(data) == size else None

    async def _way(self, bucket: str, key: str) -> _Way:
        """A new way, unless another request has found it meanwhile: s3fs makes a client for each of those who ask at once."""
        async with self._opening:
            way = self._ways.get(bucket)
            if way is None or time.monotonic() >= way.until:
                way = self._ways[bucket] = await _find_way(await self.filesystem.set_session(), bucket, key)
        return way

    async def _stop(self) -> None:
        self._closed = True
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _split(url: str) -> tuple[str, str] | None:
    """Bucket and key of a URL; ``None`` where that takes more than to find the first slash (as in an access point's)."""
    if not url.startswith("s3://") or url.startswith("s3://arn:") or "?" in url:
        return None
    bucket, _, key = url[len("s3://") :].partition("/")
    return bucket, key


async def _sign_url(client: Any, bucket: str, key: str) -> str:
    asked = {"Bucket": bucket, "Key": key}
    return cast("str", await client.generate_presigned_url("get_object", Params=asked, ExpiresIn=_VALID_SECONDS))


async def _find_way(client: Any, bucket: str, key: str) -> _Way:
    """A way to a bucket, by an object of it."""
    until = time.monotonic() + _PATTERN_SECONDS
    url = await _sign_url(client, bucket, key)
    sending = client._endpoint.http_session  # noqa: SLF001 (where s3fs, too, looks for them)
    address = sending._proxy_config.proxy_url_for(url)  # noqa: SLF001
    connections = await sending._get_session(address)  # noqa: SLF001
    proxy = {"proxy": address, "proxy_headers": sending._proxy_config.proxy_headers_for(url)}  # noqa: SLF001
    return _Way(client, connections, proxy, await _pattern(client, url, key), until)


async def _read_at_most(content: Any, most: int) -> bytes:
    """Up to so many bytes of a body, whatever its length is said to be."""
    data = cast("bytes", await content.read(most))
    if len(data) >= most or content.at_eof():
        return data
    pieces, count = [data], len(data)
    while count < most and (data := cast("bytes", await content.read(most - count))):
        pieces.append(data)
        count += len(data)
    return b"".join(pieces)


def _request(way: _Way, url: str, wanted: str) -> Any:
    """The answer to a request, to be entered, with the client's certificates and timeouts.

    That is what the client's own ``send`` gives, but for the headers: it packs each one three times, which takes as long as
    all else. An answer that is left before it was read ends its connection.
    """
    from yarl import URL  # noqa: PLC0415 (aiohttp's)

    headers = {"Range": wanted, "Accept-Encoding": "identity"}
    return way.connections.get(URL(url, encoded=True), headers=headers, **way.proxy)


def _read_headers(status: int, headers: Mapping[str, str]) -> Fingerprint | None:
    """What an answer says of the object, in the words of a listing; ``None`` when it says too little."""
    size = headers.get("Content-Length", "") if status == 200 else headers.get("Content-Range", "").rpartition("/")[2]
    etag = headers.get("ETag")
    return Fingerprint.of_info({"size": int(size), "ETag": etag}) if size.isdecimal() and int(size) and etag else None


async def _pattern(client: Any, url: str, key: str) -> UrlPattern | None:
    """The pattern of a URL that a client has signed; ``None`` when its secret is not where it is looked for."""
    with suppress(Exception):  # the client then signs each URL itself
        credentials = await client._request_signer._credentials.get_frozen_credentials()  # noqa: SLF001
        return pattern_after(url, key, credentials.secret_key)
    return None


def lane_to(document: Document, terms: CallPolicy, *, hashes: bool = False) -> Lane | None:
    """A new lane to where a document is; ``None`` where there is none. Opens the file system."""
    options = options_of(document)
    filesystem, _ = Location(url_of(document), options).open(terms.seconds)
    is_about_requests = any(options.get(name) for name in _ABOUT_REQUESTS)
    is_plain = lists_versions(filesystem) and not is_about_requests
    return Lane(filesystem, terms.seconds / 3, hashes) if is_plain and hasattr(filesystem, "set_session") else None


def may_pass(document: Document) -> bool:
    """Whether a document may go the short way: one whose version a listing has told if it is small, else any on S3."""
    found = listed_fingerprint(document)
    if found is None:
        return _split(url_of(document)) is not None
    return found.size_bytes is not None and 0 < found.size_bytes <= SMALL_BYTES
