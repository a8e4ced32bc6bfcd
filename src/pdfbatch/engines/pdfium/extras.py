"""What a document has beside its pages, as far as pdfium tells. The caller holds the lock on pdfium."""

import os
import re
from collections.abc import Iterator
from ctypes import addressof, byref, c_ubyte, c_ulong
from typing import Any

import pypdfium2.raw

from pdfbatch.engines.pdfium.annotations import annotation_types, count_fields
from pdfbatch.engines.pdfium.glyphs import whole_text
from pdfbatch.engines.pdfium.layers import object_streams
from pdfbatch.engines.xfa import PAGES, kind_of_form
from pdfbatch.model import Xfa

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

_COLLECTION = re.compile(rb"/Collection\b")
# Bounds: so much of a file is searched, and so much of what a stream unpacks to.
_FILE_BYTES = 256 * 1024 * 1024
_STREAM_BYTES = 4 * 1024 * 1024
_XFA_PACKETS, _FILES = 50, 1_000
_PAGES_OF_FIELDS = 3


def xfa_kind(document: Handle) -> Xfa:
    """Return what kind of XFA form a document has."""
    flag = pdfium.FPDF_GetFormType(document)
    if flag not in (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND):
        return Xfa.NONE
    form = b"".join(_xfa_packets(document))
    is_dynamic = flag == pdfium.FORMTYPE_XFA_FULL
    return kind_of_form(form, _first_texts(document), is_dynamic=is_dynamic, has_fields=_has_fields(document))


def count_attachments(document: Handle) -> int:
    """Return the number of files that are embedded in a document."""
    return max(int(pdfium.FPDFDoc_GetAttachmentCount(document)), 0)


def attachment_places(document: Handle) -> set[int]:
    """Return the addresses of the first files that are embedded in a document."""
    files = (pdfium.FPDFDoc_GetAttachment(document, index) for index in range(min(count_attachments(document), _FILES)))
    return {addressof(file.contents) for file in files if file}


def is_portfolio(source: str | bytes) -> bool:
    """Whether the catalog of a document says that it is a collection of files.

    pdfium does not tell, so its bytes are searched. Not found in an encrypted document whose objects are in object streams.
    """
    data = source if isinstance(source, bytes) else _content(source)
    return any(_COLLECTION.search(part) for part in (data, *object_streams(data)))


def _xfa_packets(document: Handle) -> Iterator[bytes]:
    for index in range(min(pdfium.FPDF_GetXFAPacketCount(document), _XFA_PACKETS)):
        size = c_ulong()
        pdfium.FPDF_GetXFAPacketContent(document, index, None, 0, byref(size))
        if 0 < size.value <= _STREAM_BYTES:
            buffer = (c_ubyte * size.value)()
            pdfium.FPDF_GetXFAPacketContent(document, index, buffer, size.value, byref(size))
            yield bytes(buffer)


def _first_texts(document: Handle) -> Iterator[str]:
    for index in range(min(pdfium.FPDF_GetPageCount(document), PAGES)):
        page = pdfium.FPDF_LoadPage(document, index)
        text = pdfium.FPDFText_LoadPage(page) if page else None
        try:
            yield whole_text(text) if text else ""
        finally:
            if text:
                pdfium.FPDFText_ClosePage(text)
            if page:
                pdfium.FPDF_ClosePage(page)


def _has_fields(document: Handle) -> bool:
    """Whether a form has fields on one of the first pages."""
    for index in range(min(pdfium.FPDF_GetPageCount(document), _PAGES_OF_FIELDS)):
        page = pdfium.FPDF_LoadPage(document, index)
        if page:
            types = annotation_types(page)
            pdfium.FPDF_ClosePage(page)
            if count_fields(types):
                return True
    return False


def _content(path: str) -> bytes:
    with open(os.fsencode(path), "rb") as file:
        return file.read(_FILE_BYTES)
