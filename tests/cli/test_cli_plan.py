"""The forecast: what it says of a pile, how sure it is of that, and that it writes nothing."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.cli.forecast import SampledDocument, make_forecast
from pdfbatch.cli.plan_lines import DownloadPace
from pdfbatch.samples import scanned_pdf, text_pdf
from tests.command import run_command


@pytest.fixture(scope="module")
def pile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six documents with text, two scans, one that is none, and one that is empty. Read only."""
    folder = tmp_path_factory.mktemp("pile")
    for number in range(6):
        (folder / f"{number}.pdf").write_bytes(
            text_pdf([f"Letter number {number}, first page.", "And its second one."])
        )
    for number in range(2):
        (folder / f"scan{number}.pdf").write_bytes(scanned_pdf([f"A scan with number {number}"]))
    (folder / "broken.pdf").write_bytes(b"<html>")
    (folder / "empty.pdf").write_bytes(b"")
    return folder


def ask(*words: str) -> dict[str, Any]:
    done = run_command("plan", *words, "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_sample_of_all_is_exact_but_for_time(pile: Path) -> None:
    told = ask(str(pile))
    size = sum(path.stat().st_size for path in pile.iterdir())
    assert (told["documents"], told["missing"], told["size_bytes"]["likely"]) == (10, 0, size)
    assert told["pages"] == {"likely": 14, "low": 14, "high": 14}
    assert told["ocr_pages"] == {"likely": 2, "low": 2, "high": 2}
    assert told["sample"]["failures"] == {"not_a_pdf": 1, "empty_input": 1}
    assert told["sample"]["ocr_pages"] == 2
    assert 0 < told["hours"]["low"] <= told["hours"]["likely"] <= told["hours"]["high"]
    assert told["memory"]["seen_bytes"] > 0


def test_what_is_asked_of_a_run_can_be_asked_of_its_plan(pile: Path, tmp_path: Path) -> None:
    words = (str(pile), "--executor", "sequential", "--ocr", "never")
    assert ask(*words, "--include", "[0-9].pdf", "--pages", "2")["pages"]["likely"] == 6
    assert ask(*words, "--limit", "3", "--workers", "64")["documents"] == 3
    assert sum(ask(*words, "--shard", f"{number}/3")["documents"] for number in (1, 2, 3)) == 10
    names = tmp_path / "names.txt"
    names.write_text(f"{pile}/0.pdf\n{pile}/gone.pdf\n")
    told = ask("--files-from", str(names), "--executor", "sequential")
    assert (told["documents"], told["missing"], told["sample"]["failures"]) == (2, 1, {"storage_not_found": 1})
    assert ask(str(pile / "scan0.pdf"), "--ocr", "always", "--executor", "sequential")["ocr_share"]["likely"] == 1


def test_it_says_what_resume_would_skip_and_writes_nothing(pile: Path, tmp_path: Path) -> None:
    out, words = tmp_path / "out", ("--executor", "sequential", "--ocr", "never", "--pages", "1")
    assert run_command("run", str(pile), "-o", str(out), "--limit", "8", "--fail-on", "never", *words).returncode == 0
    before = sorted((path, path.stat().st_mtime_ns) for path in out.rglob("*"))
    told = ask(str(pile), "-o", str(out), "--resume", *words)
    finished = sum(path.name.endswith(".pdf.txt") for path in out.rglob("*"))
    assert (told["skipped"], told["documents"]) == (finished, 10 - finished)
    assert ask(str(pile), "-o", str(out), *words)["skipped"] == 0
    failed = ask(str(pile), "-o", str(out), "--retry-failed", *words)["documents"]
    assert failed == sum(json.loads(path.read_text())["status"] == "failed" for path in out.rglob("*.pdf.json"))
    assert sorted((path, path.stat().st_mtime_ns) for path in out.rglob("*")) == before
    ask(str(pile), "-o", str(tmp_path / "new"), "--resume", *words)
    assert not (tmp_path / "new").exists()
    assert run_command("plan", str(pile), "--resume").returncode == 2


def test_people_read_figures_with_ranges_and_the_command_of_the_run(pile: Path) -> None:
    words = ("plan", str(pile), "--sample", "4", "--seed=2", "--executor", "sequential", "--password", "hush", "-q")
    said = run_command(*words).stdout
    assert "Documents  10" in said
    assert "4 documents (chosen at random, --seed 2" in said
    assert f"run {pile} --executor sequential --password PASSWORD -q --output OUT" in said
    assert "hush" not in said
    assert [line for line in said.splitlines() if "Pages" in line] == [
        line for line in run_command(*words).stdout.splitlines() if "Pages" in line
    ]


def test_mistakes_are_those_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(text_pdf(["A letter."]))
    done = run_command("plan", str(tmp_path / "a.pdf"), "--languages", "tlh")
    assert (done.returncode, "--on-missing-ocr skip" in done.stderr) == (3, True)
    assert run_command("plan", str(tmp_path / "none")).returncode == 2
    assert run_command("plan", str(tmp_path / "*.png")).returncode == 2


# --- the figures --------------------------------------------------------------------------------------------------------


def test_nine_of_ten_ranges_hold_the_truth() -> None:
    chance = random.Random(7)
    kinds = [SampledDocument(pages=3, seconds=0.1), SampledDocument(pages=20, ocr_pages=20, seconds=0.3)]
    population = [chance.choices(kinds, (4, 1))[0] for _ in range(2_000)]
    truth = sum(one.pages for one in population), sum(one.ocr_pages for one in population)
    held = [0, 0]
    for seed in range(60):
        told = make_forecast(random.Random(seed).sample(population, 50), 2_000, [1.5], seed)
        held[0] += told.pages.low <= truth[0] <= told.pages.high
        held[1] += told.ocr_pages.low <= truth[1] <= told.ocr_pages.high
    assert min(held) >= 48


def test_what_is_rare_and_large_is_in_the_sample(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"letter {number}.pdf").write_bytes(text_pdf([f"Letter number {number}."]))
    (tmp_path / "book.pdf").write_bytes(text_pdf([f"Page {number} of a book." for number in range(400)]))
    words = (str(tmp_path), "--sample", "10", "--executor", "sequential", "--ocr", "never")
    for seed in ("1", "2"):
        told = ask(*words, "--seed", seed)
        assert (told["pages"]["likely"], told["pages"]["high"]) == (440, 440)
        assert (told["sample"]["documents"], told["sample"]["large"]) == (10, 1)
    assert "and 1 far larger than the others" in run_command("plan", *words).stdout


def test_documents_that_stand_for_themselves_are_counted_once() -> None:
    letters, book = [SampledDocument(pages=1, seconds=0.01)] * 20, SampledDocument(pages=5_000, ocr_pages=5_000)
    told = make_forecast(letters, 1_001, [1.0], 1, [book])
    assert (told.pages.low, told.pages.likely, told.pages.high) == (6_000, 6_000, 6_000)
    assert told.ocr_pages.low == told.ocr_pages.likely == 5_000
    assert 5_050 < told.ocr_pages.high < 5_300  # a letter of the other 980 may be a scan
    assert told.worker_hours.likely == pytest.approx((5_000 + 10) / 3600)


def test_a_slow_network_lengthens_the_time() -> None:
    slow = DownloadPace(documents=50, size_bytes=5 << 20, seconds=25, seconds_after_first=24.5, reading_seconds=0.5)
    found = slow.find_hours(3_600)
    assert found.high == pytest.approx(0.5)
    assert 0.45 < found.likely < 0.5
    quick = DownloadPace(documents=50, size_bytes=5 << 20, seconds=1.5, seconds_after_first=0.9, reading_seconds=1.0)
    assert quick.find_hours(3_600).likely == 0


def test_a_sample_without_a_scan_does_not_rule_scans_out() -> None:
    told = make_forecast([SampledDocument(pages=1, seconds=0.01)] * 20, 10_000, [], 1)
    assert (told.ocr_share.likely, told.ocr_share.low) == (0, 0)
    assert 0.05 < told.ocr_share.high < 0.2
    assert told.worker_hours.high > 10 * told.worker_hours.likely


def test_the_more_is_known_the_narrower_is_the_range() -> None:
    sample = [SampledDocument(pages=number, seconds=0.01) for number in range(1, 41)]
    wide, narrow, none = (make_forecast(sample, count, [], 1).pages for count in (4_000, 50, 40))
    assert wide.high / wide.likely > narrow.high / narrow.likely > none.high / none.likely == 1


def test_nothing_to_read_is_no_division_by_nothing() -> None:
    assert make_forecast([], 0, [], 1).pages.high == 0
