"""The files in an output: records, the index of finished documents, results on disk, export."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.outputs.callable_identity import describe
    from pdfbatch.outputs.catalog import Catalog
    from pdfbatch.outputs.exporter import export, export_pages
    from pdfbatch.outputs.index import IndexWriter, open_index
    from pdfbatch.outputs.record import (
        Provenance,
        delete_parts,
        files_of,
        options_digest,
        pages_from_json,
        pages_of,
        pages_to_json,
        parts_folder,
        read_record,
        record_name,
        result_of,
        to_json,
    )
    from pdfbatch.outputs.results import Results, with_stored_pages
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        callable_identity="describe",
        catalog="Catalog",
        exporter="export export_pages",
        index="IndexWriter open_index",
        record=(
            "Provenance delete_parts files_of options_digest pages_from_json pages_of "
            "pages_to_json parts_folder read_record record_name result_of to_json"
        ),
        results="Results with_stored_pages",
    )

__all__ = [
    "Catalog",
    "IndexWriter",
    "Provenance",
    "Results",
    "delete_parts",
    "describe",
    "export",
    "export_pages",
    "files_of",
    "open_index",
    "options_digest",
    "pages_from_json",
    "pages_of",
    "pages_to_json",
    "parts_folder",
    "read_record",
    "record_name",
    "result_of",
    "to_json",
    "with_stored_pages",
]
