"""An OCR engine with a second reader for pages of whose words it is not sure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pdfbatch.ports import OcrEngine, Reading, SupportsEarlyOrientation, SupportsLanguages

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoReaders:
    """Read by ``first``, and let pdfbatch ask ``second`` about pages whose words are doubtful.

    ``PageRules.doubtful_confidence`` says which pages those are. The reading stays that has more letters in words of a
    confidence of 60 or more. A language that the second one does not read is read by the first alone.
    """

    first: OcrEngine
    second: OcrEngine

    @property
    def name(self) -> str:
        """The names of both: a resume reads all documents again when the second one is added."""
        return f"{self.first.name}+{self.second.name}"

    @property
    def version(self) -> str:
        """The versions of both."""
        return f"{self.first.version}, {self.second.version} ({self.second.name})"

    @property
    def second_reader(self) -> OcrEngine:
        """The second engine."""
        return self.second

    def list_languages(self) -> frozenset[str]:
        """Return the languages of the first, none where it cannot tell."""
        return self.first.list_languages() if isinstance(self.first, SupportsLanguages) else frozenset()

    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` when the first cannot read these languages, or the second is not installed."""
        self.first.check(languages)
        if not self.second.version:
            self.second.check(languages)

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read an image with the first."""
        return self.first.read(image, languages=languages, dpi=dpi, timeout=timeout)

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """Return what the second one is sure of, else what the first one finds."""
        found = self.second.orientation(image, timeout=timeout)
        return self.first.orientation(image, timeout=timeout) if found is None else found

    def estimate_orientation(self, image: "Image", *, languages: str) -> tuple[int, float] | None:
        """Return how many degrees clockwise a picture must be turned, and how sure that is, if the second one can tell."""
        if not isinstance(self.second, SupportsEarlyOrientation):
            return None
        return self.second.estimate_orientation(image, languages=languages)
