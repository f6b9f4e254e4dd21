"""Reviewed places as labels for other tools: COCO, YOLO, Label Studio and CSV."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PurePosixPath

from crackscope.dataset.annotations.coco import coco_document
from crackscope.dataset.annotations.label_studio import label_studio_document
from crackscope.dataset.annotations.records import AnnotatedPhoto, Mark, polygon_mark
from crackscope.dataset.annotations.tables import write_table
from crackscope.dataset.annotations.yolo import yolo_files
from crackscope.errors import DataError
from crackscope.exporting.forms import LabelForm
from crackscope.exporting.records import ExportedPhoto, ExportedPlace
from crackscope.inspection.findings import ShapeKind
from crackscope.labels import Label
from crackscope.storage import atomic_path


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCounts:
    """What was written: photos, marks on them, and the photos left out with the reason."""

    photos: int
    marks: int
    left_out: tuple[tuple[str, str], ...]


def write_labels(
    target: Path, form: LabelForm, photos: Sequence[ExportedPhoto], *, unreviewed: bool = False
) -> LabelCounts:
    """Write labels, whole or not at all.

    A photo is labelled where a person settled it and every place on it: any other would teach what nobody
    has seen, or that there is nothing where nobody looked.

    Args:
        target: Where to; YOLO's many files are a zip.
        form: The format.
        photos: From a project or a scan's folder.
        unreviewed: Take what the model says, with its scores, where no person has spoken.

    Raises:
        DataError: No photo is left.
        OutputError: The file can't be written.
    """
    chosen, left_out = [], []
    names = _different_names(photos)
    for name, photo in zip(names, photos, strict=True):
        reason = _why_not(photo, unreviewed=unreviewed)
        if reason is None:
            chosen.append(_annotated(name, photo))
        else:
            left_out.append((photo.entry.name, reason))
    if not chosen:
        why = f" ({left_out[0][0]}: {left_out[0][1]})" if left_out else ""
        raise DataError(f"no photo is labelled{why}")
    with atomic_path(target) as temporary:
        _WRITERS[form](temporary, tuple(chosen))
    marks = sum(len(photo.marks) for photo in chosen)
    return LabelCounts(photos=len(chosen), marks=marks, left_out=tuple(left_out))


def _why_not(photo: ExportedPhoto, *, unreviewed: bool) -> str | None:
    """Why a photo gives no labels; ``None`` where it does."""
    entry = photo.entry
    if entry.label is None or entry.photo_hw is None:
        return f"not scanned: {entry.error}"
    if entry.verdict.question is not None:
        return "every region was rejected, and nobody said what the photo is"
    if entry.final_label is Label.POSITIVE and not photo.places:
        return "Positive, and nobody has said where"
    if unreviewed:
        return None
    if not _settled(photo):
        return "nobody has reviewed it"
    unseen = [place.name for place in photo.places if not place.seen]
    return f"nobody has decided on region {', '.join(unseen)}" if unseen else None


def _annotated(name: str, photo: ExportedPhoto) -> AnnotatedPhoto:
    assert photo.entry.photo_hw is not None
    return AnnotatedPhoto(
        name=name,
        marks=tuple(map(_mark, photo.places)),
        photo_hw=photo.entry.photo_hw,
        seen=_settled(photo) and all(place.seen for place in photo.places),
    )


def _settled(photo: ExportedPhoto) -> bool:
    return photo.entry.decision is not None or any(place.finding for place in photo.places)


def _mark(place: ExportedPlace) -> Mark:
    score = place.region.score if place.region is not None and not place.seen else None
    shape = place.shape
    if shape.kind is ShapeKind.POLYGON:
        return polygon_mark(str(place.kind), tuple((float(x), float(y)) for x, y in shape.points_xy), score)
    left, top, right, bottom = map(float, shape.box_ltrb)
    return Mark(kind=str(place.kind), box_ltrb=(left, top, right, bottom), score=score)


def _different_names(photos: Sequence[ExportedPhoto]) -> list[str]:
    """The photos' names; with their number in front where a name is there twice."""
    paths = [PurePosixPath(photo.entry.name) for photo in photos]
    stems = Counter(path.with_suffix("") for path in paths)
    return [
        str(path if stems[path.with_suffix("")] == 1 else path.with_name(f"{photo.entry.number}-{path.name}"))
        for path, photo in zip(paths, photos, strict=True)
    ]


def _write_coco(target: Path, photos: tuple[AnnotatedPhoto, ...]) -> None:
    _write_json(target, coco_document(photos))


def _write_label_studio(target: Path, photos: tuple[AnnotatedPhoto, ...]) -> None:
    _write_json(target, label_studio_document(photos))


def _write_json(target: Path, document: object) -> None:
    target.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _write_yolo(target: Path, photos: tuple[AnnotatedPhoto, ...]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in yolo_files(photos).items():
            archive.writestr(name, text)


def _write_csv(target: Path, photos: tuple[AnnotatedPhoto, ...]) -> None:
    out = StringIO()
    write_table(out, photos)
    target.write_text(out.getvalue(), encoding="utf-8", newline="")


_WRITERS: dict[LabelForm, Callable[[Path, tuple[AnnotatedPhoto, ...]], None]] = {
    LabelForm.COCO: _write_coco,
    LabelForm.YOLO: _write_yolo,
    LabelForm.LABEL_STUDIO: _write_label_studio,
    LabelForm.CSV: _write_csv,
}
