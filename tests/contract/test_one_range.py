"""What a setting may be, and what it is where nobody says, is the same through every door."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from crackscope.cli.app import app
from crackscope.errors import SettingsError
from crackscope.inference.settings import (
    LIMIT_PIXELS,
    MEMORY_MB,
    MM_PER_PX,
    OVERLAP,
    THRESHOLD,
    TILE_PX,
    USUAL,
    Range,
    ScanSettings,
)
from crackscope.serving.settings import Limits, ServeSettings

ROOT = Path(__file__).resolve().parents[2]
RANGES = {
    "tile_px": TILE_PX,
    "overlap": OVERLAP,
    "threshold": THRESHOLD,
    "mm_per_px": MM_PER_PX,
    "memory_mb": MEMORY_MB,
    "limit_pixels": LIMIT_PIXELS,
}


def _options(*words: str) -> dict[str, Any]:
    command: Any = get_command(app)
    for word in words:
        command = command.commands[word]
    return {option.name: option for option in command.params if option.param_type_name == "option"}


@pytest.mark.parametrize(("name", "allowed"), RANGES.items(), ids=list(RANGES))
def test_a_scan_refuses_what_is_out_of_range_and_takes_its_ends(name: str, allowed: Range) -> None:
    for end in (allowed.least, allowed.most):
        if end is not None:
            assert getattr(replace(USUAL, **{name: end}), name) == end
    with pytest.raises(SettingsError, match=rf"{name} is .*; expected (at least|\S+ to) "):
        ScanSettings(**{name: allowed.least - 1})
    if allowed.most is not None:
        with pytest.raises(SettingsError, match=rf"{name} is .*; expected \S+ to "):
            ScanSettings(**{name: allowed.most * 2})


@pytest.mark.parametrize("words", [("scan",), ("batch", "scan")], ids=" ".join)
def test_the_command_line_has_the_ranges_and_defaults_of_a_scan(words: tuple[str, ...]) -> None:
    options = _options(*words)
    for name, allowed in RANGES.items():
        if name != "tile_px":  # also takes "auto"
            assert (options[name].min, options[name].max) == (allowed.least, allowed.most), name
            assert options[name].default == getattr(USUAL, name), name


@pytest.mark.parametrize("words", [("predict",), ("batch", "predict")], ids=" ".join)
def test_a_photo_is_as_large_for_predict_as_for_scan(words: tuple[str, ...]) -> None:
    assert _options(*words)["limit_pixels"].default == USUAL.limit_pixels


def test_the_api_describes_the_ranges_and_defaults_of_a_scan(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    from crackscope.serving.app import create_app

    schemas = create_app(ServeSettings(data_dir=tmp_path)).openapi()["components"]["schemas"]
    for schema in (schemas["ScanFields"], schemas["Body_scan_v1_scan_post"]):
        for name in ("overlap", "tile_px", "threshold", "mm_per_px"):
            described = schema["properties"][name]
            numbers = next((one for one in described.get("anyOf", []) if "minimum" in one), described)
            assert Range(numbers["minimum"], numbers["maximum"]) == RANGES[name], name
            assert described.get("default") == getattr(USUAL, name), name


def test_limits_of_the_server_are_those_of_its_command_and_page() -> None:
    options, limits = _options("serve"), Limits()
    said = {
        "limit_files": limits.files,
        "limit_file_mb": limits.file_bytes / 1_000_000,
        "limit_request_mb": limits.request_bytes / 1_000_000,
        "limit_pixels": limits.pixels,
        "limit_jobs": limits.jobs,
        "limit_queue": limits.queue,
        "timeout": limits.timeout_s,
    }
    assert {name: options[name].default for name in said} == said
    page = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| [^|]+ \| ([\d,.]+)[^|]* \| `--([\w-]+)` \|$", page, flags=re.MULTILINE))
    told = {name.replace("-", "_"): float(number.replace(",", "")) for number, name in rows.items()}
    assert {name: told[name] for name in said} == said


@pytest.mark.parametrize("change", [{"files": 0}, {"timeout_s": 0.0}, {"pixels": -1}], ids=str)
def test_a_server_without_room_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"the limit .* is .*; expected at least"):
        replace(Limits(), **change)


def test_the_page_asks_for_numbers_in_the_ranges_of_a_scan() -> None:
    form = (ROOT / "src/crackscope/serving/page/jobs.js").read_text(encoding="utf-8")
    asked = re.findall(r"(\w+): numberInput\(\{ min: ([\d.]+), max: ([\d.]+)", form)
    assert {name: Range(float(least), float(most)) for name, least, most in asked} == {
        "threshold": THRESHOLD,
        "mm_per_px": MM_PER_PX,
    }
