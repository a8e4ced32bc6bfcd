"""Read what annotations and form fields show on a page."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from ctypes import addressof, byref, c_float, c_ushort
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pypdfium2.raw

from pdfbatch.engines.coverage import Area
from pdfbatch.engines.page_frame import PageFrame
from pdfbatch.engines.pdfium.glyphs import Glyphs
from pdfbatch.engines.placement import Block
from pdfbatch.text import storable_text

if TYPE_CHECKING:
    from pdfbatch.engines.pypdf.fields import Fields

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

# Bounds: so many annotations of a page are read, and so many options of a choice.
_ANNOTATIONS = 1_000
_OPTIONS = 1_000
# So many glyphs of an appearance say to which annotation it belongs.
_VOTES = 8

_HIDDEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_PRINTED = pdfium.FPDF_ANNOT_FLAG_PRINT
# These mark what the page has anyway, or show nothing until a reader asks for it.
_WITHOUT_TEXT = frozenset(
    (
        pdfium.FPDF_ANNOT_LINK,
        pdfium.FPDF_ANNOT_POPUP,
        pdfium.FPDF_ANNOT_HIGHLIGHT,
        pdfium.FPDF_ANNOT_UNDERLINE,
        pdfium.FPDF_ANNOT_SQUIGGLY,
        pdfium.FPDF_ANNOT_STRIKEOUT,
        pdfium.FPDF_ANNOT_INK,
    )
)
_BUTTONS = (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON)
_CHOICES = (pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)
_VALUE_ONLY = frozenset((*_BUTTONS, pdfium.FPDF_FORMFIELD_LISTBOX))
"""Fields of which the value says more than the appearance."""
_MADE_ANEW = frozenset((pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX))
_NO_STRINGS = frozenset((pdfium.FPDF_OBJECT_NAME, pdfium.FPDF_OBJECT_ARRAY))
_KINDS = {
    "Tx": pdfium.FPDF_FORMFIELD_TEXTFIELD,
    "Ch": pdfium.FPDF_FORMFIELD_COMBOBOX,
    "Btn": pdfium.FPDF_FORMFIELD_CHECKBOX,
}
_PASSWORD, _RADIO, _PUSH = 1 << 13, 1 << 15, 1 << 16
# For pdfium to write into, long enough for most values: whoever holds the lock has it for himself.
_BUFFER_BYTES = 1_024
_BUFFER = (c_ushort * (_BUFFER_BYTES // 2))()
# Operators that show text, or something that may.
_SHOWS_TEXT = re.compile("Tj|TJ|Do|['\"]")
_MARKS = {pdfium.FPDF_FORMFIELD_CHECKBOX: "\u2611", pdfium.FPDF_FORMFIELD_RADIOBUTTON: "\u25c9"}


@dataclass(slots=True)
class _Annotation:
    """An annotation that may show text. ``value`` is what its dictionary says, ``drawn`` what its appearance says.

    ``has_drawn_text`` says that its appearance must be read.
    """

    area: Area
    field: int = -1
    value: str = ""
    drawn: str = ""
    is_note: bool = False
    has_drawn_text: bool = False

    @property
    def text(self) -> str:
        """What a reader sees: what is drawn, or the value where nothing is drawn or only a part of it."""
        if self.field in _VALUE_ONLY or not self.drawn:
            return self.value
        drawn, value = "".join(self.drawn.split()), "".join(self.value.split())
        # A field draws what fits into it, and one with a box for each letter draws letters.
        is_part = drawn in value and len(drawn) < len(value)
        is_spaced = drawn == value and len(self.drawn.split()) > len(self.value.split())
        # Letters in another order: written from right to left, or up the page.
        is_turned = drawn != value and sorted(drawn.casefold()) == sorted(value.casefold())
        return self.value if is_part or is_spaced or is_turned else self.drawn


def annotation_types(page: Handle) -> list[int]:
    """Return the types of the annotations of a page that may show text."""
    types = list[int]()
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _ANNOTATIONS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if annotation:
            types.append(pdfium.FPDFAnnot_GetSubtype(annotation))
            pdfium.FPDFPage_CloseAnnot(annotation)
    return [subtype for subtype in types if subtype not in _WITHOUT_TEXT]


def count_fields(types: Sequence[int]) -> int:
    """Return the number of form fields among annotations: an upper bound, since one field may show in several places."""
    return types.count(pdfium.FPDF_ANNOT_WIDGET)


def find_files(page: Handle) -> set[int]:
    """Return the addresses of the files that are attached to places of a page: one file may be attached to several."""
    found = set[int]()
    for _, annotation, subtype in _annotations(page):
        if subtype == pdfium.FPDF_ANNOT_FILEATTACHMENT and (file := pdfium.FPDFAnnot_GetFileAttachment(annotation)):
            found.add(addressof(file.contents))
    return found


def read_annotations(
    page: Handle,
    number: int,
    *,
    form: Handle,
    frame: PageFrame,
    open_copy: Callable[[], Handle],
    open_fields: Callable[[], "Fields"],
) -> list[Block]:
    """Return what the annotations of a page show, and where.

    Hidden annotations show nothing, nor do those that say that they are not to be printed, or lie outside of the page.
    ``open_copy`` returns pdfium's handle of another opening of the document, or ``None``. Its page of this number is changed,
    where an appearance has text of its own: the annotations become a part of its content, so that pdfium reads their text.
    ``open_fields`` returns the fields as their dictionaries have them. They are asked where an appearance says something else
    than the value, whether viewers make it anew, and for values that pdfium does not tell.
    """
    found = [
        entry
        for entry in _read_values(page, form, lambda index: open_fields().read(number, index))
        if frame.shows(entry.area)
    ]
    if any(entry.has_drawn_text for entry in found) and (copy := open_copy()) and _flatten(copy, number):
        _read_appearances(copy, number, found)
        stale = [entry for entry in found if entry.field in _MADE_ANEW and _says_otherwise(entry.drawn, entry.value)]
        if stale and open_fields().need_appearances():
            for entry in stale:
                entry.drawn = ""
    return [Block(text, frame.box(entry.area), entry.is_note) for entry in found if (text := _tidy(entry.text))]


def _annotations(page: Handle) -> Iterator[tuple[int, Handle, int]]:
    """Yield the place of each annotation among all of them, its handle and its type."""
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _ANNOTATIONS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if annotation:
            try:
                yield index, annotation, int(pdfium.FPDFAnnot_GetSubtype(annotation))
            finally:
                pdfium.FPDFPage_CloseAnnot(annotation)


def _read_values(page: Handle, form: Handle, read_field: Callable[[int], tuple[str, str]]) -> list[_Annotation]:
    """Return the annotations that may show text. ``read_field`` reads the dictionaries of the field at one of them."""
    found = list[_Annotation]()
    for index, annotation, subtype in _annotations(page):
        if subtype in _WITHOUT_TEXT or not _is_visible(annotation):
            continue
        entry = _Annotation(_area(annotation))
        if subtype == pdfium.FPDF_ANNOT_WIDGET:
            entry.field = -1 if form is None else pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
            if entry.field < 0:
                entry.field = _own_type(annotation)
                value = _own_value(annotation, entry.field)
            else:
                value = _field_value(form, annotation, entry.field)
            if value is None:
                kind, value = read_field(index)
                entry.field = _KINDS.get(kind, entry.field) if entry.field not in _BUTTONS else entry.field
            entry.value = value
        elif subtype in (pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_TEXT):
            entry.value = _entry(annotation, b"Contents")
            entry.is_note = subtype == pdfium.FPDF_ANNOT_TEXT
        entry.has_drawn_text = entry.field not in _VALUE_ONLY and _has_drawn_text(
            annotation, is_field=subtype == pdfium.FPDF_ANNOT_WIDGET
        )
        found.append(entry)
    return found


def _has_drawn_text(annotation: Handle, *, is_field: bool) -> bool:
    """Whether the appearance of an annotation may show text."""
    if not pdfium.FPDFAnnot_HasKey(annotation, b"AP"):
        return False
    content = _string(pdfium.FPDFAnnot_GetAP, annotation, pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL)
    # Other annotations may have several appearances, of which pdfium shows one.
    return _SHOWS_TEXT.search(content) is not None if content else not is_field


def _flatten(document: Handle, number: int) -> bool:
    """Make the annotations of a page that may show text a part of its content, and return whether that is done."""
    page = pdfium.FPDF_LoadPage(document, number - 1)
    if not page:
        return False
    try:
        for _, annotation, subtype in _annotations(page):
            if subtype in _WITHOUT_TEXT or not _is_visible(annotation):
                pdfium.FPDFAnnot_SetFlags(annotation, pdfium.FPDF_ANNOT_FLAG_HIDDEN)
        return bool(pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS)
    finally:
        pdfium.FPDF_ClosePage(page)


def _is_visible(annotation: Handle) -> bool:
    flags = pdfium.FPDFAnnot_GetFlags(annotation)
    if flags & _HIDDEN:
        return False
    # Many writers leave the flags out: that says nothing about printing.
    return bool(flags & _PRINTED) or not pdfium.FPDFAnnot_HasKey(annotation, b"F")


def _area(annotation: Handle) -> Area:
    found = pdfium.FS_RECTF()
    pdfium.FPDFAnnot_GetRect(annotation, byref(found))
    return Area(
        min(found.left, found.right),
        min(found.bottom, found.top),
        max(found.left, found.right),
        max(found.bottom, found.top),
    )


def _field_value(form: Handle, annotation: Handle, field: int) -> str | None:
    """Return the value of a field of the form, ``None`` where pdfium cannot tell."""
    if field in _BUTTONS:
        return _button_value(annotation, field)
    if field in _CHOICES and (chosen := _chosen_options(form, annotation)):
        return "\n".join(chosen)
    if field not in _CHOICES and field != pdfium.FPDF_FORMFIELD_TEXTFIELD:
        return ""
    if pdfium.FPDFAnnot_GetValueType(annotation, b"V") in _NO_STRINGS:
        return None
    is_secret = bool(pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD)
    if is_secret and field == pdfium.FPDF_FORMFIELD_TEXTFIELD:
        return ""
    value = _string(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)
    return None if not value and field in _CHOICES and _is_kid(annotation) else value


def _button_value(annotation: Handle, field: int) -> str | None:
    # The appearance that is shown has the name of a state. pdfium's own answer needs a page that is prepared for input.
    return _mark(field, _entry(annotation, b"AS")) if pdfium.FPDFAnnot_HasKey(annotation, b"AS") else None


def _is_kid(annotation: Handle) -> bool:
    """Whether most of what a field is stands in the dictionary of its parent."""
    return not pdfium.FPDFAnnot_HasKey(annotation, b"FT") and bool(pdfium.FPDFAnnot_HasKey(annotation, b"Parent"))


def _own_type(annotation: Handle) -> int:
    """Return the type of a field that the form of the document does not list, by its own dictionary."""
    flags = c_float()
    pdfium.FPDFAnnot_GetNumberValue(annotation, b"Ff", byref(flags))
    match _entry(annotation, b"FT"):
        case "Tx" if not int(flags.value) & _PASSWORD:
            return int(pdfium.FPDF_FORMFIELD_TEXTFIELD)
        case "Ch":
            return int(pdfium.FPDF_FORMFIELD_COMBOBOX)
        case "Btn" if not int(flags.value) & _PUSH:
            return int(
                pdfium.FPDF_FORMFIELD_RADIOBUTTON if int(flags.value) & _RADIO else pdfium.FPDF_FORMFIELD_CHECKBOX
            )
        case _:
            return int(pdfium.FPDF_FORMFIELD_UNKNOWN)


def _own_value(annotation: Handle, field: int) -> str | None:
    """Return the value in a field's own dictionary, ``None`` where it does not tell."""
    if field in _BUTTONS:
        return _button_value(annotation, field)
    if field in _CHOICES or field == pdfium.FPDF_FORMFIELD_TEXTFIELD:
        return _entry(annotation, b"V")
    return None if _is_kid(annotation) else ""


def _mark(field: int, state: str) -> str:
    return _MARKS[field] if state not in ("", "Off") else ""


def _entry(annotation: Handle, key: bytes) -> str:
    """Return a string or name in the dictionary of an annotation, empty when there is none."""
    return _string(pdfium.FPDFAnnot_GetStringValue, annotation, key)


def _chosen_options(form: Handle, annotation: Handle) -> list[str]:
    count = min(pdfium.FPDFAnnot_GetOptionCount(form, annotation), _OPTIONS)
    chosen = (index for index in range(count) if pdfium.FPDFAnnot_IsOptionSelected(form, annotation, index))
    return [_string(pdfium.FPDFAnnot_GetOptionLabel, form, annotation, index) for index in chosen]


def _string(get: Any, *arguments: Any) -> str:
    """Return a text that pdfium writes as UTF-16 with a NUL at its end."""
    buffer, size = _BUFFER, get(*arguments, _BUFFER, _BUFFER_BYTES)
    if size > _BUFFER_BYTES:
        buffer = (c_ushort * (size // 2 + 1))()
        get(*arguments, buffer, size)
    return str(memoryview(buffer).cast("B")[: max(size - 2, 0)], "utf-16-le", "replace")


def _read_appearances(document: Handle, number: int, found: list[_Annotation]) -> None:
    page = pdfium.FPDF_LoadPage(document, number - 1)
    if not page:
        return
    text = None
    try:
        parts = _parts_of_last_object(page)
        text = pdfium.FPDFText_LoadPage(page)
        if text:
            _assign(Glyphs(text), parts, found)
    finally:
        if text:
            pdfium.FPDFText_ClosePage(text)
        pdfium.FPDF_ClosePage(page)


def _parts_of_last_object(page: Handle) -> dict[int, int]:
    """Return which appearance each text object of the flattened annotations is part of, and switch the rest of the page off."""
    last = pdfium.FPDFPage_CountObjects(page) - 1
    for index in range(last):
        pdfium.FPDFPageObj_SetIsActive(pdfium.FPDFPage_GetObject(page, index), False)
    parts = dict[int, int]()
    flattened = pdfium.FPDFPage_GetObject(page, last)
    if flattened and pdfium.FPDFPageObj_GetType(flattened) == pdfium.FPDF_PAGEOBJ_FORM:
        for part in range(pdfium.FPDFFormObj_CountObjects(flattened)):
            _collect_texts(pdfium.FPDFFormObj_GetObject(flattened, part), part, parts, 8)
    return parts


def _collect_texts(handle: Handle, part: int, parts: dict[int, int], depth: int) -> None:
    kind = pdfium.FPDFPageObj_GetType(handle)
    if kind == pdfium.FPDF_PAGEOBJ_TEXT:
        parts[addressof(handle.contents)] = part
    elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth:
        for index in range(pdfium.FPDFFormObj_CountObjects(handle)):
            _collect_texts(pdfium.FPDFFormObj_GetObject(handle, index), part, parts, depth - 1)


def _assign(glyphs: Glyphs, parts: dict[int, int], found: list[_Annotation]) -> None:
    """Give each annotation what its appearance says. An appearance belongs to the annotation in which most of it lies."""
    texts, votes = defaultdict[int, list[str]](list), defaultdict[int, Counter[int]](Counter)
    part = last = None
    between = ""
    by_size = _by_size(found)
    for index, text in enumerate(glyphs.texts):
        owner = glyphs.owner(index)
        if not owner:
            between += text
            continue
        part = parts.get(owner)
        if part is None:
            last, between = None, ""
            continue
        if last is not None and texts[part] and between:
            # What lies between two appearances parts words in either of them.
            texts[part].append(between if last == part else "\n")
        texts[part].append(text)
        if len(texts[part]) <= _VOTES:
            votes[part].update(_around(glyphs.area(index), by_size))
        last, between = part, ""
    for number, said in texts.items():
        if votes[number]:
            entry = found[votes[number].most_common(1)[0][0]]
            entry.drawn = f"{entry.drawn}\n{''.join(said)}".strip()


def _by_size(found: list[_Annotation]) -> list[tuple[int, Area]]:
    """Return the places of annotations, the smallest first, without those whose size says nothing."""
    sizes = [((area := entry.area).right - area.left) * (area.top - area.bottom) for entry in found]
    numbers = sorted((number for number, size in enumerate(sizes) if size < math.inf), key=sizes.__getitem__)
    return [(number, found[number].area) for number in numbers]


def _around(area: Area, by_size: list[tuple[int, Area]]) -> list[int]:
    """Return the smallest annotation around the middle of a glyph, in a list; an empty one without such."""
    x, y = (area.left + area.right) / 2, (area.bottom + area.top) / 2
    for number, (left, bottom, right, top) in by_size:
        if left <= x <= right and bottom <= y <= top:
            return [number]
    return []


def _says_otherwise(drawn: str, value: str) -> bool:
    """Whether an appearance is of another value, and not of the same in another format."""
    first, second = ("".join(filter(str.isalnum, text)).casefold() for text in (drawn, value))
    return bool(first) and bool(second) and first not in second and second not in first


def _tidy(text: str) -> str:
    lines = (line.strip() for line in storable_text(text).replace("\ufffd", "").splitlines())
    return "\n".join(line for line in lines if line)
