"""Logging that cannot harm a batch, whatever the host's handlers, filters and record factories do."""

import logging
from collections.abc import MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter


class SafeLogger(_Adapter):
    """The logger of a name, as ``logging.getLogger`` returns it, but what a record meets on its way is never raised.

    A library must not fail because its host's logging does: a handler may have lost its server, a filter may be wrong.
    """

    def __init__(self, name: str) -> None:
        super().__init__(logging.getLogger(name))

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a message. All other methods that log call this one."""
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1  # the line that called, not this one
        with suppress(Exception):  # whoever could be told is whoever raised
            super().log(level, msg, *args, **kwargs)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Return message and arguments as they are."""
        return msg, kwargs
