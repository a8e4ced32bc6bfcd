"""Refuse to write an output in two layouts: each document would be there twice."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice

from pdfbatch.errors import DocumentError
from pdfbatch.outputs.index import FOLDER, is_segment, mixed_layouts_error
from pdfbatch.outputs.pack_files import is_packed
from pdfbatch.outputs.record import may_be_record
from pdfbatch.outputs.record_fields import InvalidRecordError
from pdfbatch.outputs.stored import parse_record
from pdfbatch.ports import Output

# What a batch of files that was killed before it wrote an index has left is among the first names, if the output is its own.
_MOST_NAMES, _MOST_READ = 5_000, 8


def check_layout(output: Output) -> None:
    """Raise ``UsageError`` when a packed output has been written in files by an earlier batch.

    An output that can be written and not listed is believed. One of files is not listed for this alone: ``read_index``,
    which lists it as a whole, meets the packs.
    """
    if is_packed(output):
        with suppress(DocumentError):
            if any(_find_files(output)):
                raise mixed_layouts_error(output, "layout='files'")


def _find_files(output: Output) -> Iterator[bool]:
    """Yield of names in an output whether a batch of files wrote them."""
    read = 0
    for name in chain(output.names(FOLDER), islice(output.names(), _MOST_NAMES)):
        if is_segment(name):
            yield True
        elif may_be_record(name) and read < _MOST_READ:
            read += 1
            with suppress(InvalidRecordError):
                parse_record(output.read(name))
                yield True
