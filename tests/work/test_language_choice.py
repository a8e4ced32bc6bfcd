"""In which languages pages are read, and what records and reports say when these do not fit."""

import json
import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pdfbatch import BatchProcessor, BatchReport, Document, Extraction, Manifest, Storage
from pdfbatch.engines import PdfiumEngine
from pdfbatch.errors import Cause, DependencyError, DocumentError, UsageError
from pdfbatch.executors import ProcessExecutor, SequentialExecutor
from pdfbatch.model import Note, Page
from pdfbatch.ocr import TesseractEngine, TesserocrEngine
from pdfbatch.ports import Reading, SupportsLanguages
from pdfbatch.samples import scanned_pdf
from pdfbatch.work.function_words import SCRIPT_OF_LANGUAGE
from pdfbatch.work.language_choice import first_language, other_scripts
from tests.stand_ins import EchoOcr, ScanEngine
from tests.work.prose import NO_PROSE, PROSE
from tests.work.test_language import shift_letters


@dataclass(frozen=True)
class Polyglot(EchoOcr):
    """Reads pages that name a language as prose in it, if asked in that language; else more or less badly, as tesseract does.

    It notes in which languages it was asked.
    """

    asked: list[str] = field(default_factory=list[str], hash=False)

    def list_languages(self) -> frozenset[str]:
        """Return what there is."""
        return frozenset(self.languages)

    def read(self, image: "object", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read the page as one in the language that it names."""
        self.asked.append(languages)
        if set(languages.split("+")) - set(self.languages):
            raise DocumentError(f"{languages} is not there", cause=Cause.OCR_UNAVAILABLE)
        language = EchoOcr.read(self, image, languages=languages, dpi=dpi).text.strip()  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        text, confidence = self._text_of(language, languages.split("+"))
        return Reading(text=text, confidence=confidence, words=len(text.split()))

    @staticmethod
    def _text_of(language: str, asked: list[str]) -> tuple[str, float]:
        if language not in PROSE:
            return NO_PROSE[language], 93.0
        if language in asked:
            return PROSE[language], 92.0
        if SCRIPT_OF_LANGUAGE[language] == "Latin":
            return PROSE[language].encode("ascii", "replace").decode(), 88.0
        return shift_letters(PROSE["eng"], 7), 70.0  # not so weak that the page is turned


def run(ocr_engine: EchoOcr, pages: str, languages: str | None = None, **document: object) -> BatchReport:
    """The report of one document, whose pages are scans in the languages named."""
    content = "\f".join(f"scan:{page}" for page in pages.split()).encode()
    processor = BatchProcessor(
        executor=SequentialExecutor(),
        engine=ScanEngine(),
        ocr_engine=ocr_engine,
        extraction=Extraction(languages=languages),
    )
    return processor.run([Document("case.pdf", content=content, **document)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def pages_of(report: BatchReport) -> list[tuple[str | None, str]]:
    """Language and note of each page."""
    return [(page.language, page.note) for page in report.results[0].pages]


# --- languages that do not fit ----------------------------------------------------------------------------------------


def test_a_page_in_another_installed_language_is_said_and_counted() -> None:
    report = run(Polyglot(languages=("eng", "deu")), "eng deu eng")
    assert pages_of(report) == [("eng", ""), ("deu", Note.OTHER_LANGUAGE), ("eng", "")]
    assert (report.status.other_language_pages, report.summary()["other_language_pages"]) == (1, 1)
    assert (report.successful, report.status.partial, report.status.failed_pages) == (1, 0, 0)


def test_a_page_in_a_language_that_is_not_installed_is_said() -> None:
    report = run(Polyglot(languages=("eng",)), "fra")
    assert pages_of(report) == [("fra", Note.LANGUAGE_NOT_INSTALLED)]
    assert report.status.other_language_pages == 1


@pytest.mark.parametrize(("asked", "page"), [("deu", "deu"), ("eng+deu", "deu"), ("eng+deu", "eng"), ("German", "deu")])
def test_a_page_in_a_language_asked_for_is_fine(asked: str, page: str) -> None:
    assert pages_of(run(Polyglot(languages=("eng", "deu")), page, asked)) == [(page, "")]


@pytest.mark.parametrize("page", sorted(set(NO_PROSE) - {"plants"}))
def test_a_page_without_prose_is_fine(page: str) -> None:
    report = run(Polyglot(languages=("eng", "deu", "fra", "spa")), page)
    assert pages_of(report) == [(None, "")]
    assert report.status.other_language_pages == 0


def test_data_of_an_unknown_name_is_for_the_caller_to_judge() -> None:
    assert pages_of(run(Polyglot(languages=("eng", "deu", "script/Latin")), "deu", "script/Latin")) == [(None, "")]


def test_an_engine_that_cannot_tell_its_languages_says_what_it_can() -> None:
    assert not isinstance(EchoOcr(), SupportsLanguages)
    report = run(EchoOcr(), "The_page")
    assert pages_of(report) == [(None, "")]


def test_records_tell_the_language_and_the_note(tmp_path: Path) -> None:
    processor = BatchProcessor(
        executor=SequentialExecutor(),
        engine=ScanEngine(),
        ocr_engine=Polyglot(languages=("eng", "deu")),
        storage=Storage(str(tmp_path)),
    )
    document = Document("case.pdf", "a", content=b"scan:deu\fscan:eng\fscan:deu\fscan:deu\fscan:deu\fscan:eng")
    report = processor.run([document])
    record = json.loads((tmp_path / "a.json").read_bytes())
    assert [(page["language"], page["note"]) for page in record["pages"]][:2] == [
        ("deu", "other-language"),
        ("eng", ""),
    ]
    assert record["counts"]["other_language_pages"] == report.status.other_language_pages == 4
    assert [page.note for page in report.results[0].pages] == [page["note"] for page in record["pages"]]


# --- languages that are guessed ---------------------------------------------------------------------------------------


def test_auto_reads_again_in_the_language_that_fits() -> None:
    engine = Polyglot(languages=("eng", "deu", "fra"))
    report = run(engine, "deu", "auto")
    assert engine.asked == ["eng", "deu"]
    assert report.results[0].text == PROSE["deu"]
    assert pages_of(report) == [("deu", "")]
    assert report.status.other_language_pages == 0


def test_auto_reads_further_pages_in_the_first_language_that_is_clear() -> None:
    engine = Polyglot(languages=("eng", "deu", "fra"))
    report = run(engine, "table deu deu fra", "auto")
    assert engine.asked == ["eng", "eng", "deu", "deu", "deu", "fra"]
    assert pages_of(report) == [(None, ""), ("deu", ""), ("deu", ""), ("fra", "")]


def test_auto_reads_english_once() -> None:
    engine = Polyglot(languages=("eng", "deu", "rus"))
    run(engine, "eng names code eng", "auto")
    assert engine.asked == ["eng"] * 4


def test_auto_tries_other_scripts_once_and_keeps_what_it_finds() -> None:
    engine = Polyglot(languages=("eng", "deu", "rus", "ell", "heb"))
    report = run(engine, "rus rus", "auto")
    assert engine.asked == ["eng", "rus+ell+heb", "rus"]
    assert pages_of(report) == [("rus", ""), ("rus", "")]


def test_auto_gives_up_on_other_scripts_that_find_nothing() -> None:
    engine = Polyglot(languages=("eng", "heb"))
    run(engine, "rus rus rus rus", "auto")
    assert engine.asked == ["eng", "heb", "eng", "heb", "eng", "eng"]


def test_auto_says_so_when_the_language_is_not_there() -> None:
    engine = Polyglot(languages=("eng", "deu"))
    report = run(engine, "fra", "auto")
    assert engine.asked == ["eng"]
    assert pages_of(report) == [("fra", Note.LANGUAGE_NOT_INSTALLED)]


def test_auto_learns_from_the_pages_that_need_no_ocr() -> None:
    engine = Polyglot(languages=("eng", "deu"))
    content = f"{PROSE['deu']}\fscan:deu\fscan:deu\fscan:deu\fscan:deu\fscan:deu\fscan:deu".encode()
    processor = BatchProcessor(
        executor=SequentialExecutor(), engine=ScanEngine(), ocr_engine=engine, extraction=Extraction(languages="auto")
    )
    report = processor.run([Document("case.pdf", content=content)])
    assert report.status.ocr_pages == 6, "it is not split"
    assert engine.asked == ["deu"] * 6


def test_auto_without_english_begins_with_what_there_is() -> None:
    engine = Polyglot(languages=("rus", "deu", "osd"))
    run(engine, "deu", "auto")
    assert engine.asked == ["deu"]
    assert first_language(frozenset({"rus", "ell"})) == "rus"
    assert first_language(frozenset()) == "eng"
    assert other_scripts(frozenset({"eng", "rus", "ukr", "ell", "kor", "jpn", "ara", "osd"})) == [
        "rus",
        "ara",
        "ell",
        "jpn",
    ]


def test_auto_needs_an_engine_that_knows_its_languages() -> None:
    with pytest.raises(UsageError, match="name them"):
        run(EchoOcr(), "eng", "auto")


def test_auto_is_for_single_documents_too() -> None:
    engine = Polyglot(languages=("eng", "deu"))
    processor = BatchProcessor(executor=SequentialExecutor(), engine=ScanEngine(), ocr_engine=engine)
    processor.run([Document("a.pdf", content=b"scan:deu", languages="auto")])
    processor.run([Document("a.pdf", content=b"scan:deu", metadata={"language": "auto"})])
    assert engine.asked == ["eng", "deu"] * 2


def test_workers_send_language_and_note_and_what_was_guessed() -> None:
    content = f"{PROSE['deu']}\f{chr(12).join(['scan:deu'] * 9)}".encode()
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=1), engine=ScanEngine(), ocr_engine=Polyglot(languages=("eng", "deu"))
    )
    plain = processor.run([Document("case.pdf", content=content)])
    assert pages_of(plain) == [(None, ""), *[("deu", Note.OTHER_LANGUAGE)] * 9]
    assert (plain.status.other_language_pages, plain.results[0].counts.other_language_pages) == (9, 9)
    guessing = replace(processor, extraction=Extraction(languages="auto"))
    assert pages_of(guessing.run([Document("case.pdf", content=content)])) == [(None, ""), *[("deu", "")] * 9]


# --- languages of metadata --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "metadata",
    [
        {"language": "de"},
        {"language": "German"},
        {"language": "deu"},
        {"languages": ["de-AT"]},
        {"languages": "ger"},
        {"language": "Deutsch, Klingon"},
        {"language": None, "languages": ["de", None, "xx"]},
    ],
)
def test_metadata_name_the_languages_of_a_document(metadata: Mapping[str, object]) -> None:
    engine = Polyglot(languages=("eng", "deu"))
    report = run(engine, "deu", metadata=metadata)
    assert engine.asked == ["deu"]
    assert report.results[0].document.metadata == metadata


@pytest.mark.parametrize(
    "metadata", [{}, {"language": ""}, {"language": "Klingon"}, {"language": 7}, {"languages": {}}]
)
def test_metadata_that_name_no_language_are_ignored(metadata: Mapping[str, object]) -> None:
    engine = Polyglot(languages=("eng", "deu"))
    run(engine, "eng", metadata=metadata)
    assert engine.asked == ["eng"]


def test_settings_go_before_metadata() -> None:
    engine = Polyglot(languages=("eng", "deu", "fra"))
    run(engine, "eng", "eng", metadata={"language": "de"})
    processor = BatchProcessor(executor=SequentialExecutor(), engine=ScanEngine(), ocr_engine=engine)
    processor.run([Document("a.pdf", content=b"scan:fra", languages="french", metadata={"language": "de"})])
    assert engine.asked == ["eng", "fra"]


def test_languages_that_are_not_known_or_not_there_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    engine = Polyglot(languages=("eng", "deu"))
    processor = BatchProcessor(executor=SequentialExecutor(), engine=ScanEngine(), ocr_engine=engine)
    names = ["Klingon", "fr", "de", "Klingon", "French"]
    documents = [
        Document(f"{number}.pdf", content=f"scan:names {number}".encode(), metadata={"language": name})
        for number, name in enumerate(names)
    ]
    with caplog.at_level(logging.WARNING):
        processor.run([replace(one, content=b"scan:names") for one in documents])
    said = [record.getMessage() for record in caplog.records]
    assert [message for message in said if "Klingon" in message and "not known" in message] == said[:1]
    assert [message for message in said if " fra " in message] == said[1:]
    assert "deu" in engine.asked


def test_a_language_asked_for_that_is_not_there_fails_its_pages() -> None:
    processor = BatchProcessor(executor=SequentialExecutor(), engine=ScanEngine(), ocr_engine=Polyglot())
    failed = processor.run([Document("a.pdf", content=b"scan:fra", languages="French")]).results[0]
    assert failed.failure is not None
    assert (failed.failure.cause, "fra" in failed.failure.message) == (Cause.OCR_UNAVAILABLE, True)
    with pytest.raises(DependencyError, match="fra"):
        run(Polyglot(languages=("eng",)), "fra", "French")


def test_a_manifest_names_languages() -> None:
    engine = Polyglot(languages=("eng", "deu"))
    manifest = Manifest.load({"id": "m", "documents": [{"file_path": "a.pdf", "language": "de"}]})
    documents = [replace(one, content=b"scan:deu") for one in manifest.documents]
    BatchProcessor(executor=SequentialExecutor(), engine=ScanEngine(), ocr_engine=engine).run(documents)
    assert engine.asked == ["deu"]


def test_another_language_in_metadata_is_another_setting_for_a_resume(tmp_path: Path) -> None:
    engine = Polyglot(languages=("eng", "deu"))
    processor = BatchProcessor(
        executor=SequentialExecutor(), engine=ScanEngine(), ocr_engine=engine, storage=Storage(str(tmp_path))
    )
    for language in ("en", "de", "German"):
        document = Document("a.pdf", "a", content=b"scan:deu", metadata={"language": language})
        processor.run([document], resume=True)
    assert engine.asked == ["eng", "deu"]


@dataclass(frozen=True)
class Unsure(EchoOcr):
    """Reads every page with this confidence."""

    confidence: float | None = None

    def read(self, image: "object", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read the page."""
        found = EchoOcr.read(self, image, languages=languages, dpi=dpi)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        return replace(found, confidence=self.confidence)


def test_a_page_of_which_hardly_a_word_is_sure_says_so() -> None:
    for confidence, note in ((31.0, Note.WEAK_WORDS), (70.0, ""), (None, "")):
        assert pages_of(run(Unsure(confidence=confidence), "hasty-hand")) == [(None, note)], confidence


# --- with tesseract ---------------------------------------------------------------------------------------------------


def test_german_is_read_in_german(tesseract: TesseractEngine) -> None:
    if "deu" not in tesseract.list_languages():
        pytest.skip("no German data")
    text = PROSE["deu"].split()
    lines = [" ".join(text[start : start + 9]) for start in range(0, len(text), 9)]
    document = Document("a.pdf", content=scanned_pdf(["\n".join(lines)], dpi=300))
    processor = BatchProcessor(executor=SequentialExecutor(), engine=PdfiumEngine(), ocr_engine=tesseract)

    def page(languages: str | None) -> Page:
        with_languages = replace(processor, extraction=Extraction(languages=languages))
        return with_languages.run([document]).results[0].pages[0]

    english, guessed = page(None), page("auto")
    assert (english.language, english.note) == ("deu", Note.OTHER_LANGUAGE)
    assert (guessed.language, guessed.note) == ("deu", "")
    assert (english.confidence or 0) <= (guessed.confidence or 0)


def test_tesseracts_say_which_languages_they_have(
    tesseract: TesseractEngine, tesserocr: TesserocrEngine, tmp_path: Path
) -> None:
    for engine in (tesseract, tesserocr):
        assert isinstance(engine, SupportsLanguages)
        assert "eng" in engine.list_languages()
        assert pickle.loads(pickle.dumps(engine)).list_languages() == engine.list_languages()
    assert TesseractEngine(binary=str(tmp_path / "none")).list_languages() == frozenset()
    assert TesserocrEngine(tessdata=str(tmp_path)).list_languages() == frozenset()
