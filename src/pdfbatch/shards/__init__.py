"""Put the shards of a batch together: their reports, failures and index."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.shards.merger import merge_shards
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        merger="merge_shards",
    )

__all__ = [
    "merge_shards",
]
