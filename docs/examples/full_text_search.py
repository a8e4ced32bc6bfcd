"""Read a folder of PDFs, put their pages into SQLite's full-text index, and ask it a question.

    python full_text_search.py FOLDER DATABASE WORD [WORD ...]

A second run reads only what is new: the text is kept beside the database.
"""

import sqlite3
import sys
from pathlib import Path

import pdfbatch


def build_index(folder: str, database: Path) -> sqlite3.Connection:
    """Read all PDFs below ``folder`` and return a database with one row a page."""
    report = pdfbatch.process_batch(folder, output=str(database.with_suffix(".text")), resume=True)
    known = report.status.skipped
    print(f"{report.successful - known} read, {known} known, {report.failed} failed")
    for result in report.failures:
        if result.failure is not None:
            print(f"  {result.failure.cause}: {result.failure.message}")

    connection = sqlite3.connect(database)
    connection.execute("DROP TABLE IF EXISTS pages")
    connection.execute("CREATE VIRTUAL TABLE pages USING fts5(path UNINDEXED, number UNINDEXED, text)")
    with connection:
        for result in report.results:
            rows = [(result.document.file_path, page.number, page.text) for page in result.pages if page.text]
            connection.executemany("INSERT INTO pages VALUES (?, ?, ?)", rows)
    return connection


def search(connection: sqlite3.Connection, words: list[str]) -> list[tuple[str, int, str]]:
    """Return path, page and a passage for each page that has all words, the best first."""
    query = " ".join('"' + word.replace('"', '""') + '"' for word in words)
    return connection.execute(
        "SELECT path, number, snippet(pages, 2, '[', ']', ' ... ', 8) FROM pages WHERE pages MATCH ? ORDER BY rank LIMIT 10",
        (query,),
    ).fetchall()


if __name__ == "__main__":
    folder, database, *words = sys.argv[1:]
    for path, number, passage in search(build_index(folder, Path(database)), words):
        print(f"{path}, page {number}: {' '.join(passage.split())}")
