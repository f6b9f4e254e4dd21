"""`crackscope batch scan` on two nodes gives the very files of `crackscope scan` on one machine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.scanning.results import PHOTO_COLUMNS, REGION_COLUMNS, TILE_COLUMNS
from tests.integration.batch.conftest import POISON, TwoNodes, run, write_photos

pytestmark = pytest.mark.slow

OPTIONS = ["--tile-px", 48, "--mm-per-px", 0.5]


@pytest.fixture
def walls(tmp_path: Path) -> Path:
    folder = write_photos(tmp_path / "walls", 5, photo_hw=(150, 200))
    dark = np.full((150, 200, 3), 220, np.uint8)
    dark[40:110, 60:150] = 5
    Image.fromarray(dark).save(folder / "cracked.jpg")
    (folder / "no image.jpg").write_bytes(b"no image")
    (folder / "small.png").write_bytes(b"")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a scan by name, but for what only lets it go on."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_tables_documents_and_overlays_are_those_of_scan_byte_for_byte(
    two_nodes: TwoNodes, model: Path, walls: Path, tmp_path: Path
) -> None:
    shards = tmp_path / "shards"
    run("batch", "scan", walls, "--model", model, "--output", shards, "--shard-photos", 3, *OPTIONS)
    run("batch", "merge", shards, "--output", tmp_path / "many")
    run("scan", walls, "--model", model, "--output", tmp_path / "one", *OPTIONS)
    one = files_of(tmp_path / "one")
    assert len([name for name in one if name.startswith("overlays/")]) == 6
    assert b'"region": 1' in one["regions.geojson"]
    assert files_of(tmp_path / "many") == one

    # Neither the shards' overlays nor the merged ones are photos of the next scan.
    again = tmp_path / "again"
    run("batch", "scan", tmp_path, "--model", model, "--output", again, *OPTIONS, exit_code=1)
    run("batch", "scan", tmp_path, "--model", model, "--output", tmp_path.parent / "again", *OPTIONS)
    planned = json.loads(run("batch", "status", tmp_path.parent / "again", "--json").stdout)["photos"]
    assert planned["planned"] == 8


def test_shards_of_a_scan_have_its_tables_and_geojson(
    two_nodes: TwoNodes, model: Path, walls: Path, tmp_path: Path
) -> None:
    from pyarrow import parquet

    shards = tmp_path / "shards"
    run("batch", "scan", walls, "--model", model, "--output", shards, "--no-overlays", *OPTIONS)
    for name, columns in (("photos", PHOTO_COLUMNS), ("regions", REGION_COLUMNS), ("tiles", TILE_COLUMNS)):
        table = parquet.read_table(shards / name)
        assert table.column_names[: len(columns)] == list(columns)
        assert table.num_rows >= 1
    [geojson] = (shards / "geojson").iterdir()
    places = [each["properties"]["path"] for each in json.loads(geojson.read_bytes())["features"]]
    assert str(walls / "cracked.jpg") in places
    assert not (shards / "overlays").exists()


def test_a_photo_that_kills_its_worker_is_a_row_of_a_scan_too(
    two_nodes: TwoNodes, model: Path, walls: Path, tmp_path: Path
) -> None:
    poison = walls / POISON
    poison.write_bytes((walls / "0000.png").read_bytes())
    run("batch", "scan", walls, "--model", model, "--output", tmp_path / "shards", *OPTIONS)
    run("batch", "merge", tmp_path / "shards", "--output", tmp_path / "many")
    run("scan", walls, "--model", model, "--output", tmp_path / "one", *OPTIONS)
    many, one = ((tmp_path / name / "photos.csv").read_text().splitlines() for name in ("many", "one"))
    assert [row for row in many if str(poison) not in row] == [row for row in one if str(poison) not in row]
    assert sum("died each time" in row for row in many) == 1
