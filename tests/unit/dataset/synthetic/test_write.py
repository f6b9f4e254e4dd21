from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.dataset.discover import discover
from crackscope.dataset.synthetic import SyntheticPlan, write_synthetic_dataset
from crackscope.dataset.synthetic.write import COLUMNS
from crackscope.errors import OutputError
from crackscope.labels import Label

PLAN = SyntheticPlan(patches=6, photos=3, seed=5, patch_px=64, photo_hw=(90, 120))


def _pictures(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "cracks.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic") / "set"
    write_synthetic_dataset(folder, PLAN, jobs=1)
    return folder


def test_the_layout_keeps_masks_and_photos_out_of_the_classes(written: Path) -> None:
    names = ("Positive", "Negative", "masks", "photos", "photo_masks")
    assert [len(list((written / name).iterdir())) for name in names] == [3, 3, 3, 3, 3]
    assert "synthetic" in (written / "README.md").read_text(encoding="utf-8").lower()


def test_the_table_tells_what_is_in_every_file(written: Path) -> None:
    rows = _rows(written)
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 9
    for row in rows:
        assert (written / row["file"]).is_file()
        widths = [float(width) for width in row["widths_px"].split(";") if width]
        assert len(widths) == int(row["cracks"])
        assert (row["label"] == "Positive") == bool(widths)
        if row["mask"]:
            mask = np.asarray(Image.open(written / row["mask"]))
            assert mask.shape == np.asarray(Image.open(written / row["file"])).shape[:2]
            assert mask.mean() / 255 == pytest.approx(float(row["crack_share"]), abs=1e-5)
            assert bool(mask.any()) == (row["label"] == "Positive")


def test_every_third_photo_is_healthy(written: Path) -> None:
    labels = [row["label"] for row in _rows(written) if row["file"].startswith("photos/")]
    assert labels == ["Positive", "Positive", "Negative"]


def test_other_counts_leave_a_file_as_it_was(written: Path, tmp_path: Path) -> None:
    fewer = SyntheticPlan(patches=2, photos=1, seed=5, patch_px=64, photo_hw=(90, 120))
    write_synthetic_dataset(tmp_path / "fewer", fewer, jobs=1)
    before, after = _pictures(written), _pictures(tmp_path / "fewer")
    for name in ("Positive/00001.jpg", "masks/00001.png", "Negative/00001.jpg", "photos/photo_001.jpg"):
        assert after[name] == before[name]


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    plan = SyntheticPlan(patches=30, photos=2, seed=9, patch_px=48, photo_hw=(80, 100))
    told: list[int] = []
    write_synthetic_dataset(tmp_path / "one", plan, jobs=1)
    write_synthetic_dataset(tmp_path / "two", plan, jobs=2, progress=lambda done, _: told.append(done))
    assert _pictures(tmp_path / "one") == _pictures(tmp_path / "two")
    assert told == list(range(1, 33))


def test_a_folder_with_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(OutputError, match="not empty"):
        write_synthetic_dataset(tmp_path, PLAN, jobs=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "set"
    place.write_text("keep", encoding="utf-8")
    with pytest.raises(OutputError, match="is a file"):
        write_synthetic_dataset(place, PLAN, jobs=1)


def test_discovery_finds_the_two_classes_and_nothing_else(written: Path) -> None:
    found = discover([written])
    assert found.counts() == {Label.NEGATIVE: 3, Label.POSITIVE: 3}
