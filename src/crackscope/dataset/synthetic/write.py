"""A synthetic data set on disk: patches by class, whole photos, masks, and what is in each file."""

from __future__ import annotations

import csv
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from crackscope.dataset.synthetic.cracks import CrackOptions
from crackscope.dataset.synthetic.scenes import Scene, make_patch, make_photo
from crackscope.errors import OutputError
from crackscope.labels import Label
from crackscope.storage import atomic_path, write_text

#: Written last: a folder with this file is complete.
TABLE_NAME = "cracks.csv"

COLUMNS = (
    "file", "label", "mask", "cracks", "kinds", "widths_px", "crack_share", "surface", "distractors", "seed",
)  # fmt: skip

_README = """\
# Synthetic concrete

Every picture below this folder was computed by crackscope; none shows a real structure. Use it to try the
tools and to test them, and never mix it into results that are reported for real photographs.

- `Positive/`, `Negative/`: patches of {patch_px} x {patch_px} pixels, half of them cracked ({patches} in all)
- `masks/`: one PNG per Positive patch, 0 no crack to 255 a pixel that the crack covers wholly
- `photos/`, `photo_masks/`: {photos} whole photos of {width} x {height} pixels; a third has no crack
- `{table}`: file, label, mask, number, kinds and median widths (pixels) of its cracks, the share of the
  picture that they cover, surface, hard negatives, and the seed that makes the file again

Made with `crackscope data synth --patches {patches} --photos {photos} --size {patch_px}
--photo-size {width}x{height} --seed {seed}`.
"""

#: Patches that a process takes at a time; fewer pictures than this are made without a pool.
_CHUNK = 16

_JPEG_QUALITY = 95

#: First part of the spawn key: patches and photos draw from streams of their own.
_PATCHES, _PHOTOS = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPlan:
    """What a synthetic data set holds; the same plan makes the same pictures in any number of processes.

    Attributes:
        patches: Number of patches, alternately Positive and Negative.
        photos: Number of whole photos; every third has no crack.
        seed: Any number from 0 up.
        patch_px: Side of a patch.
        photo_hw: Height and width of a photo.
        cracks: What cracks the patches have; the default is a mix like that of real surveys.
    """

    patches: int = 3000
    photos: int = 6
    seed: int = 0
    patch_px: int = 227
    photo_hw: tuple[int, int] = (3000, 4000)
    cracks: CrackOptions = field(default_factory=CrackOptions)


def write_synthetic_dataset(
    folder: Path,
    plan: SyntheticPlan,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Path:
    """Write the data set that the plan describes.

    Args:
        folder: New or empty.
        plan: What to make.
        jobs: Processes; ``None`` takes one per usable core.
        progress: Told (done, total) after each picture.

    Returns:
        The table of all files, `TABLE_NAME` in the folder.

    Raises:
        OutputError: The folder can't be written to, or is not empty.
    """
    _make_folders(folder, plan)
    total = plan.patches + plan.photos
    rows = []
    for row in _write_pictures(folder, plan, min(jobs or _usable_cores(), max(1, total // _CHUNK))):
        rows.append(row)
        if progress:
            progress(len(rows), total)
    table = folder / TABLE_NAME
    with atomic_path(table) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["file"]))
    return table


def _write_pictures(folder: Path, plan: SyntheticPlan, jobs: int) -> Iterator[dict[str, str]]:
    photo, patch = partial(_write_photo, folder, plan), partial(_write_patch, folder, plan)
    if jobs == 1:
        yield from map(photo, range(plan.photos))
        yield from map(patch, range(plan.patches))
        return
    # Spawned, not forked: the same on every system, and safe in a program with threads.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        photos = pool.map(photo, range(plan.photos))
        patches = pool.map(patch, range(plan.patches), chunksize=_CHUNK)
        yield from photos
        yield from patches


def _write_patch(folder: Path, plan: SyntheticPlan, index: int) -> dict[str, str]:
    label = (Label.POSITIVE, Label.NEGATIVE)[index % 2]
    scene = make_patch(_generator(plan, _PATCHES, index), label, plan.patch_px, plan.cracks)
    name = f"{index // 2 + 1:05d}"
    mask = f"masks/{name}.png" if label is Label.POSITIVE else ""
    return _write_scene(folder, scene, f"{label}/{name}.jpg", mask, f"{plan.seed}/{_PATCHES}/{index}")


def _write_photo(folder: Path, plan: SyntheticPlan, index: int) -> dict[str, str]:
    rng = _generator(plan, _PHOTOS, index)
    cracks = 0 if index % 3 == 2 else int(rng.integers(1, 4))
    scene = make_photo(rng, plan.photo_hw, cracks=cracks)
    name = f"photo_{index + 1:03d}"
    seed = f"{plan.seed}/{_PHOTOS}/{index}"
    return _write_scene(folder, scene, f"photos/{name}.jpg", f"photo_masks/{name}.png", seed)


def _write_scene(folder: Path, scene: Scene, file: str, mask: str, seed: str) -> dict[str, str]:
    try:
        Image.fromarray(scene.pixels_hwc).save(folder / file, quality=_JPEG_QUALITY)
        if mask:
            Image.fromarray(scene.mask_hw).save(folder / mask)
    except OSError as error:
        raise OutputError(f"cannot write {folder / file}: {error.strerror or error}") from error
    return {
        "file": file,
        "label": str(scene.label),
        "mask": mask,
        "cracks": str(len(scene.cracks)),
        "kinds": ";".join(kind for kind, _ in scene.cracks),
        "widths_px": ";".join(f"{width:.2f}" for _, width in scene.cracks),
        "crack_share": f"{scene.mask_hw.mean() / 255:.6f}",
        "surface": str(scene.aggregate),
        "distractors": ";".join(scene.distractors),
        "seed": seed,
    }


def _generator(plan: SyntheticPlan, stream: int, index: int) -> np.random.Generator:
    # What a file holds depends on the seed and its number only, not on how many others there are.
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(plan.seed, spawn_key=(stream, index))))


def _make_folders(folder: Path, plan: SyntheticPlan) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; name a new or empty folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(f"{folder} is not empty; name a new or empty folder")
    names = [*Label, "masks"] if plan.patches else []
    names += ["photos", "photo_masks"] if plan.photos else []
    try:
        for name in names:
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error
    height, width = plan.photo_hw
    write_text(
        folder / "README.md",
        _README.format(
            patches=plan.patches,
            photos=plan.photos,
            patch_px=plan.patch_px,
            width=width,
            height=height,
            seed=plan.seed,
            table=TABLE_NAME,
        ),
    )


def _usable_cores() -> int:
    # A photo takes some 400 MB while it is made.
    return min(8, os.cpu_count() or 1)
