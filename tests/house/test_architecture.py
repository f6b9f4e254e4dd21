"""ARCHITECTURE.md is true to the code: its map is that of the contracts, and what it names is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "crackscope"
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_the_map_is_that_of_the_import_contracts() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = document["tool"]["importlinter"]["contracts"]
    [layers] = [one["layers"] for one in contracts if one["type"] == "layers"]
    drawn = re.findall(r"^ {4}(\w[\w |]*)$", TEXT, flags=re.MULTILINE)
    assert drawn == layers


def test_every_room_and_module_is_on_the_map() -> None:
    """All but the page's languages of files, which are no code."""
    drawn = {
        name
        for line in re.findall(r"^ {4}(\w[\w |]*)$", TEXT, flags=re.MULTILINE)
        for name in line.split(" | ")
    }
    modules = {path.stem for path in SOURCE.glob("*.py")} - {"__init__", "__main__"}
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert drawn == modules | rooms


def test_every_module_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", TEXT))
    assert len(named) > 20
    known = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py")}
    short = {path.rpartition("/")[2] for path in known}
    assert sorted(name for name in named if name not in known | short and not (ROOT / name).exists()) == []


def test_every_function_that_is_named_is_there() -> None:
    """``module.name`` in backticks, where the module is one of ours."""
    sources: dict[str, str] = {}
    for path in SOURCE.rglob("*.py"):
        sources[path.stem] = sources.get(path.stem, "") + path.read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:[a-z_]+\.)*([a-z_]+)\.([A-Za-z_]\w+)`", TEXT)) - {
        (name, "py") for name in sources
    }
    ours = {(module, name) for module, name in named if module in sources}
    assert len(ours) > 10
    assert sorted(one for one in ours if not re.search(rf"\b{one[1]}\b", sources[one[0]])) == []
