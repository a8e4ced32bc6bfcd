"""Turn what the caller hands in (paths, folders, patterns, URLs, manifests) into lazy documents."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.inputs.languages import LanguageHints
    from pdfbatch.inputs.manifest import Manifest, ManifestSource
    from pdfbatch.inputs.name_list import STANDARD_INPUT, NameList
    from pdfbatch.inputs.search import open_manifest
    from pdfbatch.inputs.selection import Selection
    from pdfbatch.inputs.shard import Shard, ShardLike, Share
    from pdfbatch.inputs.sources import DocumentStream, Input, Inputs, documents_from
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        languages="LanguageHints",
        manifest="Manifest ManifestSource",
        name_list="NameList STANDARD_INPUT",
        search="open_manifest",
        selection="Selection",
        shard="Shard ShardLike Share",
        sources="DocumentStream Input Inputs documents_from",
    )

__all__ = [
    "STANDARD_INPUT",
    "DocumentStream",
    "Input",
    "Inputs",
    "LanguageHints",
    "Manifest",
    "ManifestSource",
    "NameList",
    "Selection",
    "Shard",
    "ShardLike",
    "Share",
    "documents_from",
    "open_manifest",
]
