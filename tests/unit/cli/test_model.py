"""`crackscope model info`, `verify` and `card`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.errors import BundleError, SettingsError
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.patches import write_patches


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_bundle(tmp_path / "model").folder


def test_info_shows_what_is_known(folder: Path) -> None:
    result = CliRunner().invoke(app, ["model", "info", str(folder)])
    assert result.exit_code == 0
    for fact in ("mean darkness", "64, 64", "threshold", "Negative, Positive", "sha256"):
        assert fact in result.stdout


def test_info_as_json_is_model_json(folder: Path) -> None:
    result = CliRunner().invoke(app, ["model", "info", str(folder), "--json"])
    assert json.loads(result.stdout) == json.loads((folder / "model.json").read_text(encoding="utf-8"))


def test_verify_exits_0_for_a_whole_model_and_1_for_another(folder: Path) -> None:
    whole = CliRunner().invoke(app, ["model", "verify", str(folder)])
    assert whole.exit_code == 0
    assert "FAILED" not in whole.stdout
    (folder / "model.onnx").write_bytes(b"x")
    damaged = CliRunner().invoke(app, ["model", "verify", str(folder)])
    assert damaged.exit_code == 1
    assert "FAILED" in damaged.stdout


def test_info_of_no_model_is_an_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["model", "info", str(tmp_path / "nothing")])
    assert isinstance(result.exception, BundleError)


def test_card_takes_what_evaluate_wrote(folder: Path, tmp_path: Path) -> None:
    write_patches(tmp_path / "wall", 2)
    evaluated = CliRunner().invoke(
        app, ["evaluate", str(tmp_path / "wall"), "-m", str(folder), "-o", str(tmp_path / "out")]
    )
    assert evaluated.exit_code == 0, evaluated.output
    result = CliRunner().invoke(app, ["model", "card", str(folder), "--evaluation", f"a wall={tmp_path}/out"])

    assert result.exit_code == 0, result.output
    assert "| a wall: " in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("given", [[], ["--evaluation", "runs/wall"], ["--robustness", "=runs/wall"]])
def test_card_wants_names_and_folders(folder: Path, given: list[str]) -> None:
    result = CliRunner().invoke(app, ["model", "card", str(folder), *given])
    assert isinstance(result.exception, SettingsError)
    assert "NAME=FOLDER" in str(result.exception)
