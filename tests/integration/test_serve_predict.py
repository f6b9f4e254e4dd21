"""The server is a door like the others: the same answer for the same photo, to the last digit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope.bundle import ReviewBand
from crackscope.cli.app import app
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.servers import RunningServer, running_server
from tests.helpers.uploads import form_files
from tests.helpers.waiting import PATIENCE_S


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    band = ReviewBand(low=0.4, high=0.6, alpha=0.05, fitted_on="nothing")
    return write_tiny_bundle(tmp_path_factory.mktemp("model"), review=band, familiarity_limit=0.6).folder


@pytest.fixture(scope="module")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(model, tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(5)
    for number in range(24):
        coarse = random.integers(0, 10 * number + 20, (6, 8, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((200 + 60 * number, 150), Image.Resampling.BICUBIC)
        image.save(folder / f"{number}.{('jpg', 'png', 'tif')[number % 3]}")
    (folder / "broken.jpg").write_bytes((folder / "0.jpg").read_bytes()[:500])
    return sorted(folder.iterdir())


def _command_line_rows(model: Path, photos: list[Path]) -> list[dict[str, object]]:
    arguments = ["predict", *map(str, photos), "--model", str(model), "--format", "json", "--quiet"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return [{**row, "path": Path(row["path"]).name} for row in json.loads(result.stdout)]


def _served_rows(server: RunningServer, photos: list[Path]) -> list[dict[str, object]]:
    answer = server.client.post(
        "/v1/predict", files=form_files(*((path.name, path.read_bytes()) for path in photos))
    )
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, object]] = answer.json()
    return rows


def test_the_server_gives_the_command_line_s_answers(
    server: RunningServer, model: Path, photos: list[Path]
) -> None:
    rows = _command_line_rows(model, photos)
    assert _served_rows(server, photos) == rows
    assert {row["reason"] for row in rows} >= {None, "uncertain", "unfamiliar"}


def test_the_server_gives_the_command_line_s_answers_on_real_photos(
    server: RunningServer, model: Path, real_data: Path
) -> None:
    folders = ("metu/Positive", "sdnet2018/W/CW", "uav75/images")
    photos = [path for name in folders for path in sorted((real_data / name).glob("*.jpg"))[:8]]
    assert _served_rows(server, photos) == _command_line_rows(model, photos)


def test_answers_do_not_depend_on_who_else_asks(server: RunningServer, photos: list[Path]) -> None:
    readable = [path for path in photos if path.name != "broken.jpg"]
    together = _served_rows(server, readable)
    with ThreadPoolExecutor(12) as clients:
        alone = list(clients.map(lambda path: _served_rows(server, [path])[0], readable * 3))
    assert alone == together * 3


def test_other_machines_are_not_served_without_users(model: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crackscope", "serve", "--host", "0.0.0.0", "--port", "0"]
    command += ["--model", str(model), "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=False)
    assert done.returncode == 1
    assert "serve user add" in done.stderr


def test_a_port_in_use_is_said_in_one_line(server: RunningServer, model: Path, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    command = [sys.executable, "-m", "crackscope", "serve", "--port", port]
    command += ["--model", str(model), "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert port in done.stderr
