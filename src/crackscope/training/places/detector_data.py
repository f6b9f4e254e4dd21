"""What the shipped detector is taught with, by role, with a fifth of all materials kept back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crackscope.training.batches import PhotoSet
from crackscope.training.patches import read_pixels
from crackscope.training.places.sources import CropSource, Role, hold_out

#: Colour maps that cracks are painted on; the rest is masonry, tiles, stone.
_CANVAS = re.compile(r"concrete|plaster|beige_wall|asphalt|clay|officeceiling", re.IGNORECASE)

#: Shots of `uav-cc0` that are kept back: the numbers of windows of one shot lie together.
_KEPT_BACK_SLIDES = (range(655, 740), range(899, 980))

_SURFACE_PX, _ROAD_PX, _DRONE_PX = (95.0, 300.0), (140.0, 256.0), (100.0, 260.0)

#: Of labelled patches: share of all crops by source, and the smallest crop to paint on, of the patch's side.
_PATCH_SHARES = {"metu": 0.2, "sdnet2018": 0.15}
_OTHER_PATCHES, _CANVAS_SHARE, _SMALLEST, _SMALLEST_OF = 0.15, 0.11, 0.6, {"metu": 0.66, "sdnet2018": 0.547}

#: A smaller crop of a cracked patch may have left the crack out.
_WHOLE = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Surfaces:
    """Colour maps: what is learned from, and every fifth of each kind to be judged on."""

    canvases: list[Path]
    others: list[Path]
    held_canvases: list[Path]
    held_others: list[Path]


def read_surfaces(folder: Path) -> Surfaces:
    """The full-size maps of `surfaces`, split by material."""
    photos = [
        path
        for maker in ("polyhaven", "ambientcg", "byte-assets")
        for path in _files(folder / maker / "healthy")
    ]
    canvases, held_canvases = hold_out(path for path in photos if _CANVAS.search(path.stem))
    others, held_others = hold_out(path for path in photos if not _CANVAS.search(path.stem))
    return Surfaces(canvases=canvases, others=others, held_canvases=held_canvases, held_others=held_others)


def detector_sources(data: Path, patches: PhotoSet) -> list[CropSource]:
    """All sources with their shares.

    Args:
        data: The folder that holds `surfaces` and `uav-cc0`.
        patches: The training part of METU and SDNET2018.
    """
    surfaces = read_surfaces(data / "surfaces")
    small = _files(data / "surfaces" / "ambientcg-small" / "healthy")
    roads = _files(data / "surfaces" / "dnit-roads" / "healthy")
    things = [path for folder in sorted((data / "caltech101").iterdir()) for path in _files(folder)]
    drone, masks = _drone(data / "uav-cc0", kept_back=False)
    return [
        *patch_sources(patches),
        _source("surfaces", Role.HEALTHY, surfaces.canvases, 0.24, _SURFACE_PX),
        _source("masonry and tiles", Role.OTHER, surfaces.others, 0.06, _SURFACE_PX),
        _source("thumbnails", Role.OTHER, hold_out(small)[0], 0.02, (90.0, 128.0)),
        _source("not concrete", Role.OTHER, hold_out(things)[0], 0.02, (90.0, 200.0)),
        _source("roads", Role.OTHER, hold_out(roads)[0], 0.02, _ROAD_PX),
        CropSource(name="drone", role=Role.MASKED, photos=drone, masks=masks, share=0.07, crop_px=_DRONE_PX),
        _source("drone healthy", Role.HEALTHY, _files(data / "uav-cc0" / "healthy"), 0.04, (90.0, 200.0)),
    ]


def patch_sources(patches: PhotoSet) -> list[CropSource]:
    """Labelled patches: both classes (nearly) whole, and the healthy ones to paint on."""
    found = []
    for name in sorted(set(patches.sources)):
        cracked, healthy = (_of(patches, name, label) for label in (1, 0))
        side_px = float(min(read_pixels((healthy or cracked)[0]).shape[:2]))
        share = _PATCH_SHARES.get(name, _OTHER_PATCHES)
        whole = (_WHOLE * side_px, side_px)
        canvas = (_SMALLEST_OF.get(name, _SMALLEST) * side_px, side_px)
        found += [
            _source(f"{name} cracked", Role.CRACKED, cracked, share / 2, whole),
            _source(f"{name} healthy", Role.OTHER, healthy, share / 2, whole),
            _source(f"{name} canvas", Role.HEALTHY, healthy, _CANVAS_SHARE, canvas),
        ]
    return [source for source in found if source.photos]


def held_back_drone(data: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Photos and masks of the shots of `uav-cc0` that no training sees."""
    return _drone(data / "uav-cc0", kept_back=True)


def _drone(folder: Path, *, kept_back: bool) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    photos = [path for path in _files(folder / "images") if _is_kept_back(path) is kept_back]
    return tuple(photos), tuple(folder / "masks" / f"{path.stem}.png" for path in photos)


def _is_kept_back(path: Path) -> bool:
    number = re.fullmatch(r"slide(\d+)", path.stem)
    return number is not None and any(int(number[1]) in slides for slides in _KEPT_BACK_SLIDES)


def _of(patches: PhotoSet, source: str, label: int) -> list[Path]:
    return [
        path
        for path, of, known in zip(patches.paths, patches.sources, patches.labels, strict=True)
        if of == source and known == label
    ]


def _source(
    name: str, role: Role, photos: Sequence[Path], share: float, crop_px: tuple[float, float]
) -> CropSource:
    return CropSource(name=name, role=role, photos=tuple(photos), share=share, crop_px=crop_px)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
