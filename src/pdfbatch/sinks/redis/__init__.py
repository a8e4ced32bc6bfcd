"""The status of each batch in Redis."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.sinks.redis.client import DEFAULT_URL, connected
    from pdfbatch.sinks.redis.reader import StoredStatus, follow, read_status, recent_batches
    from pdfbatch.sinks.redis.sink import RedisSink
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        client="DEFAULT_URL connected",
        reader="StoredStatus follow read_status recent_batches",
        sink="RedisSink",
    )

__all__ = [
    "DEFAULT_URL",
    "RedisSink",
    "StoredStatus",
    "connected",
    "follow",
    "read_status",
    "recent_batches",
]
