"""Refuse to write an output in two layouts: each document would be there twice."""

from pdfbatch.errors import DocumentError
from pdfbatch.outputs.index import FOLDER, PACKED, mixed_layouts_error
from pdfbatch.outputs.pack_files import ENTRIES_FOLDER, is_packed
from pdfbatch.ports import Output


def check_layout(output: Output, *, is_listed: bool = False) -> None:
    """Raise ``UsageError`` when earlier batches have written the output in the other kind of layout.

    An output that can be written and not listed is believed. One of files that is listed as a whole by a resume
    (``is_listed``) is not listed for this alone: ``read_index`` meets what does not belong there.
    """
    packed = is_packed(output)
    if is_listed and not packed:
        return
    other, kind = (FOLDER, "layout='files'") if packed else (ENTRIES_FOLDER, PACKED)
    try:
        is_there = any(True for _ in output.names(other))
    except DocumentError:
        return
    if is_there:
        raise mixed_layouts_error(output, kind)
