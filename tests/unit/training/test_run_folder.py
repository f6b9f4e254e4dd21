from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from crackscope.dataset.discover import discover
from crackscope.dataset.records import Dataset
from crackscope.errors import OutputError, ResumeError
from crackscope.training.recipe_file import load_recipe, parse_recipe
from crackscope.training.run_folder import claim, data_sha256
from tests.helpers.patches import write_patches


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_patches(tmp_path / "data", 2)
    return tmp_path / "data"


@pytest.fixture
def dataset(data: Path) -> Dataset:
    return discover([data])


def test_a_new_folder_is_taken_and_says_whose_it_is(tmp_path: Path, data: Path, dataset: Dataset) -> None:
    recipe = load_recipe("seed")
    folder, continued = claim(tmp_path / "run", dataset, [data], recipe)
    assert not continued
    assert parse_recipe(folder.state()["recipe"]) == recipe
    assert folder.state()["state"] == "running"
    assert folder.state()["data"] == ["data"]
    assert str(tmp_path) not in folder.run.read_text(encoding="utf-8")


def test_the_same_run_is_continued(tmp_path: Path, data: Path, dataset: Dataset) -> None:
    claim(tmp_path / "run", dataset, [data], load_recipe())
    _, continued = claim(tmp_path / "run", dataset, [data], load_recipe())
    assert continued


def test_the_data_may_move_between_two_calls(tmp_path: Path, data: Path, dataset: Dataset) -> None:
    claim(tmp_path / "run", dataset, [data], load_recipe())
    moved = tmp_path / "elsewhere" / "data"
    shutil.move(data, moved)
    assert claim(tmp_path / "run", discover([moved]), [moved], load_recipe())[1]


def test_another_recipe_is_refused_with_what_differs(tmp_path: Path, data: Path, dataset: Dataset) -> None:
    claim(tmp_path / "run", dataset, [data], load_recipe())
    other = load_recipe("default", {"network.input_px": 64, "head.epochs": 3})
    with pytest.raises(ResumeError, match=r"network\.input_px was 128, now 64; head\.epochs was 200, now 3"):
        claim(tmp_path / "run", dataset, [data], other)


@pytest.mark.parametrize("change", ["added", "removed", "relabelled", "resized"])
def test_other_photos_are_refused(tmp_path: Path, data: Path, dataset: Dataset, change: str) -> None:
    claim(tmp_path / "run", dataset, [data], load_recipe())
    photo = data / "Positive" / "00000.png"
    if change == "added":
        shutil.copy(photo, data / "Positive" / "new.png")
    elif change == "relabelled":
        photo.rename(data / "Negative" / "moved.png")
    elif change == "resized":
        photo.write_bytes(photo.read_bytes() + b" ")
    else:
        photo.unlink()
    with pytest.raises(ResumeError, match="other photos"):
        claim(tmp_path / "run", discover([data]), [data], load_recipe())


def test_a_finished_run_is_not_touched_unless_asked(tmp_path: Path, data: Path, dataset: Dataset) -> None:
    folder, _ = claim(tmp_path / "run", dataset, [data], load_recipe())
    folder.finish()
    with pytest.raises(OutputError, match="finished"):
        claim(tmp_path / "run", dataset, [data], load_recipe())
    _, continued = claim(tmp_path / "run", dataset, [data], load_recipe("seed"), overwrite=True)
    assert not continued
    assert parse_recipe(folder.state()["recipe"]) == load_recipe("seed")


def test_overwriting_deletes_what_the_run_wrote_and_nothing_else(
    tmp_path: Path, data: Path, dataset: Dataset
) -> None:
    folder, _ = claim(tmp_path / "run", dataset, [data], load_recipe())
    (folder.cache / "old").mkdir(parents=True)
    folder.metrics.write_text("{}", encoding="utf-8")
    (folder.root / "my notes.txt").write_text("mine", encoding="utf-8")
    claim(tmp_path / "run", dataset, [data], load_recipe(), overwrite=True)
    assert sorted(path.name for path in folder.root.iterdir()) == ["my notes.txt", "run.json"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_something_else_is_refused(
    tmp_path: Path, data: Path, dataset: Dataset, overwrite: bool
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("a", encoding="utf-8")
    with pytest.raises(OutputError, match="no run folder"):
        claim(tmp_path / "letters", dataset, [data], load_recipe(), overwrite=overwrite)
    assert (tmp_path / "letters" / "a.txt").exists()


def test_a_file_in_its_place_is_refused(tmp_path: Path, data: Path, dataset: Dataset) -> None:
    (tmp_path / "run").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError, match="no run folder"):
        claim(tmp_path / "run", dataset, [data], load_recipe())


def test_an_empty_folder_is_taken(tmp_path: Path, data: Path, dataset: Dataset) -> None:
    (tmp_path / "run").mkdir()
    assert not claim(tmp_path / "run", dataset, [data], load_recipe())[1]


@pytest.mark.parametrize("place", ["data", "data/run", "data/Positive", "."])
def test_nothing_is_written_beside_photos(tmp_path: Path, data: Path, dataset: Dataset, place: str) -> None:
    with pytest.raises(OutputError, match="name another --output"):
        claim(tmp_path / place, dataset, [data], load_recipe())


def test_a_damaged_run_file_is_an_error_that_names_it(tmp_path: Path, data: Path, dataset: Dataset) -> None:
    folder, _ = claim(tmp_path / "run", dataset, [data], load_recipe())
    folder.run.write_text("{", encoding="utf-8")
    with pytest.raises(ResumeError, match=r"run\.json"):
        claim(tmp_path / "run", dataset, [data], load_recipe())


def test_what_a_killed_write_leaves_does_not_block_the_folder(
    tmp_path: Path, data: Path, dataset: Dataset
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".run.abc123.json").write_text("{", encoding="utf-8")
    assert not claim(tmp_path / "run", dataset, [data], load_recipe())[1]


def test_the_datas_hash_does_not_depend_on_where_it_lies(
    tmp_path: Path, data: Path, dataset: Dataset
) -> None:
    shutil.copytree(data, tmp_path / "copy")
    assert data_sha256(discover([tmp_path / "copy"])) == data_sha256(dataset)
    assert len(json.dumps(data_sha256(dataset))) == 66
