"""Options that the command line does not give: from variables, then from a TOML file, then their defaults.

``run`` and ``plan`` share theirs: ``PDFBATCH_WORKERS``, or ``workers`` at the top of the file. Those of another command have
its name before them, or stand in a table of its name: ``PDFBATCH_DASHBOARD_PORT``, ``[dashboard] port``. Where Redis and S3
are, is the same for all: ``PDFBATCH_REDIS``, or ``redis`` at the top.
"""

import shlex
from argparse import SUPPRESS, Action, ArgumentError, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from pdfbatch.cli.commands import COMMANDS, CommandParser, make_parser, suggest
from pdfbatch.cli.streams import write_error
from pdfbatch.errors import UsageError
from pdfbatch.sinks import escape_unprintable

PREFIX = "PDFBATCH_"
VARIABLE = f"{PREFIX}CONFIG"
AT_THE_TOP = ("run", "plan")
_SHARED = frozenset({"redis", "endpoint-url", "profile"})
_EXCLUSIVE = {"resume": "retry_failed", "retry_failed": "resume"}
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
# Variables of pdfbatch that are no options.
_OTHERS = frozenset(f"{PREFIX}{name}" for name in ("CONFIG", "TESSERACT", "REDIS_PREFIX"))
_SIMILARITY = 0.8


@dataclass(frozen=True, slots=True)
class _Given:
    """A value, and where it stands."""

    place: str
    name: str
    value: object


class OptionFiller:
    """Fill in what the words of a command leave open. Made before they are parsed: from then on, only what is given is set."""

    def __init__(self, command: str, parser: CommandParser, environment: Mapping[str, str]) -> None:
        self._command, self._parser, self._environment = command, parser, environment
        self._options = options_by_name(parser)
        self._defaults: dict[str, object] = {}
        self._required: list[Action] = []
        for action in self._options.values():
            if action.default is SUPPRESS:
                continue
            self._defaults.setdefault(action.dest, action.default)
            if action.help:  # argparse would show what stands for "not given"
                action.help = action.help.replace("%(default)s", str(action.default))
            action.default = SUPPRESS
            if action.required:
                action.required = False
                self._required.append(action)

    def fill(self, arguments: Namespace) -> None:
        """Set what the words did not. Raises ``UsageError``, which says where a wrong value stands."""
        self._set(arguments, self._read_variables())
        if file := getattr(arguments, "config", None) or self._environment.get(VARIABLE):
            self._set(arguments, self._read_file(file))
        for action in self._required:
            if not hasattr(arguments, action.dest):
                self._parser.error(f"the following arguments are required: {'/'.join(action.option_strings)}")
        for dest, value in self._defaults.items():
            if not hasattr(arguments, dest):
                setattr(arguments, dest, value)

    def _set(self, arguments: Namespace, given: Iterable[_Given]) -> None:
        """Set the values of one place, but for those that a higher place has set, or excludes."""
        places: dict[str, str] = {}
        values: dict[str, object] = {}
        for one in given:
            action = self._options[one.name]
            if action.dest in places:
                raise UsageError(f"{one.place} says what {places[action.dest]} says, too: give one of them")
            try:
                values[action.dest] = _convert(action, self._defaults[action.dest], one.value)
            except (ArgumentTypeError, ArgumentError, ValueError) as error:
                raise UsageError(f"{one.place}: {error}") from None
            places[action.dest] = one.place
        both = [dest for dest in _EXCLUSIVE if values.get(dest)]
        if len(both) > 1:
            raise UsageError(f"{places[both[1]]}: not allowed with {places[both[0]]}")
        above = {dest for dest, other in _EXCLUSIVE.items() if getattr(arguments, other, False)}
        for dest, value in values.items():
            if not hasattr(arguments, dest) and dest not in above:
                setattr(arguments, dest, value)

    def _read_variables(self) -> Iterator[_Given]:
        names = {variable_of(self._command, name): name for name in self._options}
        variables = {name: text for name, text in self._environment.items() if text and name.startswith(PREFIX)}
        for variable in variables.keys() - names.keys() - _OTHERS:
            self._warn_of_variable(variable, names)
        for variable in variables.keys() & names.keys():
            text = variables[variable]
            name, value = names[variable], cast("object", text)
            if isinstance(self._defaults[self._options[name].dest], list):
                try:
                    value = shlex.split(text)
                except ValueError as error:
                    raise UsageError(f"the variable {variable}: write words as for a shell: {error}") from None
            yield _Given(f"the variable {variable}", name, value)

    def _warn_of_variable(self, variable: str, names: Iterable[str]) -> None:
        """Say what may be meant by a variable that is like that of an option."""
        from difflib import get_close_matches  # noqa: PLC0415 (few environments have such a variable)

        if any(variable.startswith(f"{PREFIX}{name.upper()}_") for name in COMMANDS):
            return
        known = [name.removeprefix(PREFIX) for name in names]  # the prefix would make all alike
        if found := get_close_matches(variable.removeprefix(PREFIX), known, n=1, cutoff=_SIMILARITY):
            shown = escape_unprintable(variable)
            write_error(f"pdfbatch: the variable {shown} means nothing: did you mean {PREFIX}{found[0]}?\n")

    def _read_file(self, file: str) -> Iterator[_Given]:
        content = _load_file(file)
        _check_names(content, file)
        is_at_the_top = self._command in AT_THE_TOP
        top = {key: value for key, value in content.items() if is_at_the_top or key.replace("_", "-") in _SHARED}
        table = cast("dict[str, object]", content.get(self._command, {}))
        for prefix, values in (("", top), (f"{self._command}.", table)):
            for key, value in values.items():
                name = key.replace("_", "-")
                if name in self._options:  # the table of another command is none, nor what only 'plan' has
                    yield _Given(f"{file}: {prefix}{key}", name, value)


def options_by_name(parser: CommandParser) -> dict[str, Action]:
    """Return the options that a variable or a file can give, by each of their long names."""
    return {
        name.removeprefix("--"): action
        for action in parser.actions
        for name in action.option_strings
        if name.startswith("--") and action.dest not in (SUPPRESS, "help", "config")
    }


def variable_of(command: str, name: str) -> str:
    """Return the variable of an option, which is given by its long name."""
    own = "" if command in AT_THE_TOP or name in {*_SHARED, "config"} else f"{command.upper()}_"
    return f"{PREFIX}{own}{name.upper().replace('-', '_')}"


def _load_file(file: str) -> dict[str, object]:
    import tomllib  # noqa: PLC0415 (only with a file)

    try:
        with open(file, encoding="utf-8-sig", newline="") as opened:  # editors of Windows write a byte order mark
            return tomllib.loads(opened.read())
    except OSError as error:
        raise UsageError(f"{file}: the file with options cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: the file with options is no TOML: it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: the file with options is no TOML: {error}") from None


def _check_names(content: Mapping[str, object], file: str) -> None:
    """Raise ``UsageError`` for a name that is none, also in the tables of other commands: the file is read by all."""
    parsers = make_parser("pdfbatch")[1]
    top = {name for command in AT_THE_TOP for name in options_by_name(parsers[command])}
    tables = COMMANDS.keys() - AT_THE_TOP
    for key, value in content.items():
        if not isinstance(value, Mapping):
            _check_name(key, top, f"{file}: there is no option '{key}'")
        elif key in AT_THE_TOP:
            raise UsageError(
                f"{file}: the options of 'pdfbatch {key}' stand at the top of the file, in no table [{key}]"
            )
        else:
            _check_name(key, tables, f"{file}: there is no command for the table [{key}]")
            known = options_by_name(parsers[key])
            for name in cast("dict[str, object]", value):
                _check_name(name, known, f"{file}: 'pdfbatch {key}' has no option '{name}'")


def _check_name(key: str, known: Iterable[str], message: str) -> None:
    name = key.replace("_", "-")
    if name not in known:
        raise UsageError(f"{message}{suggest(name, known)}")


# --- values -------------------------------------------------------------------------------------------------------------


def _convert(action: Action, default: object, value: object) -> object:
    """Return the value that the words of a command line would have given. Raises what says what is wrong with it."""
    if action.nargs == 0:
        return _convert_switch(value) is action.const if isinstance(default, bool) else _convert_count(value)
    items = _as_items(value)
    if isinstance(default, list):
        return [_convert_word(action, _as_word(item)) for item in items]
    if action.dest == "languages":
        return _convert_word(action, "+".join(map(_as_word, items)))
    return _convert_word(action, _as_word(value))


def _as_items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _convert_switch(value: object) -> bool:
    word = str(value).strip().lower()
    if word not in (*_YES, *_NO):
        raise ValueError(f"{value!r} is neither yes nor no: give true or false")
    return word in _YES


def _convert_count(value: object) -> int:
    word = _as_word(value)
    if not word.isdecimal():
        raise ValueError(f"{word!r} is not a whole number from 0")
    return int(word)


def _convert_word(action: Action, word: str) -> object:
    convert = cast("Callable[[str], object]", action.type or str)
    value = convert(word)
    if action.choices is not None and value not in action.choices:
        known = [str(choice) for choice in action.choices]
        raise ValueError(f"{word!r} is none of {', '.join(known)}{suggest(word, known)}")
    return value


def _as_word(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        kinds = {"bool": "true or false", "dict": "a table", "list": "a list"}
        name = value.__class__.__name__
        kind = kinds.get(name, f"a {name}")
        raise ValueError(f"give a number or a text, not {kind}")  # noqa: TRY004 (as what argparse's types raise)
    return str(value)
