"""``index.html``: both dates over one another with a swipe; one file that opens without a server."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from crackscope.inspection.changes import REASONS, ChangeKind, Comparison, PhotoChange
from crackscope.storage import atomic_path

INDEX_HTML = "index.html"
#: Pairs on the page, at most; the tables have all of them.
SHOWN = 150
_TEMPLATE = Path(__file__).with_name("sheet.html")
_CHANGED = (ChangeKind.NEW, ChangeKind.GROWN, ChangeKind.GONE)


def write_sheet(folder: Path, comparison: Comparison) -> int:
    """Write the page beside its pictures and say how many pairs are on it; changed ones come first.

    Raises:
        OutputError: It can't be written.
    """
    before, after = _TEMPLATE.read_text(encoding="utf-8").split("/*COMPARISON*/")
    pairs = sorted((photo for photo in comparison.photos if photo.registration), key=_rank)[:SHOWN]
    head = {
        "earlier": comparison.earlier,
        "later": comparison.later,
        "model": comparison.model_name,
        "counts": {str(kind): comparison.count(kind) for kind in ChangeKind},
        "reasons": REASONS,
        "left_out": [_named(photo) for photo in comparison.photos if photo.reason],
        "not_shown": sum(photo.registration is not None for photo in comparison.photos) - len(pairs),
    }
    with (
        atomic_path(folder / INDEX_HTML) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        stream.write(before)
        stream.write(f'{{"head": {_json(head)}, "pairs": [')
        for index, pair in enumerate(islice(_pairs(folder, pairs), SHOWN)):
            stream.write(("," if index else "") + _json(pair))
        stream.write("]}")
        stream.write(after)
    return len(pairs)


def _rank(photo: PhotoChange) -> tuple[int, str]:
    return -sum(photo.count(kind) for kind in _CHANGED), photo.later or ""


def _named(photo: PhotoChange) -> dict[str, str | None]:
    return {"earlier": photo.earlier, "later": photo.later, "reason": photo.reason, "detail": photo.detail}


def _pairs(folder: Path, photos: list[PhotoChange]) -> Iterator[dict[str, Any]]:
    for photo in photos:
        assert photo.registration is not None
        assert photo.photo_hw is not None
        yield {
            "earlier": photo.earlier,
            "later": photo.later,
            "by": str(photo.paired_by),
            "size": [photo.photo_hw[1], photo.photo_hw[0]],
            "fit": {
                "error": photo.registration.error_px,
                "overlap": photo.registration.overlap,
                "tolerance": photo.tolerance_px,
            },
            "pictures": [_data_uri(folder, name) for name in (photo.earlier_picture, photo.later_picture)],
            "regions": [
                {
                    "number": region.number,
                    "kind": str(region.kind),
                    "box": list(region.box_ltrb),
                    "score": region.score,
                    "grown_px": region.grown_px,
                    "grown_mm": None if photo.mm_per_px is None else region.grown_px * photo.mm_per_px,
                    "reason": region.reason,
                }
                for region in photo.regions
            ],
        }


def _json(value: Any) -> str:
    # A file's name can't end the script that it stands in.
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _data_uri(folder: Path, name: str | None) -> str | None:
    if name is None or not (folder / name).is_file():
        return None
    return f"data:image/jpeg;base64,{base64.b64encode((folder / name).read_bytes()).decode()}"
