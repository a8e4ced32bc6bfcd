"""The files in an output: records, the index of finished documents, results on disk, export."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.outputs.callable_identity import describe
    from pdfbatch.outputs.catalog import Catalog
    from pdfbatch.outputs.document_list import DOCUMENTS_NAME, DocumentList
    from pdfbatch.outputs.exporter import export, export_pages
    from pdfbatch.outputs.html_report import REPORT_EXAMPLES, write_html_report
    from pdfbatch.outputs.index import IndexWriter, compact_index, open_index
    from pdfbatch.outputs.layout_check import check_layout
    from pdfbatch.outputs.pack_catalog import PackCatalog, failure_filter
    from pdfbatch.outputs.pack_files import check_library, is_packed
    from pdfbatch.outputs.pack_rows import body_of, is_body, record_of_body
    from pdfbatch.outputs.pack_writer import PackWriter, open_packs
    from pdfbatch.outputs.record import (
        HTML_REPORT_NAME,
        PARTS_FOLDER,
        Provenance,
        batch_file,
        delete_parts,
        document_name,
        files_of,
        options_digest,
        pages_to_json,
        parts_folder,
        parts_prefix,
        record_name,
        to_json,
    )
    from pdfbatch.outputs.record_fields import InvalidRecordError
    from pdfbatch.outputs.results import PickleLog, Results, with_stored_pages
    from pdfbatch.outputs.stale_rows import remove_stale_rows
    from pdfbatch.outputs.stored import (
        Record,
        StoredPages,
        choose_name,
        find_record,
        has_failed,
        has_text,
        pages_from_json,
        parse_record,
        read_record,
        result_of,
    )
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        callable_identity="describe",
        catalog="Catalog",
        document_list="DOCUMENTS_NAME DocumentList",
        exporter="export export_pages",
        html_report="REPORT_EXAMPLES write_html_report",
        index="IndexWriter compact_index open_index",
        pack_catalog="PackCatalog failure_filter",
        layout_check="check_layout",
        pack_files="check_library is_packed",
        pack_rows="body_of is_body record_of_body",
        pack_writer="PackWriter open_packs",
        record=(
            "HTML_REPORT_NAME PARTS_FOLDER Provenance batch_file delete_parts document_name files_of options_digest "
            "pages_to_json parts_folder parts_prefix record_name to_json"
        ),
        record_fields="InvalidRecordError",
        results="PickleLog Results with_stored_pages",
        stale_rows="remove_stale_rows",
        stored=(
            "Record StoredPages choose_name find_record has_failed has_text pages_from_json parse_record read_record result_of"
        ),
    )

__all__ = [
    "DOCUMENTS_NAME",
    "HTML_REPORT_NAME",
    "PARTS_FOLDER",
    "REPORT_EXAMPLES",
    "Catalog",
    "DocumentList",
    "IndexWriter",
    "InvalidRecordError",
    "PackCatalog",
    "PackWriter",
    "PickleLog",
    "Provenance",
    "Record",
    "Results",
    "StoredPages",
    "batch_file",
    "body_of",
    "check_layout",
    "check_library",
    "choose_name",
    "compact_index",
    "delete_parts",
    "describe",
    "document_name",
    "export",
    "export_pages",
    "failure_filter",
    "files_of",
    "find_record",
    "has_failed",
    "has_text",
    "is_body",
    "is_packed",
    "open_index",
    "open_packs",
    "options_digest",
    "pages_from_json",
    "pages_to_json",
    "parse_record",
    "parts_folder",
    "parts_prefix",
    "read_record",
    "record_name",
    "record_of_body",
    "remove_stale_rows",
    "result_of",
    "to_json",
    "with_stored_pages",
    "write_html_report",
]
