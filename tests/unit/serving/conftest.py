"""A server of the tiny bundle, asked in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from crackscope.serving.app import create_app
from crackscope.serving.settings import ServeSettings
from tests.helpers.bundles import write_tiny_bundle


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("model")).folder


@pytest.fixture
def client(model: Path, tmp_path: Path) -> Iterator[TestClient]:
    settings = ServeSettings(data_dir=tmp_path / "data", model=model, threads=1)
    with TestClient(
        create_app(settings), base_url="http://127.0.0.1", raise_server_exceptions=False
    ) as opened:
        yield opened
