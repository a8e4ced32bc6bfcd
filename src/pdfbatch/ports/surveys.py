"""What workers elsewhere say of themselves, before they get a document."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a worker elsewhere is asked to show before it gets a document.

    ``probe`` is the name of a file that is in the work's output, empty without output. ``languages`` are those that the OCR
    engine shall read, empty where it may choose. ``input_path`` is a local file that must be there, too; empty for none.
    """

    probe: str = ""
    languages: str = ""
    input_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a worker elsewhere finds when it looks for what it needs. A text says what is missing, and is empty when nothing is.

    ``engines`` has the versions of the work's engines, by their names.
    """

    engines: Mapping[str, str] = field(default_factory=dict[str, str])
    missing_ocr: str = ""
    hidden_output: str = ""
    hidden_input: str = ""


@runtime_checkable
class SupportsInspection(Protocol):
    """Work that finds out whether all that it needs is there, in the process where it is called."""

    @abstractmethod
    def inspect(self, needs: Needs) -> Findings:
        """Look for the engines, the output and the input; write to the output and remove it again. Never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts:
    """What a process of an engine beyond this machine says of itself.

    ``isolates``: whether it can start child processes, which keep the limits. ``memory_bytes`` is that of its machine.
    """

    pdfbatch: str
    python: str
    platform: str
    cpus: int
    memory_bytes: int | None
    isolates: bool
    findings: Findings


@runtime_checkable
class SupportsSurvey(Protocol):
    """A pool whose workers are elsewhere. They are asked what they are before they get a document."""

    @abstractmethod
    def survey(self, needs: Needs) -> Mapping[str, WorkerFacts]:
        """Return what each worker that is there now says of itself, by its address.

        Raises ``VersionMismatchError`` when one has another version of pdfbatch or Python, and ``PoolBrokenError`` when none
        answers.
        """
