"""What is said of errors that others raise."""

from pdfbatch.errors import describe_error


class MuteError(Exception):
    """An error that cannot say anything."""

    def __str__(self) -> str:
        """Raise."""
        raise ValueError


def test_an_error_is_described_whatever_its_text() -> None:
    errors = (OSError("no such file"), KeyError(), MuteError())
    assert list(map(describe_error, errors)) == [
        "OSError: no such file",
        "KeyError",
        "MuteError: what it says cannot be told",
    ]
