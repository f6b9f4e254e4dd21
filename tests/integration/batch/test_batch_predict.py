"""`crackscope batch predict` on two nodes gives the very bytes of `crackscope predict` on one machine."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.integration.batch.conftest import POISON, TwoNodes, run, write_photos

pytestmark = pytest.mark.slow


def merged(shards: Path, to: Path) -> bytes:
    run("batch", "merge", shards, "--output", to)
    return to.read_bytes()


def predicted(photos: object, model: Path, to: Path) -> bytes:
    run("predict", photos, "--model", model, "--output", to, "--quiet")
    return to.read_bytes()


@pytest.fixture
def odd_photos(tmp_path: Path) -> Path:
    folder = write_photos(tmp_path / "photos", 23)
    (folder / "0005.png").write_bytes(b"no image")
    (folder / "empty.jpg").touch()
    (folder / 'a\nline, "quoted".png').write_bytes((folder / "0001.png").read_bytes())
    write_photos(folder / "below" / "deeper", 3)
    (folder / "folder.jpg").mkdir()
    return folder


def test_every_format_is_that_of_predict_byte_for_byte(
    two_nodes: TwoNodes, model: Path, odd_photos: Path, tmp_path: Path
) -> None:
    (odd_photos / b"not utf-8 \xff.png".decode("utf-8", "surrogateescape")).write_bytes(b"")
    shards = tmp_path / "shards"
    run("batch", "predict", odd_photos, "--model", model, "--output", shards, "--shard-photos", 5)
    for form in ("csv", "json", "jsonl", "parquet"):
        one_machine = predicted(odd_photos, model, tmp_path / f"one.{form}")
        assert merged(shards, tmp_path / f"many.{form}") == one_machine, form

    status = json.loads(run("batch", "status", shards, "--json").stdout)
    assert status["finished"]
    assert status["shards"] == {"done": 6, "total": 6}
    assert status["photos"]["photos"] == status["photos"]["planned"] == 30
    assert status["photos"]["errors"] == 4
    assert sum(status["machines"].values()) == 6


def test_a_command_outside_the_cluster_has_shards_made_that_any_reader_of_parquet_takes(
    two_nodes: TwoNodes, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow import parquet

    from crackscope.batch import run as batch_run

    # A server for `ray://` takes half a minute to start; what differs behind it is this.
    monkeypatch.setattr(batch_run, "from_afar", lambda: True)
    photos, shards = write_photos(tmp_path / "photos", 7), tmp_path / "shards"
    run("batch", "predict", photos, "--model", model, "--output", shards, "--shard-photos", 3)
    run("predict", photos, "--model", model, "--output", tmp_path / "one.parquet")
    one, many = parquet.read_table(tmp_path / "one.parquet"), parquet.read_table(shards / "predictions")
    assert many.drop_columns("record").to_pylist() == one.to_pylist()

    (shards / "predictions" / "000001.parquet").write_bytes(b"other")
    failed = run("batch", "merge", shards, "--output", tmp_path / "many.csv", exit_code=1)
    assert "was changed after it was written" in str(failed.exception)


def test_relative_names_and_lists_stay_as_they_were_named(
    two_nodes: TwoNodes, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path / "photos", 4)
    monkeypatch.chdir(tmp_path)
    names = ["photos/0003.png", "photos/missing.png", "photos/0000.png", "photos/0003.png"]
    Path("list.csv").write_text("\n".join(["path", *names]) + "\n", encoding="utf-8")
    run("batch", "predict", "list.csv", "photos", "--model", model, "--output", "shards")
    merged(Path("shards"), tmp_path / "many.csv")
    with (tmp_path / "many.csv").open(encoding="utf-8", newline="") as rows:
        found = [row["path"] for row in csv.DictReader(rows)]
    assert found == [*names, *(f"photos/{number:04d}.png" for number in range(4))]


def test_a_batch_goes_on_only_as_what_it_was(two_nodes: TwoNodes, model: Path, tmp_path: Path) -> None:
    photos, shards = write_photos(tmp_path / "photos", 6), tmp_path / "shards"
    command = ["batch", "predict", photos, "--model", model, "--output", shards, "--shard-photos", 2]
    run(*command, "--resume")  # nothing is there: it begins
    assert "give --resume" in str(run(*command, exit_code=1).exception)
    other = str(run(*command, "--resume", "--threshold", 0.75, exit_code=1).exception)
    assert "another batch: settings was" in other
    assert '"threshold": 0.75' in other
    (shards / "manifests" / "000001.json").unlink()
    assert "1 of 3 shards are not done" in str(
        run("batch", "merge", shards, "--output", tmp_path / "many.csv", exit_code=1).exception
    )
    assert "2 of them finished earlier" in run(*command, "--resume").stderr
    assert merged(shards, tmp_path / "many.csv") == predicted(photos, model, tmp_path / "one.csv")


def test_a_destination_that_can_not_be_written_ends_the_batch_with_the_way_to_go_on(
    two_nodes: TwoNodes, model: Path, tmp_path: Path
) -> None:
    photos, shards = write_photos(tmp_path / "photos", 4), tmp_path / "shards"
    shards.mkdir()
    (shards / "predictions").write_text("a file where a folder should be", encoding="utf-8")
    command = ["batch", "predict", photos, "--model", model, "--output", shards, "--shard-photos", 2]
    stopped = str(run(*command, exit_code=1).exception)
    assert "0 of 2 shards are done" in stopped
    assert "--resume" in stopped
    (shards / "predictions").unlink()
    run(*command, "--resume")
    assert merged(shards, tmp_path / "many.csv") == predicted(photos, model, tmp_path / "one.csv")


def test_a_photo_that_kills_its_worker_is_a_row(two_nodes: TwoNodes, model: Path, tmp_path: Path) -> None:
    photos, shards = write_photos(tmp_path / "photos", 6), tmp_path / "shards"
    poison = photos / POISON
    poison.write_bytes((photos / "0000.png").read_bytes())
    run("batch", "predict", photos, "--model", model, "--output", shards, "--shard-photos", 4)
    many = merged(shards, tmp_path / "many.csv").decode().splitlines()
    one = predicted(photos, model, tmp_path / "one.csv").decode().splitlines()
    assert many[:-1] == one[:-1]  # every other photo of its shard has its row
    assert many[-1].startswith(f"{poison},,,,,,")
    assert "died each time" in many[-1]
    assert json.loads(run("batch", "status", shards, "--json").stdout)["killers"] == [str(poison)]
