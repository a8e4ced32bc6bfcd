"""Download remote documents ahead of the workers."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.prefetch.prefetcher import FetchSettings, Prefetcher
    from pdfbatch.prefetch.skip import Skip
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        prefetcher="FetchSettings Prefetcher",
        skip="Skip",
    )

__all__ = [
    "FetchSettings",
    "Prefetcher",
    "Skip",
]
