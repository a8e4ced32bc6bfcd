"""Read and write bytes by path or URL: local folders, and whatever fsspec reaches."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.storage.calls import CallPolicy
    from pdfbatch.storage.documents import fingerprint, local_path, read_document
    from pdfbatch.storage.errors import storage_error
    from pdfbatch.storage.fingerprints import Fingerprint
    from pdfbatch.storage.fsspec import (
        DEADLINE_SECONDS,
        REQUEST_RETRY,
        Options,
        is_file_system,
        is_process_local,
        lists_versions,
        open_url,
        protocol_of,
        with_filesystem,
    )
    from pdfbatch.storage.lane import SMALL_BYTES, Lane, Passage, lane_to, may_pass
    from pdfbatch.storage.remote_documents import (
        RANGE_BYTES,
        RemoteDocument,
        check_found_size,
        iter_ranges,
        listed_fingerprint,
        options_of,
        remote_fingerprint,
        url_of,
        with_options,
        without_secrets,
    )
    from pdfbatch.storage.remote_tree import RemoteTree
    from pdfbatch.storage.storage import Storage
    from pdfbatch.storage.temporary_names import is_abandoned, temporary_name
    from pdfbatch.storage.tree import Entry, LocalTree, Pattern, Tree, split_pattern, walk
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        calls="CallPolicy",
        documents="fingerprint local_path read_document",
        errors="storage_error",
        fingerprints="Fingerprint",
        fsspec=(
            "DEADLINE_SECONDS Options REQUEST_RETRY is_file_system is_process_local "
            "lists_versions open_url protocol_of with_filesystem"
        ),
        lane="Lane Passage SMALL_BYTES lane_to may_pass",
        remote_documents=(
            "RANGE_BYTES RemoteDocument check_found_size iter_ranges listed_fingerprint options_of remote_fingerprint url_of "
            "with_options without_secrets"
        ),
        remote_tree="RemoteTree",
        storage="Storage",
        temporary_names="is_abandoned temporary_name",
        tree="Entry LocalTree Pattern Tree split_pattern walk",
    )

__all__ = [
    "DEADLINE_SECONDS",
    "RANGE_BYTES",
    "REQUEST_RETRY",
    "SMALL_BYTES",
    "CallPolicy",
    "Entry",
    "Fingerprint",
    "Lane",
    "LocalTree",
    "Options",
    "Passage",
    "Pattern",
    "RemoteDocument",
    "RemoteTree",
    "Storage",
    "Tree",
    "check_found_size",
    "fingerprint",
    "is_abandoned",
    "is_file_system",
    "is_process_local",
    "iter_ranges",
    "lane_to",
    "listed_fingerprint",
    "lists_versions",
    "local_path",
    "may_pass",
    "open_url",
    "options_of",
    "protocol_of",
    "read_document",
    "remote_fingerprint",
    "split_pattern",
    "storage_error",
    "temporary_name",
    "url_of",
    "walk",
    "with_filesystem",
    "with_options",
    "without_secrets",
]
