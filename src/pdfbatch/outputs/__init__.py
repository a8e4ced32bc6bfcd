"""The files in an output: records, the index of finished documents, results on disk, export."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.outputs.callable_identity import describe
    from pdfbatch.outputs.catalog import Catalog
    from pdfbatch.outputs.exporter import export, export_pages
    from pdfbatch.outputs.html_report import HTML_REPORT_NAME, REPORT_EXAMPLES, write_html_report
    from pdfbatch.outputs.index import IndexWriter, compact_index, open_index
    from pdfbatch.outputs.keys import batch_file
    from pdfbatch.outputs.record import (
        Provenance,
        delete_parts,
        files_of,
        options_digest,
        pages_to_json,
        parts_folder,
        record_name,
        to_json,
    )
    from pdfbatch.outputs.results import Results, with_stored_pages
    from pdfbatch.outputs.stored import (
        InvalidRecordError,
        Record,
        has_failed,
        has_text,
        pages_from_json,
        read_record,
        result_of,
    )
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        callable_identity="describe",
        catalog="Catalog",
        exporter="export export_pages",
        html_report="HTML_REPORT_NAME REPORT_EXAMPLES write_html_report",
        index="IndexWriter compact_index open_index",
        keys="batch_file",
        record=("Provenance delete_parts files_of options_digest pages_to_json parts_folder record_name to_json"),
        results="Results with_stored_pages",
        stored="InvalidRecordError Record has_failed has_text pages_from_json read_record result_of",
    )

__all__ = [
    "HTML_REPORT_NAME",
    "REPORT_EXAMPLES",
    "Catalog",
    "IndexWriter",
    "InvalidRecordError",
    "Provenance",
    "Record",
    "Results",
    "batch_file",
    "compact_index",
    "delete_parts",
    "describe",
    "export",
    "export_pages",
    "files_of",
    "has_failed",
    "has_text",
    "open_index",
    "options_digest",
    "pages_from_json",
    "pages_to_json",
    "parts_folder",
    "read_record",
    "record_name",
    "result_of",
    "to_json",
    "with_stored_pages",
    "write_html_report",
]
