"""What an output holds and how it is read back: records, index, results, export."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.outputs.catalog import Catalog
    from pdfbatch.outputs.exporter import export, export_pages
    from pdfbatch.outputs.index import FOLDER, IndexWriter, is_full, names_after, read_index
    from pdfbatch.outputs.keys import output_key
    from pdfbatch.outputs.record import (
        PARTS_FOLDER,
        Provenance,
        files_of,
        options_digest,
        pages_from_json,
        pages_of,
        pages_to_json,
        parts_folder,
        read_record,
        read_record_of,
        record_name,
        result_of,
        to_json,
    )
    from pdfbatch.outputs.results import PickleLog, Results, with_stored_pages
    from pdfbatch.outputs.rows import Rows
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        catalog="Catalog",
        exporter="export export_pages",
        index="FOLDER IndexWriter is_full names_after read_index",
        keys="output_key",
        record=(
            "PARTS_FOLDER Provenance files_of options_digest pages_from_json pages_of "
            "pages_to_json parts_folder read_record read_record_of record_name result_of to_json"
        ),
        results="Results PickleLog with_stored_pages",
        rows="Rows",
    )

__all__ = [
    "FOLDER",
    "PARTS_FOLDER",
    "Catalog",
    "IndexWriter",
    "PickleLog",
    "Provenance",
    "Results",
    "Rows",
    "export",
    "export_pages",
    "files_of",
    "is_full",
    "names_after",
    "options_digest",
    "output_key",
    "pages_from_json",
    "pages_of",
    "pages_to_json",
    "parts_folder",
    "read_index",
    "read_record",
    "read_record_of",
    "record_name",
    "result_of",
    "to_json",
    "with_stored_pages",
]
