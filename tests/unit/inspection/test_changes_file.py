"""``comparison.json`` comes back as it was, and one that lies is damaged, in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crackscope.errors import DataError
from crackscope.inspection.changes import ChangeKind, Comparison, PhotoChange, RegionChange
from crackscope.inspection.changes_file import COMPARISON_JSON, read_comparison, write_comparison

REGION = RegionChange(
    number=1, kind=ChangeKind.NEW, box_ltrb=(0, 0, 9, 9), earlier_quad=(), score=0.9, grown_px=9
)
COMPARISON = Comparison(
    earlier="2025",
    later="2026",
    model_name="m",
    model_sha256="0",
    threshold=0.5,
    photos=(
        PhotoChange(
            earlier="a.jpg",
            later="a.jpg",
            photo_hw=(10, 20),
            mm_per_px=0.5,
            regions=(REGION,),
            earlier_picture="pairs/0001-0f-earlier.jpg",
            later_picture="pairs/0001-0f-later.jpg",
        ),
        PhotoChange(earlier=None, later="b.jpg", reason="unpaired"),
    ),
)


def test_a_comparison_comes_back_as_it_was(tmp_path: Path) -> None:
    write_comparison(tmp_path, COMPARISON, "0")
    assert read_comparison(tmp_path) == COMPARISON


@pytest.mark.parametrize(
    ("lie", "problem"),
    [
        ({"photo_hw": None}, "has regions and no size"),
        ({"photo_hw": [0, 20]}, "has regions and no size"),
        ({"mm_per_px": float("inf")}, "inf millimetres per pixel"),
        ({"mm_per_px": -1}, "millimetres per pixel"),
        ({"reason": "zzz"}, "has the reason 'zzz'"),
        ({"later_picture": "../../private.jpg"}, "is not in the folder pairs"),
        ({"earlier_picture": "/home/private.jpg"}, "is not in the folder pairs"),
    ],
)
def test_a_comparison_that_lies_is_damaged(lie: dict[str, Any], problem: str, tmp_path: Path) -> None:
    write_comparison(tmp_path, COMPARISON, "0")
    document = json.loads((tmp_path / COMPARISON_JSON).read_text())
    document["photos"][0] |= lie
    (tmp_path / COMPARISON_JSON).write_text(json.dumps(document))
    with pytest.raises(DataError, match=problem + ".*compare the inspections again"):
        read_comparison(tmp_path)


def test_a_region_s_reason_is_one_of_those_there_are(tmp_path: Path) -> None:
    write_comparison(tmp_path, COMPARISON, "0")
    document = json.loads((tmp_path / COMPARISON_JSON).read_text())
    document["photos"][0]["regions"][0]["reason"] = "zzz"
    (tmp_path / COMPARISON_JSON).write_text(json.dumps(document))
    with pytest.raises(DataError, match="has the reason 'zzz'"):
        read_comparison(tmp_path)
