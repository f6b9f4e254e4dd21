"""What every command of the command line has in common."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from crackscope.cli.app import app
from tests.helpers.adaptable import write_adaptable_bundle


def _options(command: Any, path: str = "crackscope") -> Iterator[tuple[str, Any]]:
    if command.hidden:
        return
    for parameter in command.params:
        if parameter.param_type_name == "option":
            yield path, parameter
    for name, child in getattr(command, "commands", {}).items():
        yield from _options(child, f"{path} {name}")


def _commands(command: Any, path: str = "crackscope") -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, f"{path} {name}")


OPTIONS = list(_options(get_command(app)))


def _is_number(option: Any) -> bool:
    annotation = option.type_descriptor.annotation
    return bool({int, float} & {annotation, *get_args(annotation)})


def test_every_number_has_a_range_that_is_checked_at_the_door() -> None:
    found = [
        f"{path} {option.opts[0]}" for path, option in OPTIONS if _is_number(option) and option.min is None
    ]
    assert found == []


@pytest.mark.parametrize(("long", "short"), [("--model", "-m"), ("--output", "-o")])
def test_the_commonest_options_have_one_short_name_everywhere(long: str, short: str) -> None:
    found = [f"{path} {long}" for path, option in OPTIONS if long in option.opts and short not in option.opts]
    assert found == []


def test_every_command_that_takes_a_model_takes_it_with_m() -> None:
    """`compare` takes two."""
    found = {
        path
        for path, command in _commands(get_command(app))
        if any(one.param_type_name == "argument" and one.metavar == "MODEL" for one in command.params)
    }
    with_m = {path for path, option in OPTIONS if "-m" in option.opts}
    assert found <= with_m
    assert {"crackscope model info", "crackscope export"} <= found


def test_every_option_is_explained_in_a_sentence_of_its_own() -> None:
    found = [
        f"{path} {option.opts[0]}: {option.help}"
        for path, option in OPTIONS
        if not (option.help or "").strip()
        or option.help.startswith(("Of ", "Likewise"))
        or option.help[-1] != "."
    ]
    assert found == []


def test_every_command_stands_in_a_panel_of_the_help() -> None:
    commands = get_command(app).commands.values()
    panels = {command.name: command.rich_help_panel for command in commands if not command.hidden}
    assert set(panels.values()) == {"Look at photos", "Serve", "Train", "Measure"}, panels


OUT_OF_RANGE = [
    ["scan", "--overlap", "0.95"],
    ["scan", "--threshold", "2"],
    ["evaluate", "--prior", "-1"],
    ["serve", "--timeout", "0"],
    ["train", "--epochs", "0"],
]


@pytest.mark.parametrize("words", OUT_OF_RANGE, ids=" ".join)
def test_a_number_out_of_range_is_wrong_usage(words: list[str], tmp_path: Path) -> None:
    more = [str(tmp_path), "--output", str(tmp_path / "out")] if words[0] == "scan" else []
    result = CliRunner().invoke(app, [words[0], *more, *words[1:]])
    assert result.exit_code == 2
    assert re.search(r"(greater|less) than or equal to", " ".join(result.stderr.split()))


@pytest.mark.parametrize("name", ["out.xlsx", "out.txt", "out.table", "out"])
def test_predict_refuses_an_ending_it_does_not_write(name: str, tmp_path: Path) -> None:
    bundle = write_adaptable_bundle(tmp_path / "model")
    (tmp_path / "photos").mkdir()
    words = ["predict", str(tmp_path / "photos"), "-m", str(bundle.folder), "-o", str(tmp_path / name)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert ".csv, .json, .jsonl, .parquet" in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / name).exists()


def test_names_of_before_work_and_say_the_new_one(tmp_path: Path) -> None:
    listed = CliRunner().invoke(app, ["serve-user", "list", "--data-dir", str(tmp_path)])
    assert listed.exit_code == 0
    assert "`crackscope serve-user` is `crackscope serve user` now" in listed.stderr
    retrained = CliRunner().invoke(app, ["serve-retrain", "--data-dir", str(tmp_path)])
    assert "`crackscope serve-retrain` is `crackscope serve retrain` now" in retrained.stderr
    assert "name --output NEW" in str(retrained.exception)
    assert "serve-user" not in CliRunner().invoke(app, ["--help"]).stdout


@pytest.mark.parametrize(
    "words",
    [
        ["export", "a", "-m", "b", "--precision", "fp16", "--data", "d", "-o", "x"],
        ["model", "info", "a", "-m", "b"],
        ["model", "verify", "a", "-m", "b"],
        ["model", "cells", "a", "-m", "b", "--healthy", "d"],
        ["model", "card", "a", "-m", "b", "--evaluation", "walls=d"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_two_names_of_one_model_are_wrong_usage(words: list[str]) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "two models are named" in result.stderr


def test_results_go_into_a_model_that_is_named() -> None:
    result = CliRunner().invoke(app, ["model", "card", "--evaluation", "walls=d"])
    assert "no model is named" in str(result.exception)
