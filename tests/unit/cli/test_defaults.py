"""Defaults that a person sets once: which counts, and what a slip of the pen says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from crackscope.cli import defaults as room
from crackscope.cli import main
from crackscope.cli.app import app
from crackscope.cli.defaults import Defaults, default_map, find_files, variable_name
from crackscope.errors import SettingsError


@pytest.fixture(autouse=True)
def no_file_of_this_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home" / "crackscope.toml"
    path.parent.mkdir()
    monkeypatch.setattr(room, "user_file", lambda: path)
    return path


def _written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "crackscope.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_nearest_file_above_counts_and_the_users_is_weaker(
    tmp_path: Path, no_file_of_this_person: Path
) -> None:
    no_file_of_this_person.write_text("[scan]\noverlap = 0.1\n", encoding="utf-8")
    project = _written(tmp_path / "site", "")
    (tmp_path / "site" / "photos").mkdir()

    assert find_files(tmp_path / "site" / "photos") == [no_file_of_this_person, project]


def test_the_environment_is_stronger_than_the_file(tmp_path: Path) -> None:
    path = _written(tmp_path, "[predict]\nthreshold = 0.4\nfast-decode = true\n")
    settings = Defaults(get_command(app)).read([path], {"CRACKSCOPE_PREDICT_THRESHOLD": "0.7"})

    assert default_map(settings) == {"predict": {"threshold": "0.7", "fast_decode": True}}


def test_an_option_that_may_be_repeated_takes_what_stands_between_commas() -> None:
    settings = Defaults(get_command(app)).read([], {"CRACKSCOPE_TRAIN_SET": "run.seed=1, train.epochs=2"})

    assert default_map(settings) == {"train": {"settings": ["run.seed=1", "train.epochs=2"]}}
    assert settings[0].option == "set"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[predictt]\n", "no command \\[predictt\\]; expected one of adapt"),
        ("[predict]\nthresold = 0.4\n", "no option 'thresold'; expected one of batch_size"),
        ("[predict]\nthreshold = 'high'\n", "threshold = 'high' in \\[predict\\]"),
        ("[predict]\nthreshold = 3\n", "threshold = 3 in \\[predict\\]"),
        ("[predict]\nthreshold = [0.1]\n", "threshold = \\[0.1\\] in \\[predict\\]"),
        ("threshold = 0.4\n", "no command \\[\\]"),
        ("[predict\n", "can't be read"),
    ],
)
def test_a_slip_is_refused_with_the_file_and_what_is_known(tmp_path: Path, text: str, said: str) -> None:
    path = _written(tmp_path, text)
    with pytest.raises(SettingsError, match=said) as error:
        Defaults(get_command(app)).read([path], {})
    assert str(path) in str(error.value)


def test_a_slip_in_the_environment_names_the_variable() -> None:
    with pytest.raises(SettingsError, match="CRACKSCOPE_SCAN_OVERLAP: overlap = 'much'"):
        Defaults(get_command(app)).read([], {"CRACKSCOPE_SCAN_OVERLAP": "much"})


def test_every_option_has_a_variable_of_its_own() -> None:
    defaults = Defaults(get_command(app))
    # Names of an earlier release lead to the same command and share its variables.
    names = [
        variable_name(command, option)
        for command in defaults._commands
        if not defaults._commands[command[:1]].hidden
        for option in defaults._options(command, "test")
    ]
    assert len(names) == len(set(names)) > 100


def _config(arguments: list[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[dict[str, Any]]:
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, ["config", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_config_says_who_set_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _written(tmp_path, "[predict]\nthreshold = 0.4\n")
    monkeypatch.setenv("CRACKSCOPE_PREDICT_BATCH_SIZE", "8")

    assert _config([], monkeypatch, tmp_path) == [
        {"command": "predict", "option": "threshold", "value": 0.4, "from": str(path)},
        {"command": "predict", "option": "batch_size", "value": "8", "from": "CRACKSCOPE_PREDICT_BATCH_SIZE"},
    ]


def test_config_of_a_command_shows_every_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _written(tmp_path, "[predict]\nthreshold = 0.4\n")
    rows = {row["option"]: row for row in _config(["predict"], monkeypatch, tmp_path)}

    assert rows["threshold"]["value"] == 0.4
    assert rows["strict"] == {"command": "predict", "option": "strict", "value": False, "from": "default"}


def test_a_default_takes_effect_and_the_command_line_is_stronger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _written(tmp_path, "[data.synth]\npatches = 2\nphotos = 0\n")
    monkeypatch.chdir(tmp_path)
    for arguments in (["few"], ["more", "--patches", "4"]):
        monkeypatch.setattr(sys, "argv", ["crackscope", "data", "synth", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 0, capsys.readouterr().err

    assert len(list((tmp_path / "few").rglob("*.jpg"))) == 2
    assert len(list((tmp_path / "more").rglob("*.jpg"))) == 4
