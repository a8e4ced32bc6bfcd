"""Leave out what is on layers (optional content) that a viewer does not show, as the default configuration says.

What a layer shows is a part of the content of a page between two marks, a form or image of its own, or an annotation.
"""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pypdf import PageObject, PasswordType, PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ContentStream,
    DecodedStreamObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    PdfObject,
    StreamObject,
)

_logger: logging.Logger = logging.getLogger(__name__)

# Bounds: forms in forms, and terms in terms of an expression.
_DEPTH = 12
_PATHS = frozenset((b"S", b"s", b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"))
_DROPPED = frozenset((b"Tj", b"TJ", b"Do", b"sh", b"INLINE IMAGE"))

Operation = tuple[Any, bytes]


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of a document that are off, by the numbers of their objects. A document to be written has a ``writer``."""

    hidden: frozenset[int] = frozenset()
    writer: PdfWriter | None = None
    _seen: dict[int, bool] = field(default_factory=dict[int, bool])

    def hide(self, page: PageObject) -> bool:
        """Take what is on hidden layers out of a page. Return whether there was any. Changes the page in memory."""
        if not self.hidden:
            return False
        resources, changed = _dictionary(page.get("/Resources")), self._hide_annotations(page)
        content = page.get_contents()
        if content is not None and self._hide_in(content, resources, _DEPTH):
            page[NameObject("/Contents")] = self._place(_stream(DictionaryObject(), content.get_data()))
            changed = True
        return changed or self._seen.get(id(resources), False)

    def is_hidden(self, entry: object) -> bool:
        """Return whether a layer, or a membership in several, is not shown. ``entry`` is its reference."""
        number = entry.idnum if isinstance(entry, IndirectObject) else 0
        if number in self.hidden:
            return True
        found = _dictionary(entry)
        if found.get("/Type") != "/OCMD":
            return False
        terms = _resolve(found.get("/VE"))
        if isinstance(terms, ArrayObject) and terms:
            return not self._holds(terms, _DEPTH)
        groups = found.raw_get("/OCGs") if "/OCGs" in found else None
        members = _list(groups) or [groups]
        return _is_hidden_together(found.get("/P"), [self.is_hidden(group) for group in members if group])

    def _holds(self, terms: ArrayObject, depth: int) -> bool:
        """Return whether an expression (/And, /Or, /Not and their terms) says that something is shown."""

        def value(term: object) -> bool:
            inner = _resolve(term)
            return self._holds(inner, depth - 1) if isinstance(inner, ArrayObject) else not self.is_hidden(term)

        if depth == 0:
            return True
        operator, *rest = terms
        values = [value(term) for term in rest]
        match _resolve(operator):
            case "/And":
                return all(values)
            case "/Not":
                return not any(values)
            case _:
                return any(values)

    def _place(self, stream: StreamObject) -> PdfObject:
        """Return a stream as it can be put into a dictionary."""
        # pypdf has no public way to add an object to a document that is to be written.
        return stream if self.writer is None else self.writer._add_object(stream)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def _hide_annotations(self, page: PageObject) -> bool:
        listed = _resolve(page.get("/Annots"))
        if not isinstance(listed, ArrayObject):
            return False
        kept = [entry for entry in listed if not self._has_hidden_layer(entry)]
        if len(kept) == len(listed):
            return False
        page[NameObject("/Annots")] = ArrayObject(kept)
        return True

    def _has_hidden_layer(self, entry: object) -> bool:
        found = _dictionary(entry)
        return "/OC" in found and self.is_hidden(found.raw_get("/OC"))

    def _hide_in(self, content: ContentStream, resources: DictionaryObject, depth: int) -> bool:
        """Take what is hidden out of some content. Return whether it has changed; forms in it are changed in place."""
        properties, objects = _dictionary(resources.get("/Properties")), _dictionary(resources.get("/XObject"))
        marks = {name for name in properties if self.is_hidden(properties.raw_get(name))}
        hidden = {name for name in objects if self._has_hidden_layer(objects[name])}
        # All of them, also behind the first that changes.
        changes = [
            self._hide_in_form(objects, name, resources, depth) for name in objects if name not in hidden and depth
        ]
        if True in changes:
            self._seen[id(resources)] = True
        if not marks and not hidden:
            return False
        kept = _without_hidden(content.operations, marks, hidden)
        changed = len(kept) != len(content.operations) or kept != content.operations
        if changed:
            content.operations = kept
        return changed

    def _hide_in_form(self, objects: DictionaryObject, name: str, outer: DictionaryObject, depth: int) -> bool:
        form = _resolve(objects[name])
        if not isinstance(form, StreamObject) or form.get("/Subtype") != "/Form":
            return False
        if id(form) in self._seen:
            return self._seen[id(form)]
        self._seen[id(form)] = False
        content, resources = ContentStream(form, None), _dictionary(form.get("/Resources")) or outer
        if self._hide_in(content, resources, depth - 1):
            changed = _stream(form, content.get_data())
            objects[NameObject(name)] = self._place(changed)
            self._seen[id(form)] = self._seen[id(changed)] = True
        else:
            self._seen[id(form)] = self._seen.get(id(resources), False)
        return self._seen[id(form)]


def layers_of(document: PdfReader | PdfWriter) -> Layers:
    """Return the layers of a document that are off when a viewer opens it."""
    properties = _dictionary(document.root_object.get("/OCProperties"))
    settings = _dictionary(properties.get("/D"))
    if not settings:
        return Layers()
    every = _numbers(properties.get("/OCGs"))
    hidden = set(every) if settings.get("/BaseState") == "/OFF" else set[int]()
    hidden -= _numbers(settings.get("/ON"))
    hidden |= _numbers(settings.get("/OFF"))
    for usage in _list(settings.get("/AS")):
        _apply_usage(_dictionary(usage), hidden)
    return Layers(frozenset(hidden))


def without_hidden_layers(source: str | bytes, password: str | None) -> bytes | None:
    """Return a document without what is on hidden layers; ``None`` when there is nothing, or pypdf cannot tell."""
    try:
        reader = PdfReader(io.BytesIO(source) if isinstance(source, bytes) else source)
        if reader.is_encrypted and all(
            reader.decrypt(word) is PasswordType.NOT_DECRYPTED for word in (password or "", "")
        ):
            return None
        if not layers_of(reader).hidden:
            return None
        writer = PdfWriter(clone_from=reader)
        layers = replace(layers_of(writer), writer=writer)
        changes = [layers.hide(page) for page in writer.pages]
        if True not in changes:
            return None
        written = io.BytesIO()
        writer.write(written)
        return written.getvalue()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (on malformed input pypdf raises nearly everything)
        _logger.warning(
            "layers that are off are read too, pypdf cannot find them (%s: %s)", type(error).__name__, error
        )
        return None


def _is_hidden_together(policy: object, hidden: Sequence[bool]) -> bool:
    """Return whether a membership in some layers is not shown. One in no layer is."""
    if not hidden:
        return False
    match policy:
        case "/AllOn":
            return any(hidden)
        case "/AnyOff":
            return not any(hidden)
        case "/AllOff":
            return not all(hidden)
        case _:
            return all(hidden)


def _apply_usage(usage: DictionaryObject, hidden: set[int]) -> None:
    """Apply what layers say of themselves, where the document asks viewers to go by it."""
    if usage.get("/Event") != "/View" or "/View" not in _list(usage.get("/Category")):
        return
    for group in _list(usage.get("/OCGs")):
        state = _dictionary(_dictionary(_dictionary(group).get("/Usage")).get("/View")).get("/ViewState")
        if isinstance(group, IndirectObject) and state in ("/ON", "/OFF"):
            (hidden.add if state == "/OFF" else hidden.discard)(group.idnum)


def _without_hidden(operations: Sequence[Operation], marks: set[str], hidden: set[str]) -> list[Operation]:
    """Return operations without those that paint something hidden; what they set for later ones stays."""
    kept, open_marks = list[Operation](), list[bool]()
    for operands, operator in operations:
        if operator in (b"BDC", b"BMC"):
            is_layer = operator == b"BDC" and len(operands) > 1 and operands[0] == "/OC" and str(operands[1]) in marks
            open_marks.append(is_layer or (bool(open_marks) and open_marks[-1]))
        elif operator == b"EMC" and open_marks:
            open_marks.pop()
        elif operator == b"Do" and operands and str(operands[0]) in hidden:
            continue
        elif open_marks and open_marks[-1]:
            kept += _leave_unpainted(operands, operator)
            continue
        kept.append((operands, operator))
    return kept


def _leave_unpainted(operands: Any, operator: bytes) -> list[Operation]:
    if operator in _DROPPED:
        return []
    if operator in _PATHS:
        return [([], b"n")]
    if operator == b"'":
        return [([], b"T*")]
    if operator == b'"':
        return [([operands[0]], b"Tw"), ([operands[1]], b"Tc"), ([], b"T*")]
    return [(operands, operator)]


def _stream(entries: DictionaryObject, data: bytes) -> DecodedStreamObject:
    stream = DecodedStreamObject()
    left_out = ("/Filter", "/DecodeParms", "/Length")
    stream.update({key: entries.raw_get(key) for key in entries if key not in left_out})
    stream.set_data(data)
    return stream


def _resolve(entry: object) -> object:
    return entry.get_object() if isinstance(entry, IndirectObject) else entry


def _dictionary(entry: object) -> DictionaryObject:
    found = _resolve(entry)
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def _list(entry: object) -> Sequence[object]:
    found = _resolve(entry)
    return found if isinstance(found, ArrayObject) else ()


def _numbers(entry: object) -> set[int]:
    return {reference.idnum for reference in _list(entry) if isinstance(reference, IndirectObject)}
