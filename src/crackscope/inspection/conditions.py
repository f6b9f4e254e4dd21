"""Condition classes that findings are rated by: lists of standards as TOML files, and a project's own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from crackscope.errors import SettingsError

#: The name of a list that a project wrote itself.
OWN = "own"
#: Lists shipped, in the order in which they are offered.
SHIPPED = ("ri-ebw-pruef", "aashto")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionClass:
    """One class: its code, as people write it, and what it means in English and German."""

    code: str
    en: str
    de: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionScale:
    """The classes to choose one from.

    Attributes:
        code: Stands before the class, such as S in "S 2"; empty where the class says all.
        name: What it rates, by language.
    """

    code: str
    name: dict[str, str]
    classes: tuple[ConditionClass, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionList:
    """One or several scales; a finding has at most one class of each.

    Attributes:
        title: As people call it.
        source: What it was taken from.
    """

    title: str
    source: str
    scales: tuple[ConditionScale, ...]

    @property
    def codes(self) -> dict[str, frozenset[str]]:
        """The classes of each scale, by code."""
        return {scale.code: frozenset(each.code for each in scale.classes) for scale in self.scales}


@cache
def shipped_list(name: str) -> ConditionList:
    """A list that comes with crackscope.

    Raises:
        SettingsError: There is none of this name.
    """
    if name not in SHIPPED:
        raise SettingsError(f"there is no condition list {name!r}; expected one of {', '.join(SHIPPED)}")
    path = files("crackscope.inspection") / "condition_lists" / f"{name}.toml"
    return read_list(path.read_text(encoding="utf-8"))


def read_list(text: str) -> ConditionList:
    """A list from its TOML file.

    Raises:
        SettingsError: It is none, or says a code twice.
    """
    try:
        found: ConditionList = msgspec.convert(tomllib.loads(text), ConditionList)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SettingsError(f"this is no condition list: {error}") from None
    _refuse_twice("scales", (scale.code for scale in found.scales))
    for scale in found.scales:
        _refuse_twice(f"classes of {scale.code or 'the scale'}", (each.code for each in scale.classes))
    return found


def own_list(lines: str) -> ConditionList:
    """A project's own list, one class a line: its code, and after a colon what it means.

    Raises:
        SettingsError: A line has no code, or a code comes twice.
    """
    pairs = [line.partition(":") for line in lines.splitlines() if line.strip()]
    if any(not code.strip() for code, _, _ in pairs):
        raise SettingsError("a class has no code; expected lines such as 'B: repair within two years'")
    classes = tuple(
        ConditionClass(code=code.strip(), en=text.strip(), de=text.strip()) for code, _, text in pairs
    )
    _refuse_twice("classes", (each.code for each in classes))
    name = {"en": "Condition class", "de": "Zustandsklasse"}
    scales = (ConditionScale(code="", name=name, classes=classes),) if classes else ()
    return ConditionList(title="", source="", scales=scales)


def list_of(name: str, own: str) -> ConditionList | None:
    """The list that a project chose; ``None`` where it chose none.

    Args:
        name: One of `SHIPPED`, `OWN`, or nothing.
        own: The classes of its own, see `own_list`.

    Raises:
        SettingsError: There is no such list, or its own can't be read.
    """
    if not name:
        return None
    return own_list(own) if name == OWN else shipped_list(name)


def list_document(found: ConditionList) -> dict[str, Any]:
    """A list as the API gives it."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    return document


def _refuse_twice(what: str, codes: Iterable[str]) -> None:
    known: set[str] = set()
    for code in codes:
        if code in known:
            raise SettingsError(f"{what}: {code!r} comes twice")
        known.add(code)
