"""``comparison.json``: two inspections compared, as JSON and back."""

from __future__ import annotations

import math
import re
from pathlib import Path

import msgspec

from crackscope.errors import DataError
from crackscope.inspection.changes import REASONS, Comparison, PhotoChange
from crackscope.storage import read_versioned_json, write_json

COMPARISON_JSON = "comparison.json"
COMPARISON_VERSION = 1
#: Folder of the pictures, below the results.
PAIRS = "pairs"
_PICTURE = re.compile(rf"{PAIRS}/[\w.-]+\.jpg")


def write_comparison(folder: Path, comparison: Comparison, crackscope_version: str) -> None:
    """Write ``comparison.json`` into a folder, atomically.

    Raises:
        OutputError: It can't be written.
    """
    document = {
        "schema_version": COMPARISON_VERSION,
        "crackscope_version": crackscope_version,
        **msgspec.to_builtins(comparison),
    }
    write_json(folder / COMPARISON_JSON, document)


def read_comparison(folder: Path) -> Comparison:
    """The comparison as it was written.

    Raises:
        DataError: It is not there, damaged, or of another version.
    """
    path = folder / COMPARISON_JSON if folder.is_dir() else folder
    document = read_versioned_json(
        path,
        COMPARISON_VERSION,
        error=DataError,
        expected="the results of `crackscope compare-inspections`",
        if_damaged="compare the inspections again",
    )
    try:
        comparison = msgspec.convert(document, Comparison)
        for photo in comparison.photos:
            _check(photo)
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}; compare the inspections again") from error
    return comparison


def _check(photo: PhotoChange) -> None:
    """What no annotation says: without it a report would stop, or show another file of this disk."""
    name = photo.later or photo.earlier
    unknown = {photo.reason, *(region.reason for region in photo.regions)} - {"", *REASONS}
    if unknown:
        raise ValueError(f"{name} has the reason {min(unknown)!r}")
    if photo.regions and (photo.photo_hw is None or min(photo.photo_hw) < 1):
        raise ValueError(f"{name} has regions and no size")
    if photo.mm_per_px is not None and not 0 < photo.mm_per_px < math.inf:
        raise ValueError(f"{name} has {photo.mm_per_px} millimetres per pixel")
    for picture in (photo.earlier_picture, photo.later_picture):
        if picture is not None and not _PICTURE.fullmatch(picture):
            raise ValueError(f"the picture {picture!r} is not in the folder {PAIRS}")
