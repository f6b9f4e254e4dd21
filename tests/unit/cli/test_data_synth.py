from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.errors import OutputError

RUNNER = CliRunner()


def _synth(*arguments: str) -> tuple[int, str, BaseException | None]:
    result = RUNNER.invoke(app, ["data", "synth", *arguments])
    return result.exit_code, result.output, result.exception


def test_the_command_makes_a_data_set(tmp_path: Path) -> None:
    folder = tmp_path / "Übung 1"
    code, output, _ = _synth(
        str(folder), "--patches", "4", "--photos", "1", "--size", "48", "--photo-size", "120x90"
    )
    assert code == 0, output
    assert len(list((folder / "Positive").glob("*.jpg"))) == 2
    assert "patches: 4, photos: 1" in output


@pytest.mark.parametrize("size", ["big", "4000", "4000x", "10x10", "99999x100", "-5x100"])
def test_a_photo_size_that_is_none_is_refused(tmp_path: Path, size: str) -> None:
    code, output, _ = _synth(str(tmp_path / "set"), "--photo-size", size)
    assert code == 2
    assert "photo-size" in output
    assert not (tmp_path / "set").exists()


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    code, _, error = _synth(str(tmp_path), "--patches", "2")
    assert code == 1
    assert isinstance(error, OutputError)
