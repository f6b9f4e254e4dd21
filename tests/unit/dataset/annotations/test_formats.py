"""Labels of other tools, as their documentation shows them, and everything we write read back."""

from __future__ import annotations

import json
import math
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from crackscope.dataset.annotations.coco import coco_document, read_coco
from crackscope.dataset.annotations.label_studio import label_studio_document, read_label_studio
from crackscope.dataset.annotations.records import AnnotatedPhoto, Mark, polygon_mark
from crackscope.dataset.annotations.tables import read_table, write_table
from crackscope.dataset.annotations.yolo import read_yolo, yolo_files
from crackscope.errors import DataError

BOX = Mark(kind="crack", box_ltrb=(10.0, 20.0, 60.0, 45.0))
POLYGON = polygon_mark("spalling", ((100.0, 50.0), (200.0, 50.0), (200.0, 100.0)))
PHOTOS = (
    AnnotatedPhoto(name="pier 1/wände.jpg", marks=(BOX, POLYGON), photo_hw=(400, 800)),
    AnnotatedPhoto(name="sound.jpg", photo_hw=(100, 200)),
)

#: An instance annotation as https://cocodataset.org/#format-data has it, with figures from instances_val2017.
COCO: dict[str, Any] = {
    "info": {"year": 2017, "version": "1.0", "description": "COCO 2017 Dataset"},
    "licenses": [{"id": 4, "name": "Attribution License", "url": "http://creativecommons.org/licenses/by/2.0/"}],
    "images": [
        {"license": 4, "file_name": "000000397133.jpg", "height": 427, "width": 640, "id": 397133},
        {"license": 4, "file_name": "000000037777.jpg", "height": 230, "width": 352, "id": 37777},
    ],
    "annotations": [
        {
            "segmentation": [[224.24, 297.18, 228.29, 297.18, 234.91, 298.29]],
            "area": 1481.38, "iscrowd": 0, "image_id": 397133, "bbox": [217.62, 240.54, 38.99, 57.75],
            "category_id": 44, "id": 82445,
        },
        {
            "segmentation": {"counts": [179, 27, 392, 41], "size": [427, 640]},
            "area": 220834, "iscrowd": 1, "image_id": 397133, "bbox": [0, 34, 639, 388],
            "category_id": 1, "id": 900100,
        },
    ],
    "categories": [
        {"supercategory": "person", "id": 1, "name": "person"},
        {"supercategory": "kitchen", "id": 44, "name": "bottle"},
    ],
}  # fmt: skip

#: https://labelstud.io/guide/export, "Label Studio JSON format of annotated tasks", shortened.
LABEL_STUDIO: list[dict[str, Any]] = [
    {
        "id": 1,
        "data": {"image": "https://example.com/opensource/label-studio/1.jpg"},
        "created_at": "2021-03-09T21:52:49.513742Z",
        "project": 83,
        "annotations": [
            {
                "id": 1001,
                "result": [
                    {
                        "from_name": "tag", "id": "Dx_aB91ISN", "source": "$image", "to_name": "img",
                        "type": "rectanglelabels", "original_width": 600, "original_height": 403,
                        "value": {
                            "height": 10.458911419423693, "rectanglelabels": ["Moonwalker"], "rotation": 0,
                            "width": 12.4, "x": 50.8, "y": 5.869797225186766,
                        },
                    }
                ],
                "was_cancelled": False, "ground_truth": False, "lead_time": 4.288,
            }
        ],
        "predictions": [],
    }
]  # fmt: skip


def test_coco_s_own_example_is_read() -> None:
    first, second = read_coco(COCO)
    assert (first.name, first.photo_hw, second.marks) == ("000000397133.jpg", (427, 640), ())
    bottle, person = first.marks
    assert (bottle.kind, bottle.polygon[0]) == ("bottle", (224.24, 297.18))
    assert (person.kind, person.box_ltrb, person.polygon) == ("person", (0, 34, 639, 422), ())


def test_label_studio_s_own_example_is_read() -> None:
    (photo,) = read_label_studio(LABEL_STUDIO)
    assert photo.name.endswith("/1.jpg")
    (mark,) = photo.marks
    assert (mark.kind, photo.photo_hw) == ("Moonwalker", (403, 600))
    assert mark.box_ltrb == pytest.approx((304.8, 23.6553, 379.2, 65.8047), abs=1e-3)


@pytest.mark.parametrize(
    "yaml",
    [
        "path: ../coco8\ntrain: images/train\n\n# Classes\nnames:\n  0: person\n  1: bicycle # 2 wheels\n",
        "nc: 2\nnames: ['person', \"bicycle\"]\n",
        "names:\n- person\n- bicycle\nnc: 2\n",
    ],
)
def test_yolo_s_own_examples_are_read(yaml: str, tmp_path: Path) -> None:
    """https://docs.ultralytics.com/datasets/detect/ and the three ways of writing names."""
    (tmp_path / "labels").mkdir()
    (tmp_path / "data.yaml").write_text(yaml)
    (tmp_path / "labels" / "bus.txt").write_text("0 0.48 0.63 0.69 0.71\n1 0.5 0.25 0.75 0.25 0.75 0.5\n")
    bus, empty = read_yolo(tmp_path, {"bus.jpg": (100, 200), "empty.jpg": (10, 10)})
    assert [mark.kind for mark in bus.marks] == ["person", "bicycle"]
    assert bus.marks[0].box_ltrb == pytest.approx((27, 27.5, 165, 98.5))
    assert bus.marks[1].polygon == ((100, 25), (150, 25), (150, 50))
    assert empty.marks == ()


def test_coco_comes_back_as_it_went() -> None:
    assert read_coco(json.loads(json.dumps(coco_document(PHOTOS)))) == PHOTOS


def test_label_studio_comes_back_as_it_went_and_predictions_do_not() -> None:
    guess = AnnotatedPhoto(name="guess.jpg", marks=(BOX,), photo_hw=(10, 10), seen=False)
    document = json.loads(json.dumps(label_studio_document((*PHOTOS, guess))))
    first, second = read_label_studio(document)
    assert first.name == "/data/local-files/?d=pier 1/wände.jpg"
    assert first.marks[0].box_ltrb == pytest.approx(BOX.box_ltrb)
    assert list(first.marks[1].polygon) == [pytest.approx(xy) for xy in POLYGON.polygon]
    assert second.marks == ()


def test_yolo_comes_back_as_boxes_where_not_all_are_polygons(tmp_path: Path) -> None:
    sizes = {photo.name: photo.photo_hw or (0, 0) for photo in PHOTOS}
    for name, text in yolo_files(PHOTOS).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    first, second = read_yolo(tmp_path, sizes)
    assert [mark.kind for mark in first.marks] == ["crack", "spalling"]
    assert first.marks[0].box_ltrb == pytest.approx(BOX.box_ltrb, abs=1e-4)
    assert first.marks[1].box_ltrb == pytest.approx(POLYGON.box_ltrb, abs=1e-4)
    assert second == PHOTOS[1]


def test_yolo_comes_back_as_polygons_where_all_are(tmp_path: Path) -> None:
    files = yolo_files((AnnotatedPhoto(name="a.jpg", marks=(POLYGON,), photo_hw=(400, 800)),))
    assert files["labels/a.txt"] == "0 0.12500000 0.12500000 0.25000000 0.12500000 0.25000000 0.25000000\n"


def test_a_table_comes_back_as_it_went() -> None:
    out = StringIO()
    write_table(out, PHOTOS)
    back = read_table(out.getvalue().splitlines())
    assert [photo.name for photo in back] == [photo.name for photo in PHOTOS]
    assert [mark.box_ltrb for mark in back[0].marks] == [BOX.box_ltrb, POLYGON.box_ltrb]
    assert back[1].marks == ()


def test_a_table_of_another_tool_s_columns_is_read() -> None:
    (photo,) = read_table(["filename,width,height,class,xmin,ymin,xmax,ymax", "a.jpg,9,9,riss,1,2,3,4"])
    assert photo.marks == (Mark(kind="riss", box_ltrb=(1, 2, 3, 4)),)


def test_a_turned_rectangle_of_label_studio_is_a_polygon() -> None:
    task = json.loads(json.dumps(LABEL_STUDIO))
    task[0]["annotations"][0]["result"][0]["value"] |= {
        "x": 50,
        "y": 50,
        "width": 10,
        "height": 10,
        "rotation": 90,
    }
    corners = read_label_studio(task)[0].marks[0].polygon
    assert corners[1] == pytest.approx((300, 201.5 + 60))
    assert corners[3] == pytest.approx((300 - 40.3, 201.5))
    assert math.dist(corners[0], corners[1]) == pytest.approx(60)


def test_a_task_nobody_annotated_or_that_was_skipped_is_not_an_empty_photo() -> None:
    skipped = {"data": {"image": "b.jpg"}, "annotations": [{"result": [], "was_cancelled": True}]}
    assert read_label_studio([{"data": {"image": "a.jpg"}, "annotations": []}, skipped]) == ()


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"images": [], "categories": []}, "no COCO labels.*annotations"),
        (COCO | {"images": []}, "names image 397133"),
        (
            COCO | {"annotations": [{**COCO["annotations"][0], "segmentation": [[1, 2, 3, 4]]}]},
            "three whole points",
        ),
        (COCO | {"annotations": [{"image_id": 397133, "category_id": 1}]}, "neither box nor polygon"),
    ],
)
def test_damaged_coco_says_what_is_wrong(document: Any, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        read_coco(document)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("7 0.5 0.5 0.1 0.1", "class below 1"),
        ("0 0.5 0.5 0.1", "line 1 is '0 0.5 0.5 0.1'"),
        ("x", "expected a class"),
    ],
)
def test_a_damaged_line_of_yolo_is_named(line: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("crack\n")
    (tmp_path / "a.txt").write_text(line + "\n")
    with pytest.raises(DataError, match=problem):
        read_yolo(tmp_path, {"a.jpg": (10, 10)})


def test_a_table_without_boxes_or_with_half_a_box_is_refused() -> None:
    with pytest.raises(DataError, match="no column left or xmin or x1"):
        read_table(["path,type", "a.jpg,crack"])
    with pytest.raises(DataError, match="row 2 has"):
        read_table(["path,type,left,top,right,bottom", "a.jpg,crack,1,2,3,"])
