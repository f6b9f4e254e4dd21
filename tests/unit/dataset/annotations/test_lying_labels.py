"""Labels that say what can't be: each is an error in words, and none becomes a wrong tile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from crackscope.dataset.annotations.coco import coco_document, read_coco
from crackscope.dataset.annotations.label_studio import read_label_studio
from crackscope.dataset.annotations.read import crack_kinds, read_labels
from crackscope.dataset.annotations.records import AnnotatedPhoto, Mark
from crackscope.dataset.annotations.yolo import read_yolo
from crackscope.errors import DataError

NAN, INFINITE = float("nan"), float("inf")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "100%25.png"):
        Image.fromarray(np.full((100, 200, 3), 90, np.uint8)).save(folder / name)
    return folder


def coco(tmp_path: Path, **annotation: Any) -> Path:
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 200, "height": 100}],
        "annotations": [{"image_id": 1, "category_id": 1, **annotation}],
        "categories": [{"id": 1, "name": "crack"}],
    }
    (tmp_path / "l.json").write_text(json.dumps(document))
    return tmp_path / "l.json"


@pytest.mark.parametrize(
    "kind", ["uncracked", "No crack", "no_crack", "non-cracked", "Crack-free", "ohne Riss"]
)
def test_a_class_that_says_there_is_no_crack_is_none(kind: str) -> None:
    marked = [
        AnnotatedPhoto(name="a", marks=tuple(Mark(kind=k, box_ltrb=(0, 0, 1, 1)) for k in (kind, "crack")))
    ]
    assert crack_kinds(marked) == {"crack"}
    assert crack_kinds(marked, [kind]) == {kind}


@pytest.mark.parametrize(
    "annotation",
    [
        {"bbox": [NAN, 1, 10, 10]},
        {"bbox": [0, 0, INFINITE, 10]},
        {"bbox": [0, 0, 1e300, 1e300]},
        {"bbox": [50, 50, -20, -20]},
        {"bbox": [900, 5, 10, 10]},
        {"segmentation": [[0, 0, NAN, 0, 50, 50]]},
        {"segmentation": [[0, 0, 1e10, 0, 1e10, 1e10]]},
    ],
)
def test_a_mark_that_is_not_in_its_photo_is_refused(
    annotation: dict[str, Any], photos: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"a.png is 200 x 100 pixels; its label 'crack' .* is not in it"):
        read_labels(coco(tmp_path, **annotation), photos)


def test_a_mark_that_reaches_over_the_edge_is_kept(photos: Path, tmp_path: Path) -> None:
    (found,) = read_labels(coco(tmp_path, bbox=[-1.5, 90, 203, 12]), photos)
    assert found.annotated.marks[0].box_ltrb == (-1.5, 90, 201.5, 102)


def test_two_images_of_one_number_or_of_one_file_are_refused(photos: Path, tmp_path: Path) -> None:
    twice = AnnotatedPhoto(name="a.png", photo_hw=(100, 200))
    document = coco_document((twice, twice))
    (tmp_path / "l.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"a.png is there twice"):
        read_labels(tmp_path / "l.json", photos)
    document["images"][1]["id"] = 1
    with pytest.raises(DataError, match="two images have the number 1"):
        read_coco(document)


def test_labels_without_a_labelled_photo_say_so(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text(json.dumps([{"data": {"image": "a.png"}, "predictions": []}]))
    with pytest.raises(DataError, match="has no labelled photo"):
        read_labels(tmp_path / "l.json", photos)


def test_a_percent_sign_in_a_name_is_itself_before_it_is_a_code(photos: Path, tmp_path: Path) -> None:
    header = "path,type,left,top,right,bottom\n"
    (tmp_path / "l.csv").write_text(f"{header}100%25.png,,,,,\n")
    (found,) = read_labels(tmp_path / "l.csv", photos)
    assert found.file.name == "100%25.png"


def test_a_byte_order_mark_is_passed_over_and_a_bottomless_file_is_damaged(
    photos: Path, tmp_path: Path
) -> None:
    path = coco(tmp_path, bbox=[1, 2, 3, 4])
    path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
    assert len(read_labels(path, photos)) == 1
    path.write_text("[" * 200_000)
    with pytest.raises(DataError, match="is damaged"):
        read_labels(path, photos)


def test_a_task_s_image_is_its_name_and_no_number() -> None:
    task = {"data": {"image": 5, "file": "a.png"}, "annotations": [{"result": []}]}
    assert read_label_studio([task])[0].name == "a.png"


def test_a_class_below_zero_and_a_file_in_another_encoding_are_named(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("crack\nstain\n")
    (tmp_path / "a.txt").write_text("-1 .5 .5 .1 .1\n")
    with pytest.raises(DataError, match="class below 2"):
        read_yolo(tmp_path, {"a.png": (10, 10)})
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe0\x00")
    with pytest.raises(DataError, match=r"a.txt is no text in UTF-8"):
        read_yolo(tmp_path, {"a.png": (10, 10)})
    (tmp_path / "classes.txt").write_bytes(b"Ri\xdf\n")
    with pytest.raises(DataError, match=r"classes.txt is no text in UTF-8"):
        read_yolo(tmp_path, {"a.png": (10, 10)})
