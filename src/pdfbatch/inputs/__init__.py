"""What the caller hands in, as lazy documents: paths, folders, patterns, URLs, manifests."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.inputs.manifest import Manifest, ManifestSource
    from pdfbatch.inputs.sources import Input, Inputs, documents_from, known_number
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        manifest="Manifest ManifestSource",
        sources="Input Inputs documents_from known_number",
    )

__all__ = [
    "Input",
    "Inputs",
    "Manifest",
    "ManifestSource",
    "documents_from",
    "known_number",
]
