"""Environments for peers: one for each set of packages, made when first needed, outside the repository."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.roster import Peer


@dataclass(frozen=True, slots=True)
class Environments:
    """Virtual environments in ``folder``. ``install=False`` uses those that are there and makes none."""

    folder: Path
    install: bool = True

    def python_for(self, peer: Peer) -> str:
        """The interpreter that a peer runs with. Raises ``LookupError``, which says what is not there."""
        absent = [program for program in peer.programs if shutil.which(program) is None]
        if absent:
            raise LookupError(f"{', '.join(absent)} is not on PATH")
        return str(self._python(peer.packages)) if peer.packages else sys.executable

    def versions(self, peer: Peer) -> dict[str, str]:
        """Versions of what a peer is made of, as far as it is installed."""
        names = [name.partition("[")[0] for name in peer.packages]
        if not names or not self._interpreter(peer.packages).exists():
            return {}
        command = [str(self._interpreter(peer.packages)), "-c", _VERSIONS, *names]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        return dict(zip(names, said, strict=True))

    def _python(self, packages: tuple[str, ...]) -> Path:
        python = self._interpreter(packages)
        if not (python.parent.parent / "complete").exists():
            if not self.install:
                raise LookupError(f"{', '.join(packages)} not installed (run without --no-install)")
            _make(python.parent.parent, packages)
        return python

    def _interpreter(self, packages: tuple[str, ...]) -> Path:
        digest = hashlib.sha256(repr((sys.version, packages)).encode()).hexdigest()[:8]
        name = packages[0].partition("[")[0]
        return self.folder / f"{name}-{digest}" / "bin" / "python"


def program_versions(peer: Peer) -> dict[str, str]:
    """The first line that each program of a peer says of its version."""
    return {
        name: said
        for name in peer.programs
        if (said := _first_line([name, "-v" if name == "pdftotext" else "--version"]))
    }


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return next(iter((done.stdout or done.stderr).splitlines()), "").removeprefix(command[0]).strip()


_VERSIONS = "import sys, importlib.metadata as m; print(*[m.version(name) for name in sys.argv[1:]])"


def default_folder() -> Path:
    """Where environments and made corpora are kept: the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pdfbatch-bench"


def _make(folder: Path, packages: tuple[str, ...]) -> None:
    uv = _uv()
    if uv is None:
        steps = [
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages],
        ]
    else:
        steps = [
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *packages],
        ]
    folder.parent.mkdir(parents=True, exist_ok=True)
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LookupError(f"{', '.join(packages)} cannot be installed: {done.stderr.strip()[-300:]}")
    (folder / "complete").touch()


def _uv() -> str | None:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else shutil.which("uv")
