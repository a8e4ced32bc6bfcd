"""Put a folder of PDFs into a vector store, and find the passages that fit a question.

    python rag_ingestion.py FOLDER STORE QUESTION

The store is one SQLite file, and ``embed`` is a stand-in that counts words: put your model and your database there. What stays
is how documents are read, cut into chunks, replaced when they change, and cited by path and page.
"""

import hashlib
import json
import math
import sqlite3
import sys
from collections.abc import Iterator, Sequence

from pdfbatch.integrations import Passage, Passages

CHUNK_WORDS, OVERLAP_WORDS, DIMENSIONS = 120, 20, 512


def chunks_of(passage: Passage) -> Iterator[tuple[str, str]]:
    """Yield ids and texts of overlapping chunks of a page."""
    words = passage.text.split()
    for number, start in enumerate(range(0, max(len(words) - OVERLAP_WORDS, 1), CHUNK_WORDS - OVERLAP_WORDS)):
        if chunk := " ".join(words[start : start + CHUNK_WORDS]):
            yield f"{passage.id}:{number}", chunk


def embed(text: str) -> list[float]:
    """Return a vector for a text: here, how often words occur. Put your model here."""
    vector = [0.0] * DIMENSIONS
    for word in text.lower().split():
        digest = hashlib.sha256(word.strip(".,;:!?()\"'").encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % DIMENSIONS] += 1.0
    length = math.hypot(*vector) or 1.0
    return [value / length for value in vector]


def likeness(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine between two vectors of length 1."""
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def ingest(folder: str, store: sqlite3.Connection) -> int:
    """Read the folder and replace its chunks in the store; return how many documents could not be read."""
    store.execute(
        "CREATE TABLE IF NOT EXISTS chunks (id TEXT PRIMARY KEY, source TEXT, page INT, text TEXT, vector TEXT)"
    )
    passages = Passages(mode="page")
    for passage in passages.read(folder):
        with store:  # a page is there whole or not at all
            store.execute("DELETE FROM chunks WHERE id LIKE ? || ':%'", (passage.id,))
            store.executemany(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?)",
                [
                    (name, str(passage.metadata["source"]), passage.metadata["page"], text, json.dumps(embed(text)))
                    for name, text in chunks_of(passage)
                ],
            )
    for result in passages.failed:
        print("not in the store:", result.document.file_path, "-", result.failure and result.failure.cause)
    return len(passages.failed)


def search(question: str, store: sqlite3.Connection, count: int = 3) -> list[tuple[float, str, int, str]]:
    """Return the chunks next to the question, each with its likeness, path and page."""
    wanted = embed(question)
    rows: Sequence[tuple[str, int, str, str]] = store.execute(
        "SELECT source, page, text, vector FROM chunks"
    ).fetchall()
    scored = [(likeness(wanted, json.loads(vector)), source, page, text) for source, page, text, vector in rows]
    return sorted(scored, reverse=True)[:count]


if __name__ == "__main__":
    folder, path, question = sys.argv[1:]
    store = sqlite3.connect(path)
    ingest(folder, store)
    for score, source, page, text in search(question, store):
        print(f"{score:.2f} {source}, page {page}: {text[:70]}")
