"""The dashboard as an ASGI application: pages, a stream of changes for each, metrics."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import TypeAlias

from pdfbatch.dashboard import pages
from pdfbatch.dashboard.feeds import Content, Feeds
from pdfbatch.dashboard.sources import BatchView, MemorySource, RedisSource, StatusSource
from pdfbatch.errors import DependencyError, DocumentError, StatusUnavailableError
from pdfbatch.figures import STYLE
from pdfbatch.outputs import HTML_REPORT_NAME, batch_file
from pdfbatch.sinks import MemorySink, prometheus_text
from pdfbatch.storage import Storage

try:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Route
    from starlette.types import ASGIApp
except ImportError:
    raise DependencyError("The dashboard needs the package starlette: pip install starlette uvicorn redis") from None

from pdfbatch.dashboard.access import AccessMiddleware

Source: TypeAlias = StatusSource | MemorySink | Sequence[MemorySink] | str
"""Where statuses are: sinks of this process, a URL of Redis, or a source of one's own."""

BATCH_SECONDS, LIST_SECONDS = 0.2, 2.0
_MOST_REPORT_BYTES = 64 << 20
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_REPORT_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; sandbox"
_HTML = "text/html"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def dashboard_app(source: Source, *, token: str | None = None, hosts: Sequence[str] | None = None) -> ASGIApp:
    """Return the dashboard as an ASGI application, to be mounted in one's own or served by uvicorn.

    ``source`` is a ``MemorySink`` or several, of batches in this process, a URL of Redis, or any ``StatusSource``. It is only
    read. With a ``token``, readers must give it (``Authorization: Bearer``, or once in a form). ``hosts`` are the names by
    which browsers may call the server; by default any.

    Raises ``DependencyError`` without starlette, or without the package ``redis`` for a URL.
    """
    routes = _Routes(_source_from(source))
    application = Starlette(
        routes=[
            Route("/", routes.show_list),
            Route("/batch", routes.show_batch),
            Route("/events", routes.stream),
            Route("/report", routes.show_report),
            Route("/metrics", routes.show_metrics),
            Route("/style.css", _show_style),
            Route("/dashboard.js", _show_script),
        ]
    )
    return AccessMiddleware(application, token, hosts)


def _source_from(source: Source) -> StatusSource:
    match source:
        case str():
            return RedisSource(source)
        case MemorySink():
            return MemorySource([source])
        case Sequence():
            return MemorySource(source)  # type: ignore[arg-type]  # a text was taken out above
        case _:
            return source


class _Routes:
    """Answers to requests. Whatever waits for the source does so in a thread."""

    def __init__(self, source: StatusSource) -> None:
        self._source = source
        self._feeds = Feeds()

    async def show_list(self, request: Request) -> Response:
        page, root = _page_number(request), _root(request)
        content = await asyncio.to_thread(self._read_list, page, root)
        return Response(pages.list_page(content, root, page), media_type=_HTML)

    async def show_batch(self, request: Request) -> Response:
        batch_id, root = request.query_params.get("id", ""), _root(request)
        content = await asyncio.to_thread(self._read_batch, batch_id, root)
        code = {"gone": 404, "unavailable": 503}.get(content.state, 200)
        return Response(pages.batch_page(content, root, batch_id), code, media_type=_HTML)

    async def stream(self, request: Request) -> Response:
        batch_id, page, root = request.query_params.get("id"), _page_number(request), _root(request)
        key: tuple[object, ...]
        read: Callable[[], Content]
        if batch_id is None:
            key, seconds, read = ("list", page, root), LIST_SECONDS, lambda: self._read_list(page, root)
        else:
            key, seconds, read = ("batch", batch_id, root), BATCH_SECONDS, lambda: self._read_batch(batch_id, root)
        headers = {"X-Accel-Buffering": "no"}  # a proxy must not hold events back
        events = self._feeds.listen(key, read, seconds)
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    async def show_report(self, request: Request) -> Response:
        """Send the report of a batch from its output, if that is a folder of this machine."""
        root = _root(request)
        try:
            batch = await asyncio.to_thread(self._source.find_batch, request.query_params.get("id", ""))
            report = None if batch is None else await asyncio.to_thread(_read_report, batch)
        except (StatusUnavailableError, DocumentError):
            report = None
        if report is None:
            message = "The report cannot be read from here: it is not written yet, or the output is on another machine."
            return Response(pages.message_page(root, "No report", message), 404, media_type=_HTML)
        return Response(report, media_type=_HTML, headers={"Content-Security-Policy": _REPORT_POLICY})

    async def show_metrics(self, _request: Request) -> Response:
        try:
            batches = await asyncio.to_thread(self._source.list_batches)
        except StatusUnavailableError as error:
            return Response(f"{error}\n", 503, media_type="text/plain")
        states = [(batch.status, batch.shown_state) for batch in batches]
        return Response(prometheus_text(states), media_type=METRICS_TYPE)

    def _read_list(self, page: int, root: str) -> Content:
        try:
            return pages.list_content(self._source.list_batches(), page, root)
        except StatusUnavailableError as error:
            return pages.unavailable_content(str(error), pages.LIST_SECTIONS)

    def _read_batch(self, batch_id: str, root: str) -> Content:
        try:
            return pages.batch_content(self._source.find_batch(batch_id), root)
        except StatusUnavailableError as error:
            return pages.unavailable_content(str(error), pages.BATCH_SECTIONS)


def _read_report(batch: BatchView) -> bytes | None:
    """Return the report of a batch; ``None`` where its output is none of this machine's folders, or it is too large."""
    status = batch.status
    if status.output is None or "://" in status.output:
        return None
    report = Storage(status.output).read(batch_file(status.batch_id, HTML_REPORT_NAME))
    return report if len(report) <= _MOST_REPORT_BYTES else None


async def _show_style(_request: Request) -> Response:
    return Response(STYLE, media_type="text/css")


async def _show_script(_request: Request) -> Response:
    return Response(files("pdfbatch.dashboard").joinpath("dashboard.js").read_bytes(), media_type="text/javascript")


def _page_number(request: Request) -> int:
    text = request.query_params.get("page", "1")
    return int(text) if text.isdecimal() and len(text) < 7 else 1


def _root(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")
