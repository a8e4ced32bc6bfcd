"""The languages that documents ask for: of their own, or by the metadata that a manifest has of them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pdfbatch.common import AUTO, codes_of_setting, find_codes, names_in
from pdfbatch.model import Document

log: logging.Logger = logging.getLogger(__name__)

_KEYS = ("languages", "language")


@dataclass(slots=True, kw_only=True)
class LanguageHints:
    """Give each document the OCR languages that its metadata name, unless the document or the batch has languages.

    ``batch_languages`` are those that the caller set for the batch, ``None`` when the metadata may decide; ``usual`` are read
    where nobody says anything. ``list_installed`` returns the languages that can be read here, ``None`` when that is not known;
    it is called once, and only when there is a hint. A name that is not known, or not installed, is ignored and logged once.
    """

    batch_languages: str | None
    usual: str
    list_installed: Callable[[], frozenset[str] | None]
    _logged: set[str] = field(default_factory=set[str])
    _installed: list[frozenset[str] | None] = field(default_factory=list[frozenset[str] | None])

    def apply(self, document: Document) -> Document:
        """Return the document with languages as tesseract's codes, or as it is when nothing is said about them."""
        if document.languages is not None:
            codes = codes_of_setting(document.languages)
            return document if codes == document.languages else replace(document, languages=codes)
        if self.batch_languages is not None or not document.metadata:
            return document
        codes = "+".join(self._find_codes(document))
        return replace(document, languages=codes) if codes not in ("", self.usual) else document

    def _find_codes(self, document: Document) -> list[str]:
        value = next((document.metadata[key] for key in _KEYS if document.metadata.get(key)), None)
        codes: list[str] = []
        for name in names_in(value):
            if name.casefold() == AUTO:
                return [AUTO]
            found = find_codes(name)
            codes += found
            if not found:
                self._log_once(name, f"the language {name!r} in metadata is not known, and is ignored")
        return [code for code in dict.fromkeys(codes) if self._is_installed(code)]

    def _is_installed(self, code: str) -> bool:
        if not self._installed:
            self._installed.append(self.list_installed())
        installed = self._installed[0]
        if installed is None or code in installed:
            return True
        self._log_once(code, f"the language {code} in metadata is ignored, because there is no OCR data for it")
        return False

    def _log_once(self, name: str, message: str) -> None:
        if name not in self._logged:
            self._logged.add(name)
            log.warning("%s; further documents may have it, too", message)
