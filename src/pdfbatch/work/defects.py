"""Say of an error that no engine may raise where to look for its cause."""

from pdfbatch.errors import describe_error

_OWN = frozenset({"pdfium", "pypdf"})


def describe_defect(error: Exception, engine: str) -> str:
    """Return the kind and the message of an error, and beside an engine that is not pdfbatch's own what tests that."""
    said = describe_error(error)
    if engine in _OWN or not engine:
        return said
    return f"{said} (the engine '{engine}' is probably the cause: test it with pdfbatch.testing.TextEngineContract)"
