"""Put the built site of one version beside those of others, with a menu of versions: ``docs_versions.py SITE FOLDER VERSION``.

``FOLDER`` is what a web server serves. It has a folder for each version, ``versions.json``, which the menu reads, and an
``index.html`` that leads to the newest version. The sites of other versions are not touched.
"""

import json
import re
import shutil
import sys
from pathlib import Path


def add_version(site: Path, folder: Path, version: str) -> None:
    """Copy a site into the folder of its version, in place of what is there, and write the list of versions."""
    shutil.rmtree(folder / version, ignore_errors=True)
    shutil.copytree(site, folder / version)
    versions = sorted((path.parent.name for path in folder.glob("*/index.html")), key=_order, reverse=True)
    entries = [
        {"version": name, "title": name, "aliases": ["latest"] if name == versions[0] else []} for name in versions
    ]
    (folder / "versions.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    newest = f'<!doctype html><meta http-equiv="refresh" content="0; url={versions[0]}/index.html">\n'
    (folder / "index.html").write_text(newest, encoding="utf-8")


def _order(version: str) -> list[tuple[int, str]]:
    """Return what versions are sorted by: numbers as numbers, and a release after what led to it (0.2.0rc1)."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.findall(r"\d+|[a-z]+", version)] + [
        (0, "")
    ]


if __name__ == "__main__":
    add_version(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
