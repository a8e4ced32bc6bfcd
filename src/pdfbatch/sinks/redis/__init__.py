"""A sink that keeps the status of each batch in Redis, and functions that read it."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.sinks.redis.client import DEFAULT_URL, check_url, connect
    from pdfbatch.sinks.redis.keys import DEFAULT_PREFIX
    from pdfbatch.sinks.redis.reader import follow, read_figures, read_status, recent_batches
    from pdfbatch.sinks.redis.sink import RedisSink
    from pdfbatch.sinks.redis.stored import StoredStatus
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        client="DEFAULT_URL check_url connect",
        keys="DEFAULT_PREFIX",
        reader="follow read_figures read_status recent_batches",
        sink="RedisSink",
        stored="StoredStatus",
    )

__all__ = [
    "DEFAULT_PREFIX",
    "DEFAULT_URL",
    "RedisSink",
    "StoredStatus",
    "check_url",
    "connect",
    "follow",
    "read_figures",
    "read_status",
    "recent_batches",
]
