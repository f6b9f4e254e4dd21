"""Other tools' labels become tiles by the rule that masks are cut by."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.dataset.annotations.coco import coco_document
from crackscope.dataset.annotations.masks import crack_mask
from crackscope.dataset.annotations.read import crack_kinds, read_labels
from crackscope.dataset.annotations.records import AnnotatedPhoto, Mark, polygon_mark
from crackscope.dataset.annotations.yolo import yolo_files
from crackscope.dataset.discover import discover
from crackscope.dataset.tiles import TileRule, write_labelled_tiles
from crackscope.errors import DataError
from crackscope.labels import Label

CRACK = Mark(kind="Crack", box_ltrb=(0.0, 0.0, 64.0, 40.0))
OTHER = Mark(kind="stain", box_ltrb=(64.0, 64.0, 128.0, 128.0))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for name in ("north/a.png", "south/a.png", "b.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((128, 192, 3), len(name), np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    annotated = (
        AnnotatedPhoto(name="north/a.png", marks=(CRACK, OTHER), photo_hw=(128, 192)),
        AnnotatedPhoto(name="b.png", photo_hw=(128, 192)),
    )
    (tmp_path / "labels.json").write_text(json.dumps(coco_document(annotated)))
    return tmp_path / "labels.json"


def tiles_of(folder: Path) -> dict[tuple[str, int, int], str]:
    with (folder / "tiles.csv").open(encoding="utf-8", newline="") as stream:
        return {
            (row["photo"], int(row["left"]), int(row["top"])): row["label"] for row in csv.DictReader(stream)
        }


def test_tiles_in_a_box_are_positive_near_it_left_out_and_elsewhere_negative(
    photos: Path, labels: Path, tmp_path: Path
) -> None:
    counts = write_labelled_tiles(photos, labels, tmp_path / "out", rule=TileRule(tile_px=64))
    tiles = tiles_of(tmp_path / "out")
    assert tiles[("a.png", 0, 0)] == "Positive"
    assert ("a.png", 64, 0) not in tiles  # the box ends at its edge
    assert tiles[("a.png", 64, 64)] == tiles[("a.png", 128, 0)] == "Negative"
    assert (counts.photos, counts.positive, counts.ambiguous) == (2, 1, 1)
    assert discover([tmp_path / "out"]).counts() == {Label.POSITIVE: 1, Label.NEGATIVE: 10}


def test_photos_that_the_labels_do_not_speak_of_are_not_called_sound(
    photos: Path, labels: Path, tmp_path: Path
) -> None:
    write_labelled_tiles(photos, labels, tmp_path / "out", rule=TileRule(tile_px=64))
    assert {name for name, _, _ in tiles_of(tmp_path / "out")} == {"a.png", "b.png"}
    found = read_labels(labels, photos)
    assert [each.file.relative_to(photos).as_posix() for each in found] == ["north/a.png", "b.png"]


def test_every_format_gives_the_same_tiles_on_the_command_line(
    photos: Path, labels: Path, tmp_path: Path
) -> None:
    both = (AnnotatedPhoto(name="north/a.png", marks=(CRACK, OTHER), photo_hw=(128, 192)),)
    for name, text in yolo_files(both).items():
        (tmp_path / "yolo" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "yolo" / name).write_text(text)
    (tmp_path / "l.csv").write_text(
        "path,type,left,top,right,bottom\nnorth/a.png,Crack,0,0,64,40\nnorth/a.png,stain,64,64,128,128\nb.png,,,,,\n"
    )
    found = {}
    for source in (labels, tmp_path / "yolo", tmp_path / "l.csv"):
        out = tmp_path / f"tiles {source.name}"
        result = CliRunner().invoke(
            app, ["data", "tiles", str(photos), str(source), str(out), "--size", "64"]
        )
        assert result.exit_code == 0, result.output
        found[source.name] = {key: value for key, value in tiles_of(out).items() if value == "Positive"}
    assert len(found) == 3
    assert {tuple(sorted(each.values())) for each in found.values()} == {("Positive",)}


def test_two_photos_of_one_name_keep_their_tiles_apart(photos: Path, tmp_path: Path) -> None:
    table = "path,type,left,top,right,bottom\nnorth/a.png,crack,0,0,64,64\nsouth/a.png,,,,,\n"
    (tmp_path / "l.csv").write_text(table)
    write_labelled_tiles(photos, tmp_path / "l.csv", tmp_path / "out", rule=TileRule(tile_px=64))
    assert {name for name, _, _ in tiles_of(tmp_path / "out")} == {"north-a.png", "south-a.png"}


@pytest.mark.parametrize(
    ("name", "problem"),
    [("a.png", "is there 2 times"), ("west/a.png", "is there 2 times"), ("c.png", "is not there")],
)
def test_a_photo_that_can_t_be_told_is_not_guessed(
    name: str, problem: str, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "l.csv").write_text(f"path,type,left,top,right,bottom\n{name},crack,0,0,9,9\n")
    with pytest.raises(DataError, match=problem):
        read_labels(tmp_path / "l.csv", photos)


def test_names_of_label_studio_s_uploads_find_their_photo(photos: Path, tmp_path: Path) -> None:
    task = {"data": {"image": "/data/upload/3/1a2b3c4d-b.png"}, "annotations": [{"result": []}]}
    (tmp_path / "ls.json").write_text(json.dumps([task]))
    assert [each.file.name for each in read_labels(tmp_path / "ls.json", photos)] == ["b.png"]


def test_labels_for_another_size_are_refused(photos: Path, tmp_path: Path) -> None:
    wrong = (AnnotatedPhoto(name="b.png", photo_hw=(192, 128)),)
    (tmp_path / "l.json").write_text(json.dumps(coco_document(wrong)))
    with pytest.raises(DataError, match="192 x 128 pixels, upright; its labels are for 128 x 192"):
        read_labels(tmp_path / "l.json", photos)


def test_classes_are_cracks_by_name_or_by_choice() -> None:
    both = [AnnotatedPhoto(name="a", marks=(CRACK, OTHER))]
    assert crack_kinds(both) == {"Crack"}
    assert crack_kinds(both, ["stain"]) == {"stain"}
    with pytest.raises(DataError, match="no class 'riss'; classes: Crack, stain"):
        crack_kinds(both, ["riss"])
    with pytest.raises(DataError, match="no class is called a crack"):
        crack_kinds([AnnotatedPhoto(name="a", marks=(OTHER,))])
    assert crack_kinds([AnnotatedPhoto(name="a")]) == frozenset()


def test_a_mask_has_the_box_exactly_and_the_polygon_inside_its_corners() -> None:
    marks = (Mark(kind="c", box_ltrb=(2.0, 1.0, 5.0, 3.0)), polygon_mark("c", ((6, 5), (9, 5), (9, 9))))
    mask = crack_mask(AnnotatedPhoto(name="a", marks=marks), (10, 12), {"c"}, 255)
    assert mask[1:3, 2:5].all()
    assert int((mask[:4] > 0).sum()) == 6
    assert (mask[6, 8], mask[8, 6]) == (255, 0)
