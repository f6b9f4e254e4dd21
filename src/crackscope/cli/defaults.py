"""Defaults of options that a person sets once: ``crackscope.toml`` and ``CRACKSCOPE_*`` variables.

Strongest first: the command line, the environment, the project's file (``crackscope.toml`` in the working
folder or the nearest one above it), the user's file, the command's own default. A file has a table for each
command::

    [predict]
    threshold = 0.4

    [data.synth]
    photos = 6

and ``CRACKSCOPE_PREDICT_THRESHOLD=0.4`` says the same. Names are those of the options, with ``_`` or ``-``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from crackscope.errors import SettingsError

FILE_NAME = "crackscope.toml"
PREFIX = "CRACKSCOPE_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The value of an option, and who set it.

    Attributes:
        command: Names of the group and command, such as ``("data", "synth")``.
        option: As on the command line, without dashes in front and with underscores.
        parameter: What the code calls it, and so Click.
        value: As the file or the environment gives it, checked against the option's type.
        source: The file, or the variable's name, or ``default``.
    """

    command: tuple[str, ...]
    option: str
    parameter: str
    value: Any
    source: str


class Defaults:
    """The options of every command, and who may set their defaults.

    Args:
        line: The whole command line, as ``typer.main.get_command`` makes it.
    """

    def __init__(self, line: Any) -> None:
        self._commands = dict(_commands(line, ()))

    def read(self, files: list[Path], environment: Mapping[str, str] | None = None) -> list[Setting]:
        """Every default that is set, the weaker first.

        Raises:
            SettingsError: A file is no TOML, or it names a command or an option that there is not, or a
                value that the option does not take.
        """
        found = [setting for path in files for setting in self._of_table(_read(path), (), str(path))]
        return found + list(self._of_environment(os.environ if environment is None else environment))

    def own(self, command: tuple[str, ...]) -> list[Setting]:
        """What a command takes for each of its options where nobody set anything.

        Raises:
            SettingsError: There is no such command.
        """
        context = self._context(command)
        return [
            Setting(
                command=command,
                option=name,
                parameter=one.name,
                value=one.get_default(context),
                source="default",
            )
            for name, one in self._options(command, "crackscope config").items()
        ]

    def _of_table(self, table: Mapping[str, Any], command: tuple[str, ...], source: str) -> Iterator[Setting]:
        for key, value in table.items():
            if isinstance(value, dict):
                self._options((*command, key), source)
                yield from self._of_table(value, (*command, key), source)
            else:
                yield self._checked(command, key.replace("-", "_"), value, source)

    def _of_environment(self, environment: Mapping[str, str]) -> Iterator[Setting]:
        for command in self._commands:
            for name, option in self._options(command, PREFIX).items():
                if (variable := variable_name(command, name)) in environment:
                    text = environment[variable]
                    yield self._checked(command, name, _parts(text) if option.multiple else text, variable)

    def _checked(self, command: tuple[str, ...], option: str, value: Any, source: str) -> Setting:
        known, table = self._options(command, source), f"[{'.'.join(command)}]"
        if option not in known:
            names = ", ".join(sorted(known))
            raise SettingsError(f"{source}: {table} has no option {option!r}; expected one of {names}")
        try:
            known[option].process_value(self._context(command), value)
        except Exception as error:
            # Click raises its own kinds, and a plain TypeError where a list meets an option of one value.
            reason = getattr(error, "message", str(error))
            raise SettingsError(f"{source}: {option} = {value!r} in {table}: {reason}") from error
        return Setting(
            command=command, option=option, parameter=known[option].name, value=value, source=source
        )

    def _options(self, command: tuple[str, ...], source: str) -> dict[str, Any]:
        if command not in self._commands:
            names = ", ".join(sorted(".".join(each) for each in self._commands))
            raise SettingsError(f"{source}: no command [{'.'.join(command)}]; expected one of {names}")
        parameters = self._commands[command].params
        return {_name(each): each for each in parameters if each.param_type_name == "option"}

    def _context(self, command: tuple[str, ...]) -> Any:
        return self._commands[command].make_context(command[-1], [], resilient_parsing=True)


def find_files(working_folder: Path | None = None) -> list[Path]:
    """The files that are read, the weaker first."""
    folder = (working_folder or Path.cwd()).resolve()
    project = next((path for each in (folder, *folder.parents) if (path := each / FILE_NAME).is_file()), None)
    return [path for path in dict.fromkeys((user_file(), project)) if path is not None and path.is_file()]


def user_file() -> Path:
    """Where this person's file lies, whether it is there or not."""
    return Path(typer.get_app_dir("crackscope")) / FILE_NAME


def variable_name(command: tuple[str, ...], option: str) -> str:
    """``CRACKSCOPE_DATA_SYNTH_PHOTOS`` for ``("data", "synth")`` and ``photos``."""
    return PREFIX + "_".join((*command, option)).upper().replace("-", "_")


def default_map(settings: list[Setting]) -> dict[str, Any]:
    """The settings as Click takes them: nested by command."""
    nested: dict[str, Any] = {}
    for setting in settings:
        table = nested
        for name in setting.command:
            table = table.setdefault(name, {})
        table[setting.parameter] = setting.value
    return nested


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every group and command by its names."""
    if path:
        yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, (*path, name))


def _name(option: Any) -> str:
    """Of ``--mm-per-px``: ``mm_per_px``."""
    return str(max(option.opts, key=len)).lstrip("-").replace("-", "_")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} can't be read: {error}") from error


def _parts(text: str) -> list[str]:
    """Options that may be given several times take a list: what stands between commas."""
    return [part.strip() for part in text.split(",")]
