"""How botocore reads its descriptions of services: as it does, without a look at those of services that nobody uses here.

Loads botocore, which has no types.
"""

import gzip
import json
import os
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from botocore import loaders  # pyright: ignore[reportMissingTypeStubs]

_untyped = cast("Any", loaders)


def loader(data_path: str | None) -> Any:
    """A new ``data_loader`` for a session of botocore, which looks along ``data_path`` (botocore's setting) first.

    A client asks for the names of all services, to see whether there is one of its own; botocore answers after a look into
    each of 400 folders, for each kind of description. Here the folders are answer enough: what one lacks is missed a moment
    later, when it is read.
    """
    paths = [os.path.expanduser(os.path.expandvars(path)) for path in data_path.split(os.pathsep)] if data_path else []
    made = _untyped.Loader(extra_search_paths=paths, file_loader=PlainFiles())
    made.list_available_services = partial(_services, cast("Sequence[str]", made.search_paths))
    return made


class PlainFiles:
    """JSON files as plain dicts, which keep their order: botocore's own are ``OrderedDict``, from when others did not."""

    def exists(self, file_path: str) -> bool:
        """Whether there is a file, of which the ending is left to us."""
        return any(os.path.isfile(file_path + ending) for ending in (".json", ".json.gz"))

    def load_file(self, file_path: str) -> object:
        """What it says; ``None`` when there is none."""
        if os.path.isfile(f"{file_path}.json"):
            with open(f"{file_path}.json", "rb") as file:
                return cast("object", json.load(file))
        if os.path.isfile(f"{file_path}.json.gz"):
            with gzip.open(f"{file_path}.json.gz") as file:
                return cast("object", json.load(file))
        return None


def _services(folders: Sequence[str], type_name: str) -> list[str]:
    """The names of all services that may have a description of some type."""
    del type_name
    return sorted({name for folder in folders if os.path.isdir(folder) for name in os.listdir(folder)})
