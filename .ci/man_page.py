"""Put the manual page into the wheel, made from the parser of the sources that are built."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManPageHook(BuildHookInterface[Any]):
    """Add ``share/man/man1/pdfbatch.1``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the page, which needs nothing but Python."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root, "src")))
        from pdfbatch.cli.man import man_page  # noqa: PLC0415 (found by the path above)

        self._folder = tempfile.TemporaryDirectory(prefix="pdfbatch-man-")
        page = Path(self._folder.name, "pdfbatch.1")
        page.write_text(man_page(), encoding="utf-8")
        build_data["shared_data"][str(page)] = "share/man/man1/pdfbatch.1"

    def finalize(self, version: str, *_: object) -> None:
        """Remove the written page; the wheel has it."""
        if version != "editable":
            self._folder.cleanup()
