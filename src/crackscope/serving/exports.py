"""Reviews as a data set: tiles in ``Positive/`` and ``Negative/`` that `discover` takes as they are.

Only places that a person decided on are called cracked: a confirmed region, a drawn box. A photo as a whole
that is Negative gives tiles from all over it, the ones the model was least sure of first; one that is
Positive says that there is a crack, not where, so it is a tile only where it is hardly larger than one. Else
it is listed in ``not_exported.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope.dataset.manifest import write_manifest
from crackscope.dataset.records import Manifest, ManifestRow, Part
from crackscope.errors import DataError, PhotoError
from crackscope.images import read_photo
from crackscope.inspection.records import Act, BoxLTRB, Verdict
from crackscope.labels import Label
from crackscope.serving.database import DATABASE_NAME, open_database
from crackscope.serving.models import Photo, Project, Result
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.photos import with_result
from crackscope.serving.tiles import TiledPhoto
from crackscope.serving.verdicts import acts_of, verdict_of
from crackscope.storage import sha256_file
from crackscope.table_text import spreadsheet_row

MANIFEST, ORIGIN, NOT_EXPORTED = "manifest.csv", "origin.csv", "not_exported.csv"

_NO_PLACE = "Positive as a whole, but nobody has said where: confirm a region or draw a box"
#: Sound photos have many tiles and say much the same with each.
_MOST_NEGATIVE_TILES = 32
#: Share of photos, in hundredths, up to which each part reaches. By the photo's hash: a photo stays in its
#: part from one export to the next, so that reviews once held back are never trained on.
_PARTS = ((50, Part.TRAIN), (65, Part.VALIDATION), (75, Part.CALIBRATION), (100, Part.TEST))
_ORIGIN_COLUMNS = (
    "path", "photo", "photo_sha256", "left", "top", "right", "bottom", "label", "model_label", "action",
    "who", "when", "note", "model_sha256",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tile:
    label: Label
    box_ltrb: BoxLTRB
    act: Act


@dataclass(frozen=True, slots=True)
class _Reviewed:
    """A photo that somebody decided on, and the tiles that follow."""

    photo: Photo
    result: Result
    tiles: tuple[_Tile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """What an export would hold.

    Attributes:
        positive: Tiles.
        negative: Tiles.
        without_place: Photos (number, name) that are Positive as a whole and nobody has said where.
    """

    positive: int
    negative: int
    without_place: tuple[tuple[int, str], ...]


def export_reviews(session: Session, store: PhotoStore, projects: Sequence[int], folder: Path) -> int:
    """Write the reviewed tiles of some projects below ``folder``; returns how many there are.

    Photos are decoded one at a time.
    """
    rows: list[ManifestRow] = []
    origins: list[list[object]] = []
    left_out: list[list[object]] = []
    for reviewed in _reviewed(session, projects):
        photo, tiles = reviewed.photo, reviewed.tiles
        try:
            written = _write_tiles(store.path(photo.sha256), folder, photo, tiles)
        except PhotoError as error:
            left_out.append([photo.name, str(error)])
            continue
        if not tiles:
            left_out.append([photo.name, _NO_PLACE])
        for path, tile in zip(written, tiles, strict=True):
            rows.append(_manifest_row(path, folder, photo, tile))
            origins.append(_origin(path.relative_to(folder).as_posix(), reviewed, tile))
    if rows:
        write_manifest(folder / MANIFEST, Manifest(root=folder, rows=tuple(rows)))
    _write_csv(folder / ORIGIN, _ORIGIN_COLUMNS, origins)
    _write_csv(folder / NOT_EXPORTED, ("photo", "reason"), left_out)
    return len(rows)


def export_data_dir(
    data_dir: Path, database_url: str | None, projects: Sequence[int] | None, folder: Path
) -> None:
    """Write the reviewed tiles of a server's data folder, whether it runs or not; by default of all projects.

    Raises:
        DataError: There is no such data folder or project, or nothing was reviewed.
        SettingsError: The database can't be opened.
    """
    if database_url is None and not (data_dir / DATABASE_NAME).is_file():
        raise DataError(f"{data_dir} holds no reviews; expected the --data-dir of a `crackscope serve`")
    with open_database(database_url, data_dir)() as session:
        known = list(session.scalars(select(Project.id).order_by(Project.id)))
        if unknown := set(projects or ()) - set(known):
            raise DataError(f"there is no project {min(unknown)}; projects: {', '.join(map(str, known))}")
        if not export_reviews(session, PhotoStore(data_dir / "photos"), projects or known, folder):
            raise DataError("nothing is reviewed yet; confirm, reject or relabel some photos or boxes first")


def plan_export(session: Session, projects: Sequence[int]) -> ExportPlan:
    """Say what an export of these projects would hold; no photo is decoded."""
    reviewed = list(_reviewed(session, projects))
    labels = [tile.label for each in reviewed for tile in each.tiles]
    return ExportPlan(
        positive=labels.count(Label.POSITIVE),
        negative=labels.count(Label.NEGATIVE),
        without_place=tuple((each.photo.id, each.photo.name) for each in reviewed if not each.tiles),
    )


def _reviewed(session: Session, projects: Sequence[int]) -> Iterator[_Reviewed]:
    query = with_result().where(Photo.project_id.in_(projects), Photo.status == "done").order_by(Photo.id)
    for photo, result in session.execute(query):
        acts = [act for act in acts_of(session, [photo.id])[photo.id] if act.decides]
        if result is None or not acts:
            continue
        yield _Reviewed(photo, result, tuple(_tiles(photo, result, acts)))


def _tiles(photo: Photo, result: Result, acts: Sequence[Act]) -> Iterator[_Tile]:
    tiled, verdict = TiledPhoto(photo, result), verdict_of(result, acts)
    own = {act.box_ltrb: act for act in acts if act.box_ltrb is not None}
    for place in verdict.places:
        act = own.get(place.box_ltrb)
        if act is None or act.new_label is not place.label:
            continue
        found = tiled.over(place.box_ltrb)
        if place.label is Label.POSITIVE and len(found) > 1:
            # A long crack does not run through every tile of its box.
            found = _with_crack(tiled, found, result)
        yield from (_Tile(place.label, box, act) for box in found)
    yield from _whole(tiled, verdict)


def _whole(tiled: TiledPhoto, verdict: Verdict) -> Iterator[_Tile]:
    """What a decision on the photo as a whole says of its tiles."""
    act = verdict.act
    if act is None or act.box_ltrb is not None:
        return
    if act.new_label is Label.NEGATIVE:
        unsure = sorted(tiled.all(), key=tiled.score, reverse=True)[:_MOST_NEGATIVE_TILES]
        yield from (_Tile(Label.NEGATIVE, box, act) for box in unsure)
    elif max(tiled.photo_wh) <= 2 * tiled.side_px and len(verdict.cracks) == len(verdict.places):
        yield _Tile(Label.POSITIVE, (0, 0, *tiled.photo_wh), act)


def _with_crack(tiled: TiledPhoto, boxes: list[BoxLTRB], result: Result) -> list[BoxLTRB]:
    """The tiles through which the map sees the crack run; all of them where it points nowhere."""
    return [box for box in boxes if tiled.strongest_cell(box) >= result.threshold] or boxes


def _write_tiles(source: Path, folder: Path, photo: Photo, tiles: Sequence[_Tile]) -> list[Path]:
    if not tiles:
        return []
    pixels_hwc = read_photo(source).pixels_hwc
    paths = []
    for tile in tiles:
        left, top, right, bottom = tile.box_ltrb
        # The review's number too: the same place may have been decided as a box and as part of a photo.
        name = f"photo{photo.id}-review{tile.act.id}-{left}-{top}-{right}-{bottom}.png"
        path = folder / tile.label / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels_hwc[top:bottom, left:right]).save(path)
        paths.append(path)
    return paths


def _manifest_row(path: Path, folder: Path, photo: Photo, tile: _Tile) -> ManifestRow:
    place = int(photo.sha256[:8], 16) % 100
    return ManifestRow(
        path=path.relative_to(folder).as_posix(),
        label=tile.label,
        group=photo.sha256[:16],
        part=next(part for upper, part in _PARTS if place < upper),
        sha256=sha256_file(path),
    )


def _origin(path: str, reviewed: _Reviewed, tile: _Tile) -> list[object]:
    act, photo, result = tile.act, reviewed.photo, reviewed.result
    when = act.when.isoformat(timespec="seconds")
    return [
        path, photo.name, photo.sha256, *tile.box_ltrb, tile.label, result.label, act.action, act.who,
        when, act.note, result.model_sha256,
    ]  # fmt: skip


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(spreadsheet_row(dict(zip(columns, row, strict=True))) for row in rows)
