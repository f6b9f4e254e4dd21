"""Every answer is a line of JSON in the request log, where one is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from crackscope.errors import SettingsError
from crackscope.serving.app import create_app
from crackscope.serving.request_log import STANDARD_ERROR
from crackscope.serving.settings import ServeSettings


def lines_of(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def ask(model: Path, folder: Path, log: Path | None) -> None:
    settings = ServeSettings(data_dir=folder / "data", model=model, threads=1, request_log=log)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        assert (
            client.get("/v1/projects?token=secret", headers={"Authorization": "Bearer secret"}).status_code
            == 200
        )
        assert client.get("/v1/projects/7").status_code == 404


def test_every_answer_is_a_line_without_secrets(model: Path, tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    ask(model, tmp_path, log)
    text = log.read_text(encoding="utf-8")
    first, second = lines_of(text)
    assert (first["method"], first["path"], first["status"]) == ("GET", "/v1/projects", 200)
    assert first["client"] == "testclient"
    assert first["bytes"] > 0  # type: ignore[operator]
    assert second["status"] == 404
    assert "secret" not in text


def test_a_file_that_was_rotated_away_is_begun_anew(model: Path, tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    ask(model, tmp_path, log)
    log.rename(tmp_path / "old.jsonl")
    ask(model, tmp_path, log)
    assert len(lines_of(log.read_text(encoding="utf-8"))) == 2


def test_a_dash_is_standard_error(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(model, tmp_path, STANDARD_ERROR)
    assert [line for line in capsys.readouterr().err.splitlines() if '"path": "/v1/projects"' in line]
    ask(model, tmp_path, None)
    assert '"path"' not in capsys.readouterr().err


def test_a_log_that_can_not_be_written_is_said_at_the_start(model: Path, tmp_path: Path) -> None:
    settings = ServeSettings(data_dir=tmp_path / "data", model=model, request_log=tmp_path)
    with pytest.raises(SettingsError, match="cannot write the request log"):
        create_app(settings)
