"""Damaged PDFs: good ones with random changes, the same for the same seed."""

import random
from collections.abc import Callable, Iterator, Sequence

from pdfbatch.samples import encrypted_pdf, ledger, letter, memo, mixed_pdf, report_page, scanned_pdf, text_pdf

Mutation = Callable[[random.Random, bytearray], None]


def mutants(count: int, *, seed: int) -> Iterator[bytes]:
    """Yield ``count`` damaged PDFs."""
    chance = random.Random(seed)
    originals = _originals()
    for _ in range(count):
        yield mutant(chance, chance.choice(originals))


def mutant(chance: random.Random, pdf: bytes) -> bytes:
    """Return a PDF with 1 to 40 random changes."""
    data = bytearray(pdf)
    for _ in range(chance.choice((1, 2, 5, 10, 40))):
        chance.choice(_MUTATIONS)(chance, data)
    return bytes(data)


def _originals() -> Sequence[bytes]:
    return (
        text_pdf([letter(1)], title="Letter"),
        text_pdf([report_page(1, number) for number in range(1, 6)], title="Report"),
        text_pdf([ledger(0)], table=True),
        encrypted_pdf([memo(1)]),
        mixed_pdf([letter(2)], [letter(3)], stamp="EXHIBIT A-"),
        scanned_pdf([memo(2)], dpi=100),
    )


def _flip(chance: random.Random, data: bytearray) -> None:
    """Change one byte."""
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _cut(chance: random.Random, data: bytearray) -> None:
    """Remove some bytes."""
    start, end = _span(chance, data)
    del data[start:end]


def _repeat(chance: random.Random, data: bytearray) -> None:
    """Copy some bytes to another place."""
    start, end = _span(chance, data)
    place = chance.randint(0, len(data))
    data[place:place] = data[start:end]


def _end_early(chance: random.Random, data: bytearray) -> None:
    """Remove the rest, in one case of ten: more often, little else would be tested."""
    if chance.random() < 0.1:
        del data[chance.randint(0, len(data)) :]


def _another_number(chance: random.Random, data: bytearray) -> None:
    """Change a digit, so that a length, an offset or a reference is wrong."""
    start = chance.randint(0, len(data))
    digit = next((place for place in range(start, min(start + 2000, len(data))) if data[place] in b"0123456789"), None)
    if digit is not None:
        data[digit] = chance.choice(b"0123456789")


def _another_name(chance: random.Random, data: bytearray) -> None:
    """Replace a key word by another."""
    old, new = chance.sample(_WORDS, 2)
    place = data.find(old, chance.randint(0, len(data)))
    if place >= 0:
        data[place : place + len(old)] = new


def _span(chance: random.Random, data: bytearray) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, start + chance.choice((1, 4, 30, 300))


_MUTATIONS: Sequence[Mutation] = (
    _flip,
    _flip,
    _cut,
    _repeat,
    _end_early,
    _another_number,
    _another_number,
    _another_name,
)
_WORDS = (
    b"/Page",
    b"/Pages",
    b"/Kids",
    b"/Length",
    b"/Filter",
    b"/Font",
    b"/Root",
    b"endobj",
    b"stream",
    b"xref",
    b"/Count",
)
