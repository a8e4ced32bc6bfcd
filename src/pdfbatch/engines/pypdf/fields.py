"""Say of form fields what pdfium does not tell, from pypdf's dictionaries: few forms need it, so it is asked for these only."""

import io
import logging
from dataclasses import dataclass, field

from pypdf import PasswordType, PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from pdfbatch.engines.pypdf.annotations import read_field

_logger: logging.Logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Fields:
    """The form fields of a document. What pypdf cannot read is as if it were not there."""

    reader: PdfReader | None = field(repr=False)

    def read(self, page: int, index: int) -> tuple[str, str]:
        """Return the kind (``Tx``, ``Ch``, ``Btn`` or nothing) and the value of the field at an annotation of a page."""
        try:
            annotations = None if self.reader is None else self.reader.pages[page - 1].get("/Annots")
            found = annotations.get_object() if annotations is not None else None
            annotation = found[index].get_object() if isinstance(found, ArrayObject) else None
            return read_field(annotation) if isinstance(annotation, DictionaryObject) else ("", "")
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 (on malformed input pypdf raises nearly everything)
            _logger.debug("pypdf cannot read a field (%s: %s)", type(error).__name__, error)
            return "", ""

    def need_appearances(self) -> bool:
        """Return whether viewers are asked to make the appearances of form fields anew."""
        try:
            form = None if self.reader is None else self.reader.root_object.get("/AcroForm")
            found = form.get_object() if form is not None else None
            flag = found.get("/NeedAppearances") if isinstance(found, DictionaryObject) else None
            return flag is not None and flag.get_object() == True  # noqa: E712 (pypdf's own kind of truth value)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 (as above)
            _logger.debug("pypdf cannot read the form (%s: %s)", type(error).__name__, error)
            return False


def open_fields(source: str | bytes, password: str | None) -> Fields:
    """Return the form fields of a document."""
    try:
        reader = PdfReader(io.BytesIO(source) if isinstance(source, bytes) else source)
        words = (password or "", "")
        if reader.is_encrypted and all(reader.decrypt(word) is PasswordType.NOT_DECRYPTED for word in words):
            return Fields(None)
        return Fields(reader)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (as above)
        _logger.debug("pypdf cannot look for form fields (%s: %s)", type(error).__name__, error)
        return Fields(None)
