"""Only what people decided becomes a label, and what is left out is named with the reason."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from crackscope.errors import DataError
from crackscope.exporting.forms import LabelForm
from crackscope.exporting.labels import write_labels
from crackscope.exporting.records import ExportedPhoto, places_of
from crackscope.inspection.findings import Finding
from crackscope.inspection.records import Act
from crackscope.labels import Label
from tests.unit.exporting.conftest import POLYGON, WALL, act, finding

FIRST, SECOND = (region.box_ltrb for region in WALL.regions)


def photo(number: int, *acts: Act, name: str = "", findings: tuple[Finding, ...] = ()) -> ExportedPhoto:
    entry = replace(WALL, number=number, name=name or f"{number}.jpg", acts=acts, findings=findings)
    return ExportedPhoto(entry=entry, places=places_of(entry))


SETTLED = photo(1, act(1, Label.POSITIVE, FIRST), act(2, Label.NEGATIVE, SECOND))
SOUND = photo(2, act(1, Label.NEGATIVE))
REJECTED = (act(1, Label.NEGATIVE, FIRST), act(2, Label.NEGATIVE, SECOND))
STATED = photo(3, *REJECTED, act(3, Label.POSITIVE), findings=(finding(POLYGON),))
UNSEEN = photo(4)
HALF = photo(5, act(1, Label.POSITIVE, FIRST))
NOWHERE = photo(6, *REJECTED, act(3, Label.POSITIVE))
OPEN = photo(7, *REJECTED)
ALL = (SETTLED, SOUND, STATED, UNSEEN, HALF, NOWHERE, OPEN)


def coco(path: Path) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(path.read_text())
    return found


def test_photos_that_are_not_settled_are_left_out_with_the_reason(tmp_path: Path) -> None:
    counts = write_labels(tmp_path / "o.json", LabelForm.COCO, ALL)
    assert (counts.photos, counts.marks) == (3, 2)
    assert dict(counts.left_out) == {
        "4.jpg": "nobody has reviewed it",
        "5.jpg": "nobody has decided on region 2",
        "6.jpg": "Positive, and nobody has said where",
        "7.jpg": "every region was rejected, and nobody said what the photo is",
    }
    labels = coco(tmp_path / "o.json")
    assert [image["file_name"] for image in labels["images"]] == ["1.jpg", "2.jpg", "3.jpg"]
    assert [(mark["image_id"], mark["bbox"]) for mark in labels["annotations"]] == [
        (1, [10, 20, 100, 50]),
        (3, [10, 10, 50, 80]),
    ]
    assert labels["annotations"][1]["segmentation"] == [[10, 10, 60, 10, 60, 90]]
    assert [kind["name"] for kind in labels["categories"]] == ["crack", "spalling"]


def test_the_model_s_regions_come_along_only_when_asked_for_and_with_scores(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no photo is labelled \(4\.jpg: nobody has reviewed it\)"):
        write_labels(tmp_path / "o.json", LabelForm.COCO, (UNSEEN,))
    write_labels(tmp_path / "o.json", LabelForm.COCO, (UNSEEN, SETTLED), unreviewed=True)
    assert [mark.get("score") for mark in coco(tmp_path / "o.json")["annotations"]] == [0.9, 0.7, None]


def test_label_studio_gets_guesses_as_predictions_and_never_as_annotations(tmp_path: Path) -> None:
    blank = replace(UNSEEN, places=(), entry=replace(UNSEEN.entry, label=Label.NEGATIVE, regions=()))
    write_labels(tmp_path / "o.json", LabelForm.LABEL_STUDIO, (UNSEEN, blank, SOUND, HALF), unreviewed=True)
    unseen, empty, sound, half = json.loads((tmp_path / "o.json").read_text())
    assert [len(each["result"]) for each in unseen["predictions"]] == [2]
    assert "annotations" not in unseen
    assert "annotations" not in empty
    assert sound["annotations"] == [{"result": []}]
    assert "annotations" not in half
    assert half["predictions"][0]["score"] == 0.7


def test_two_photos_of_one_name_keep_two_files(tmp_path: Path) -> None:
    same = [photo(number, act(1, Label.NEGATIVE), name="pier/a.jpg") for number in (1, 2)]
    write_labels(tmp_path / "o.zip", LabelForm.YOLO, [*same, photo(3, act(1, Label.NEGATIVE), name="b.jpg")])
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        names = [name for name in archive.namelist() if name.startswith("labels/")]
    assert names == ["labels/pier/1-a.txt", "labels/pier/2-a.txt", "labels/b.txt"]
