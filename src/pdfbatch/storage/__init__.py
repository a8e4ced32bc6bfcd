"""Read and write bytes by path or URL: local folders, and whatever fsspec reaches."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.storage.calls import CallPolicy
    from pdfbatch.storage.documents import fingerprint, local_fingerprint, local_path, read_document
    from pdfbatch.storage.errors import storage_error, temporary_storage_error
    from pdfbatch.storage.file_urls import check_local_path, find_meant_url, is_file_url, path_of_file_url
    from pdfbatch.storage.fingerprints import Fingerprint
    from pdfbatch.storage.fsspec import (
        DEADLINE_SECONDS,
        REQUEST_RETRY,
        Options,
        check_bucket,
        check_protocol,
        is_file_system,
        is_process_local,
        lists_versions,
        open_url,
        protocol_of,
        with_filesystem,
    )
    from pdfbatch.storage.local import Durability
    from pdfbatch.storage.neighbours import NeighbourVersions
    from pdfbatch.storage.remote_documents import (
        PEEK_BYTES,
        RANGE_BYTES,
        RemoteDocument,
        ask_document,
        check_found_size,
        copy_body,
        listed_fingerprint,
        options_of,
        remote_fingerprint,
        url_of,
        with_options,
        without_secrets,
    )
    from pdfbatch.storage.remote_tree import RemoteTree
    from pdfbatch.storage.storage import SHARD_BYTES, Layout, Naming, Storage
    from pdfbatch.storage.temporary_names import age_of, boot_mark, is_abandoned, temporary_name
    from pdfbatch.storage.threads import run_in_thread
    from pdfbatch.storage.tree import Entry, LocalTree, Pattern, Tree, split_pattern, walk
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        calls="CallPolicy",
        neighbours="NeighbourVersions",
        documents="fingerprint local_fingerprint local_path read_document",
        errors="storage_error temporary_storage_error",
        file_urls="check_local_path find_meant_url is_file_url path_of_file_url",
        fingerprints="Fingerprint",
        fsspec=(
            "DEADLINE_SECONDS Options REQUEST_RETRY check_bucket check_protocol is_file_system is_process_local "
            "lists_versions open_url protocol_of with_filesystem"
        ),
        remote_documents=(
            "PEEK_BYTES RANGE_BYTES RemoteDocument ask_document check_found_size copy_body listed_fingerprint options_of "
            "remote_fingerprint url_of with_options without_secrets"
        ),
        remote_tree="RemoteTree",
        local="Durability",
        storage="Layout Naming SHARD_BYTES Storage",
        temporary_names="age_of boot_mark is_abandoned temporary_name",
        threads="run_in_thread",
        tree="Entry LocalTree Pattern Tree split_pattern walk",
    )

__all__ = [
    "DEADLINE_SECONDS",
    "PEEK_BYTES",
    "RANGE_BYTES",
    "REQUEST_RETRY",
    "SHARD_BYTES",
    "CallPolicy",
    "Durability",
    "Entry",
    "Fingerprint",
    "Layout",
    "LocalTree",
    "Naming",
    "NeighbourVersions",
    "Options",
    "Pattern",
    "RemoteDocument",
    "RemoteTree",
    "Storage",
    "Tree",
    "age_of",
    "ask_document",
    "boot_mark",
    "check_bucket",
    "check_found_size",
    "check_local_path",
    "check_protocol",
    "copy_body",
    "find_meant_url",
    "fingerprint",
    "is_abandoned",
    "is_file_system",
    "is_file_url",
    "is_process_local",
    "listed_fingerprint",
    "lists_versions",
    "local_fingerprint",
    "local_path",
    "open_url",
    "options_of",
    "path_of_file_url",
    "protocol_of",
    "read_document",
    "remote_fingerprint",
    "run_in_thread",
    "split_pattern",
    "storage_error",
    "temporary_name",
    "temporary_storage_error",
    "url_of",
    "walk",
    "with_filesystem",
    "with_options",
    "without_secrets",
]
