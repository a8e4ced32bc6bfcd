"""A corpus made in code from a seed: born-digital, scanned, mixed, large, duplicate, broken and tiny documents."""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import MANIFEST
from pdfbatch.samples import ledger, letter, memo, mixed_pdf, report_page, scanned_pdf, text_pdf, tiny_pdf, truncate

COLUMNS = ("id", "file", "pages", "kind", "tags", "language", "page_classes", "truth", "truth_quality")
_FORMS = (letter, memo, ledger)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeDocument:
    """A made document and its text."""

    pdf: bytes
    kind: str
    page_classes: str
    texts: tuple[str, ...] = ()
    tags: str = "made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Number of documents of each kind.

    ``longest``: maximum pages of a document that is not large; ``lines``: maximum lines of a page; ``noises`` (grey levels)
    and ``resolutions`` (dpi) of scans.
    """

    born_digital: int = 60
    scanned: int = 20
    mixed: int = 8
    large: int = 2
    large_pages: int = 250
    duplicates: int = 6
    tiny: int = 20
    longest: int = 8
    lines: int = 60
    noises: tuple[int, ...] = (0, 12, 24)
    resolutions: tuple[int, ...] = (200, 200, 300)


SMALL = Recipe(
    born_digital=4,
    scanned=2,
    mixed=1,
    large=1,
    large_pages=12,
    duplicates=1,
    tiny=2,
    longest=2,
    lines=5,
    noises=(0,),
    resolutions=(150,),
)


def make_foreign(folder: Path) -> Path:
    """Write a few documents with their truth as ``benchmarks.foreign`` reads them, and return the folder."""
    documents = folder / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    text = "\n".join(letter(3))
    asserts = [{"type": "present", "text": "permitted"}, {"type": "absent", "text": "forbidden"}]
    entries = (
        {"id": "m1", "kind": "pair", "truth": text, "tags": ["made"]},
        {"id": "m2", "kind": "spec", "asserts": asserts},
    )
    (documents / "m1.pdf").write_bytes(text_pdf([text]))
    (documents / "m2.pdf").write_bytes(text_pdf(["What is not permitted is left out."]))
    (folder / "corpus.jsonl").write_text("".join(f"{json.dumps(entry)}\n" for entry in entries), "utf-8")
    (folder / "peers.tsv").write_text("id\tkind\tpypdf\nm1\tpair\t0.9\nm2\tspec\t1/2\n", "utf-8")
    return folder


def make_corpus(cache: Path, *, seed: int, recipe: Recipe) -> Path:
    """Return the folder below ``cache`` with the corpus of a seed; write it first if it is missing."""
    folder = cache / f"corpus-{seed}-{hashlib.sha256(repr(recipe).encode()).hexdigest()[:8]}"
    if not (folder / MANIFEST).exists():
        (folder / "documents").mkdir(parents=True, exist_ok=True)
        (folder / "truth").mkdir(exist_ok=True)
        lines = [_write(folder, number, made) for number, made in enumerate(_documents(seed, recipe), 1)]
        table = "\n".join("\t".join(line) for line in (COLUMNS, *lines))
        (folder / MANIFEST).write_text(table + "\n", "utf-8")
    return folder


def write_broken(folder: Path) -> list[Path]:
    """Write documents that nobody can read: cut off, empty, not a PDF."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {"cut": truncate(tiny_pdf(1), 0.3), "empty": b"", "text": b"This is no PDF.\n"}
    paths = [folder / f"{name}.pdf" for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    return paths


def _documents(seed: int, recipe: Recipe) -> Iterator[MadeDocument]:
    rng = random.Random(seed)
    first = [_born_digital(rng, recipe) for _ in range(recipe.born_digital)]
    yield from first
    yield from (_scanned(rng, recipe) for _ in range(recipe.scanned))
    yield from (_mixed(rng, recipe) for _ in range(recipe.mixed))
    yield from (_large(rng, recipe.large_pages) for _ in range(recipe.large))
    yield from first[: recipe.duplicates]
    yield from (_tiny(rng) for _ in range(recipe.tiny))


def _born_digital(rng: random.Random, recipe: Recipe) -> MadeDocument:
    pages = _pages(rng, rng.choice((1, 1, 2, 3, 5, 8)), recipe)
    return MadeDocument(pdf=text_pdf(pages), kind="born-digital", page_classes="T" * len(pages), texts=_texts(pages))


def _scanned(rng: random.Random, recipe: Recipe) -> MadeDocument:
    pages = _pages(rng, rng.choice((1, 1, 2, 3)), recipe)
    pdf = scanned_pdf(
        pages,
        dpi=rng.choice(recipe.resolutions),
        skew_degrees=rng.uniform(-0.8, 0.8),
        noise=rng.choice(recipe.noises),
        seed=rng.randrange(1 << 30),
        encoding=rng.choice(("jpeg", "flate", "fax")),
    )
    return MadeDocument(pdf=pdf, kind="scanned", page_classes="I" * len(pages), texts=_texts(pages))


def _mixed(rng: random.Random, recipe: Recipe) -> MadeDocument:
    texts, scans = _pages(rng, rng.randint(1, 4), recipe), _pages(rng, rng.randint(1, 2), recipe)
    pdf = mixed_pdf(texts, scans, stamp="EXHIBIT ", dpi=recipe.resolutions[0], seed=rng.randrange(1 << 30))
    return MadeDocument(
        pdf=pdf, kind="mixed", page_classes="T" * len(texts) + "P" * len(scans), texts=_texts([*texts, *scans])
    )


def _large(rng: random.Random, count: int) -> MadeDocument:
    seed = rng.randrange(1 << 30)
    pages = [report_page(seed, number) for number in range(1, count + 1)]
    return MadeDocument(
        pdf=text_pdf(pages), kind="born-digital", page_classes="T" * count, texts=_texts(pages), tags="made,large"
    )


def _tiny(rng: random.Random) -> MadeDocument:
    pdf = tiny_pdf(rng.randrange(10**9))
    return MadeDocument(pdf=pdf, kind="born-digital", page_classes="T", tags="made,tiny")


def _pages(rng: random.Random, count: int, recipe: Recipe) -> list[list[str]]:
    forms = [rng.choice(_FORMS)(rng.randrange(1 << 30)) for _ in range(min(count, recipe.longest))]
    return [lines[: recipe.lines] for lines in forms]


def _texts(pages: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple("\n".join(page) for page in pages)


def _write(folder: Path, number: int, made: MadeDocument) -> tuple[str, ...]:
    name = f"m{number:04}"
    file, truth = f"documents/{name}.pdf", f"truth/{name}.txt" if made.texts else ""
    (folder / file).write_bytes(made.pdf)
    if truth:
        (folder / truth).write_text("\f".join(made.texts), "utf-8")
    quality = "exact" if truth else ""
    return name, file, str(len(made.page_classes)), made.kind, made.tags, "eng", made.page_classes, truth, quality
