"""Where the time goes: our own contestants of a case, once each, under py-spy instead of under the clock."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.contest import OURS, Contestant, one_run
from benchmarks.results import Run
from benchmarks.stacks import flame_graph, read_stacks, self_times
from benchmarks.tables import table_as_markdown

TIMEOUT_SECONDS = 900.0
_BUSY = "import time\nend = time.monotonic() + 1\nwhile time.monotonic() < end: pass"
_ADVICE = (
    "It needs the right to trace processes: in a container start it with the capability SYS_PTRACE (docker run --cap-add "
    "SYS_PTRACE), elsewhere run as root or set the kernel's kernel.yama.ptrace_scope to 0."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiler:
    """Carries out contestants under py-spy, ``rate`` samples a second, and leaves a picture and a table of each in ``folder``.

    ``native`` looks into C and C++ libraries, too. Others than pdfbatch itself are left out.
    """

    program: str
    folder: Path
    rate: int
    native: bool
    say: Callable[[str], None]

    def carry_out(self, contestant: Contestant) -> Run:
        """One run; what it took is of no use, because sampling slows it."""
        if contestant.module not in OURS:
            return Run(wall_seconds=1.0, cpu_seconds=0.0, error="not profiled")
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = self.folder / re.sub(r"[^\w]+", "-", contestant.name).strip("-")
        raw = stem.with_suffix(".raw")
        limited = replace(contestant, timeout=TIMEOUT_SECONDS)
        run = one_run(limited, before_command=[*_recording(self.program, raw, self.rate, native=self.native), "--"])
        self._tell(contestant.name, run.error, stem, raw)
        return run

    def _tell(self, name: str, error: str, stem: Path, raw: Path) -> None:
        if not raw.exists():
            self.say(f"{name}: py-spy left nothing ({error or 'the run was too short'})")
            return
        stacks = read_stacks(raw)
        tables = self_times(stacks, rate=self.rate)
        text = "\n\n".join(f"{table.title}\n\n{table_as_markdown(table)}" for table in tables)
        stem.with_suffix(".txt").write_text(text + "\n", "utf-8")
        stem.with_suffix(".svg").write_text(flame_graph(stacks, title=name, rate=self.rate), "utf-8")
        self.say(f"\n# {name}\n\n{text}\n\n-> {stem.with_suffix('.svg')}")


def find_profiler() -> str:
    """The program py-spy. Raises ``ValueError``, which says what is missing: the program, or the right to use it here."""
    beside = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    program = beside or shutil.which("py-spy")
    if program is None:
        raise ValueError("py-spy is not there: install the dependency group 'bench'")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw")
        command = [*_recording(program, raw, 50, native=False), "--", sys.executable, "-c", _BUSY]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not raw.exists() or not raw.stat().st_size:
            words = (done.stderr.strip() or "no sample taken").splitlines()
            raise ValueError(f"py-spy cannot look into processes here ({words[-1]}). {_ADVICE}")
    return program


def _recording(program: str, raw: Path, rate: int, *, native: bool) -> list[str]:
    # Not stopped for each sample: a process that is killed while py-spy holds it stays, and py-spy waits for it for ever.
    way = "--native" if native else "--nonblocking"
    return [program, "record", "--subprocesses", way, "--format", "raw", "--rate", str(rate), "--output", str(raw)]
