"""Photos with pixel masks, cut into labelled tiles that every other command takes.

A tile is Positive where it holds at least half as many crack pixels as it is wide: a line of two pixels that
crosses a quarter of it. It is Negative where neither it nor a margin of `MARGIN_PX` around it has a crack
pixel. What lies between is ambiguous and left out.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.dataset.annotations.masks import crack_mask
from crackscope.dataset.annotations.read import LabelledFile, crack_kinds, read_labels
from crackscope.dataset.groups import shot_name
from crackscope.dataset.manifest import write_manifest
from crackscope.dataset.records import Manifest, ManifestRow, Part
from crackscope.errors import DataError, NoPhotosError, OutputError, UnreadablePhotoError
from crackscope.images import IMAGE_SUFFIXES, read_photo
from crackscope.labels import Label
from crackscope.storage import atomic_folder, sha256_file
from crackscope.table_text import spreadsheet_row

#: A crack's pixels reach a little beyond where an annotator drew it.
MARGIN_PX = 4

MANIFEST_NAME = "manifest.csv"
TABLE_NAME = "tiles.csv"

#: Folders of Negative tiles: with formwork planking (or another look-alike that the masks mark), and without.
PLANKING, PLAIN = "planking", "plain"

#: Pixels (H, W, 3) and mask (H, W) of a photo, both uint8.
_Read = Callable[[], tuple[NDArray[np.uint8], NDArray[np.uint8]]]

_COLUMNS = ("path", "label", "photo", "left", "top", "crack_pixels", "planking_pixels")


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRule:
    """How tiles are cut and labelled.

    Attributes:
        tile_px: Side of a tile; what is left at the right and the bottom of a photo is not used.
        crack_value: Of crack pixels in the masks.
        planking_value: Of look-alikes; ``None`` where the masks mark none.
    """

    tile_px: int = 128
    crack_value: int = 255
    planking_value: int | None = 204

    @property
    def enough_pixels(self) -> int:
        """From so many pixels of a kind on, a tile shows it."""
        return max(1, self.tile_px // 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A labelled tile; ``label`` is ``None`` where it is ambiguous."""

    left: int
    top: int
    label: Label | None
    crack_pixels: int
    planking_pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TileCounts:
    """What was written and what was left out."""

    photos: int
    positive: int
    negative_plain: int
    negative_planking: int
    ambiguous: int


def write_tiles(
    images: Path,
    masks: Path,
    output: Path,
    *,
    rule: TileRule | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> TileCounts:
    """Cut photos into ``Positive/``, ``Negative/plain/`` and ``Negative/planking/``, with a manifest.

    Photos and masks belong together by file name without its ending. The manifest groups tiles by photo
    (parts of one shot, named as DSC00552 and DSC00552b, are one) and puts all of them into the test part;
    ``tiles.csv`` has the pixel counts behind each label.

    Args:
        images: Folder of photos.
        masks: Folder of masks of the same sizes; the first channel counts.
        output: New or empty.
        rule: Size and values.
        progress: Told (photos, photos in all).

    Raises:
        NoPhotosError: No photo has a mask.
        DataError: A photo lacks its mask, or the two differ in size.
        OutputError: The folder is not empty or can't be written to.
    """
    pairs = _pairs(images, masks)
    sources = [(image, partial(_read, image, mask)) for image, mask in pairs]
    return _write(sources, images, output, rule or TileRule(), progress)


def write_labelled_tiles(
    images: Path,
    labels: Path,
    output: Path,
    *,
    rule: TileRule | None = None,
    crack_classes: Sequence[str] = (),
    progress: Callable[[int, int | None], None] | None = None,
) -> TileCounts:
    """The same from labels of another tool: what lies in a box or polygon of a crack counts as crack pixels.

    A box around a slanted crack holds sound concrete too, and tiles there are called Positive; polygons and
    masks say better where a crack is. Marks of other classes count as sound.

    Args:
        images: Folder of photos, searched to any depth.
        labels: See `annotations.read.read_labels`.
        output: New or empty.
        rule: Size of the tiles.
        crack_classes: Classes that mean a crack; by default those whose names say so.
        progress: Told (photos, photos in all).

    Raises:
        DataError: The labels can't be read, or a photo they name is not there.
        OutputError: The folder is not empty or can't be written to.
    """
    rule = rule or TileRule()
    labelled = read_labels(labels, images)
    kinds = crack_kinds([each.annotated for each in labelled], crack_classes)
    names = _different_names([each.file for each in labelled], images)
    reads = [partial(_read_marked, each, kinds, rule.crack_value) for each in labelled]
    sources = list(zip(names, reads, strict=True))
    return _write(sources, images, output, rule, progress)


def _write(
    sources: Sequence[tuple[Path, _Read]],
    images: Path,
    output: Path,
    rule: TileRule,
    progress: Callable[[int, int | None], None] | None,
) -> TileCounts:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError(f"{output} is not an empty folder; name another")
    rows: list[ManifestRow] = []
    table: list[tuple[str | int, ...]] = []
    ambiguous = 0
    with atomic_folder(output) as folder:
        for done, (image, read) in enumerate(sources, start=1):
            pixels, values = read()
            for tile in label_tiles(values, rule):
                if tile.label is None:
                    ambiguous += 1
                    continue
                path = _save(pixels, tile, image.stem, folder, rule)
                rows.append(
                    ManifestRow(
                        path=path,
                        label=tile.label,
                        group=shot_name(image.stem),
                        part=Part.TEST,
                        sha256=sha256_file(folder / path),
                    )
                )
                table.append(
                    (
                        path,
                        tile.label,
                        image.name,
                        tile.left,
                        tile.top,
                        tile.crack_pixels,
                        tile.planking_pixels,
                    )
                )
            if progress is not None:
                progress(done, len(sources))
        if not rows:
            raise DataError(
                f"no photo in {images} holds a tile of {rule.tile_px} pixels; choose another size"
            )
        write_manifest(folder / MANIFEST_NAME, Manifest(root=folder, rows=tuple(rows)))
        _write_table(folder / TABLE_NAME, table)
    return _count(rows, len(sources), ambiguous)


def label_tiles(mask_hw: NDArray[np.uint8], rule: TileRule) -> list[Tile]:
    """Every whole tile of a mask, row by row."""
    side = rule.tile_px
    crack = mask_hw == rule.crack_value
    planking = np.zeros_like(crack) if rule.planking_value is None else mask_hw == rule.planking_value
    height, width = mask_hw.shape
    tiles = []
    for top in range(0, height - side + 1, side):
        for left in range(0, width - side + 1, side):
            inside = np.s_[top : top + side, left : left + side]
            around = np.s_[
                max(0, top - MARGIN_PX) : top + side + MARGIN_PX,
                max(0, left - MARGIN_PX) : left + side + MARGIN_PX,
            ]
            count = int(crack[inside].sum())
            label = Label.POSITIVE if count >= rule.enough_pixels else None
            if not crack[around].any():
                label = Label.NEGATIVE
            tiles.append(
                Tile(
                    left=left,
                    top=top,
                    label=label,
                    crack_pixels=count,
                    planking_pixels=int(planking[inside].sum()),
                )
            )
    return tiles


def _pairs(images: Path, masks: Path) -> list[tuple[Path, Path]]:
    photos, by_stem = _files(images), {path.stem: path for path in _files(masks)}
    if not photos:
        raise NoPhotosError(f"no image in {images}; expected photos, and their masks in {masks}")
    if missing := [path.name for path in photos if path.stem not in by_stem]:
        raise DataError(
            f"{len(missing)} of {len(photos)} photos have no mask of the same name in {masks}, the first: "
            f"{missing[0]}"
        )
    return [(path, by_stem[path.stem]) for path in photos]


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise NoPhotosError(f"there is no folder {folder}")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def _read(image: Path, mask: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pixels = read_photo(image).pixels_hwc
    try:
        # Not `read_photo`: values must not pass through colour conversion or a transparent background.
        with Image.open(mask) as opened:
            values: NDArray[np.uint8] = np.asarray(opened)
    except OSError as error:
        raise UnreadablePhotoError(f"{mask}: {error}") from error
    values = values if values.ndim == 2 else values[..., 0]
    if values.shape != pixels.shape[:2]:
        raise DataError(f"{image.name} is {pixels.shape[:2]} pixels high and wide, its mask {values.shape}")
    return pixels, values.astype(np.uint8)


def _different_names(files: Sequence[Path], root: Path) -> list[Path]:
    """What photos are called; with their folders' names where two are called the same."""
    stems = Counter(file.stem for file in files)
    return [
        Path(file.name) if stems[file.stem] == 1 else Path("-".join(file.relative_to(root).parts))
        for file in files
    ]


def _read_marked(
    labelled: LabelledFile, kinds: frozenset[str], value: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pixels = read_photo(labelled.file).pixels_hwc
    return pixels, crack_mask(labelled.annotated, pixels.shape[:2], kinds, value)


def _save(pixels_hwc: NDArray[np.uint8], tile: Tile, stem: str, folder: Path, rule: TileRule) -> str:
    place = str(tile.label)
    if tile.label is Label.NEGATIVE:
        place += f"/{PLANKING if tile.planking_pixels >= rule.enough_pixels else PLAIN}"
    side = rule.tile_px
    # The grouping `auto` reads photo, row and column from such a name.
    path = f"{place}/{stem}_{tile.top // side}_{tile.left // side}.png"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels_hwc[tile.top : tile.top + side, tile.left : tile.left + side]).save(folder / path)
    return path


def _write_table(target: Path, table: Sequence[tuple[str | int, ...]]) -> None:
    rows = sorted(table, key=lambda row: str(row[0]))
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(spreadsheet_row(dict(zip(_COLUMNS, row, strict=True))) for row in rows)


def _count(rows: Sequence[ManifestRow], photos: int, ambiguous: int) -> TileCounts:
    places = [row.path.split("/")[:-1] for row in rows]
    return TileCounts(
        photos=photos,
        positive=sum(place[0] == Label.POSITIVE for place in places),
        negative_plain=sum(place[-1] == PLAIN for place in places),
        negative_planking=sum(place[-1] == PLANKING for place in places),
        ambiguous=ambiguous,
    )
