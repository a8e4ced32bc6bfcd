"""A web page that shows how batches are going: over Redis, or over sinks in this process. Needs starlette."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.dashboard.app import dashboard_app
    from pdfbatch.dashboard.server import serve
    from pdfbatch.dashboard.sources import BatchView, MemorySource, RedisSource, StatusSource
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        app="dashboard_app",
        server="serve",
        sources="BatchView MemorySource RedisSource StatusSource",
    )

__all__ = [
    "BatchView",
    "MemorySource",
    "RedisSource",
    "StatusSource",
    "dashboard_app",
    "serve",
]
