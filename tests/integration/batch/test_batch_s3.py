"""From and to a bucket of a local server that speaks S3: the same rows as from a folder."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.integration.batch.conftest import S3Server, TwoNodes, run, write_photos

pytestmark = pytest.mark.slow


def rows(table: Path, root: str) -> list[list[str]]:
    """A table's rows with paths that begin where the photos lie."""
    with table.open(encoding="utf-8", newline="") as lines:
        return [[cell.replace(root, "ROOT") for cell in row] for row in csv.reader(lines)]


def put(filesystem: Any, folder: Path, bucket: str) -> str:
    filesystem.mkdir(bucket)
    filesystem.put(f"{folder}/", f"{bucket}/photos", recursive=True)
    return f"s3://{bucket}"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = write_photos(tmp_path / "photos", 14)
    write_photos(folder / "0003", 3)
    (folder / "0005.png").write_bytes(b"no image")
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no photo", encoding="utf-8")
    return folder


def test_a_bucket_gives_the_rows_of_a_folder(
    s3: S3Server, two_nodes: TwoNodes, model: Path, photos: Path, tmp_path: Path
) -> None:
    url = put(s3.filesystem, photos, "archive")
    shards = f"{url}/shards"
    command = ["batch", "predict", f"{url}/photos", "--model", model, "--output", shards, "--shard-photos", 4]
    run(*command)
    s3.filesystem.rm("archive/shards/manifests/000002.json")
    s3.filesystem.rm("archive/shards/predictions/000002.parquet")
    assert "4 of them finished earlier" in run(*command, "--resume").stderr
    assert not s3.filesystem.exists("archive/shards/trials")

    run("batch", "merge", shards, "--output", tmp_path / "many.csv")
    run("predict", photos, "--model", model, "--output", tmp_path / "one.csv")
    expected = rows(tmp_path / "one.csv", str(photos))
    assert rows(tmp_path / "many.csv", f"{url}/photos") == expected
    assert len(expected) == 1 + 17


def test_patterns_lists_and_a_missing_photo_of_a_bucket(
    s3: S3Server, two_nodes: TwoNodes, model: Path, photos: Path, tmp_path: Path
) -> None:
    url = put(s3.filesystem, photos, "patterns")
    listed = tmp_path / "list.csv"
    listed.write_text(f"path\n{url}/photos/gone.png\n{photos}/0001.png\n", encoding="utf-8")
    shards = tmp_path / "shards"
    run("batch", "predict", f"{url}/photos/000[12].png", listed, "--model", model, "--output", shards)
    run("batch", "merge", shards, "--output", tmp_path / "many.csv")
    found = rows(tmp_path / "many.csv", f"{url}/photos")
    assert [row[0] for row in found[1:]] == [
        "ROOT/0001.png",
        "ROOT/0002.png",
        "ROOT/gone.png",
        f"{photos}/0001.png",
    ]
    assert found[3][-1] == "No such file or directory"
    assert found[1][1:] == found[4][1:]


def test_a_scan_from_and_to_a_bucket(s3: S3Server, two_nodes: TwoNodes, model: Path, tmp_path: Path) -> None:
    walls = write_photos(tmp_path / "walls", 2, photo_hw=(150, 200))
    url = put(s3.filesystem, walls, "walls")
    command = ["--model", model, "--tile-px", 48]
    run("batch", "scan", f"{url}/photos", "--output", f"{url}/shards", *command)
    run("batch", "merge", f"{url}/shards", "--output", tmp_path / "many")
    run("scan", walls, "--output", tmp_path / "one", *command)
    for table in ("photos.csv", "regions.csv", "tiles.csv"):
        assert rows(tmp_path / "many" / table, f"{url}/photos") == rows(tmp_path / "one" / table, str(walls))
    overlays = sorted((tmp_path / "one" / "overlays").iterdir())
    assert len(overlays) == 2
    for overlay in overlays:
        assert (tmp_path / "many" / "overlays" / overlay.name).stat().st_size > 1000


def test_a_storage_that_goes_away_for_a_while_costs_only_time(
    s3: S3Server, two_nodes: TwoNodes, model: Path, photos: Path, tmp_path: Path
) -> None:
    url = put(s3.filesystem, photos, "away")

    def go_away() -> None:
        while not s3.filesystem.exists("away/shards/manifests"):
            time.sleep(0.05)
        s3.stop()
        time.sleep(3)
        s3.start()

    trouble = Thread(target=go_away)
    trouble.start()
    run(
        "batch",
        "predict",
        f"{url}/photos",
        "--model",
        model,
        "--output",
        f"{url}/shards",
        "--shard-photos",
        2,
    )
    trouble.join()
    run("batch", "merge", f"{url}/shards", "--output", tmp_path / "many.csv")
    run("predict", photos, "--model", model, "--output", tmp_path / "one.csv")
    expected = rows(tmp_path / "one.csv", str(photos))
    assert rows(tmp_path / "many.csv", f"{url}/photos") == expected
