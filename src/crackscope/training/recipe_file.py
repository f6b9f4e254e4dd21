"""A recipe as TOML: found by name or path, checked key by key, and written with nothing hidden.

The defaults are ``recipes/default.toml``; another file names only what it changes.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from crackscope.errors import RecipeError
from crackscope.training.recipe import Recipe


def load_recipe(name: str | Path = "default", overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe that ships, by name, or a TOML file, and lay overrides over it.

    Args:
        name: ``default``, ``seed``, ... or the path of a TOML file.
        overrides: Values by dotted key, such as ``{"network.input_px": 64}``; text is read as TOML where it
            is TOML and as itself otherwise.

    Raises:
        RecipeError: No such recipe, not TOML, an unknown key, or a value out of range.
    """
    path = find_recipe(name)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(f"cannot read the recipe {path}: {error}") from error
    for key, value in (overrides or {}).items():
        _set(document, key, value)
    return parse_recipe(document, str(name))


def parse_recipe(document: Mapping[str, Any], where: str = "the recipe") -> Recipe:
    """Check a TOML document and build the recipe; keys it lacks take their defaults.

    Raises:
        RecipeError: Unknown keys (with the valid ones and close matches) or values out of range.
    """
    unknown = [key for key in _dotted(document) if key not in recipe_keys()]
    if unknown:
        raise RecipeError(f"{where} has {_describe_unknown(unknown)}")
    try:
        # By way of JSON, because strict records take a TOML array for a tuple only from there.
        recipe: Recipe = TypeAdapter(Recipe).validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        problems = "; ".join(_describe(problem) for problem in error.errors())
        raise RecipeError(f"{where}: {problems}") from error
    return recipe


def recipe_keys() -> list[str]:
    """Every valid dotted key, in the order of the records."""
    return list(_dotted(dataclasses.asdict(Recipe())))


def recipe_names() -> list[str]:
    """The recipes that ship."""
    return sorted(path.stem for path in _shipped_folder().glob("*.toml"))


def recipe_to_toml(recipe: Recipe) -> str:
    """The whole recipe as TOML, each key with its meaning; reads back to the same record."""
    return "\n".join(_tables(recipe, "")).lstrip("\n") + "\n"


def find_recipe(name: str | Path) -> Path:
    """The file of a recipe that ships, by name, or the path itself.

    Raises:
        RecipeError: Neither a shipped name nor a file.
    """
    if str(name) in recipe_names():
        return _shipped_folder() / f"{name}.toml"
    if Path(name).is_file():
        return Path(name)
    raise RecipeError(f"no recipe {str(name)!r}: expected one of {recipe_names()} or a TOML file")


def _shipped_folder() -> Path:
    installed = Path(__file__).parent / "recipes"
    # The wheel carries the checkout's recipes/ folder here (see pyproject.toml).
    return installed if installed.is_dir() else Path(__file__).parents[3] / "recipes"


def _set(document: dict[str, Any], key: str, value: Any) -> None:
    *tables, last = key.split(".")
    for table in tables:
        document = document.setdefault(table, {})
        if not isinstance(document, dict):
            raise RecipeError(f"{key} is no recipe key: {table} is not a table")
    document[last] = _parse_value(value) if isinstance(value, str) else value


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _dotted(document: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _describe_unknown(unknown: list[str]) -> str:
    close = [match for key in unknown for match in difflib.get_close_matches(key, recipe_keys(), n=1)]
    hint = f" (did you mean {', '.join(close)}?)" if close else ""
    return f"unknown keys {', '.join(unknown)}{hint}; valid keys: {', '.join(recipe_keys())}"


def _describe(problem: Any) -> str:
    # A union adds the name of each of its members to the place; nobody needs to read those.
    place = ".".join(str(part) for part in problem["loc"] if part not in ("int", "literal['all']"))
    found = problem["input"]
    return f"{place}: {problem['msg']}" + ("" if isinstance(found, dict) else f", found {found!r}")


def _tables(record: Any, prefix: str) -> Iterator[str]:
    for item in dataclasses.fields(record):
        value = getattr(record, item.name)
        if dataclasses.is_dataclass(value):
            name = f"{prefix}{item.name}"
            yield f"\n[{name}]  # {(type(value).__doc__ or '').strip()}"
            yield from _tables(value, f"{name}.")
        else:
            text = json.dumps(value, ensure_ascii=False)
            yield f"{item.name} = {text}  # {_meaning(type(record), item.name)}"


def _meaning(kind: Any, name: str) -> str:
    return str(kind.__pydantic_fields__[name].description)
