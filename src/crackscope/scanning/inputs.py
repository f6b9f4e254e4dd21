"""Which photos and videos a scan works on, in which order."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from crackscope.errors import NoPhotosError, OutputError
from crackscope.images import IMAGE_SUFFIXES
from crackscope.scanning.journal import JOURNAL_NAME

VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".m4v", ".webm"})
SUFFIXES = IMAGE_SUFFIXES | VIDEO_SUFFIXES


def find_photos(inputs: Iterable[Path | str], output: Path) -> list[Path]:
    """Files, folders (recursive) and glob patterns as a list of files without repeats.

    A named file is taken whatever its ending; a missing one stays in the list and becomes an error row. The
    files of a folder come sorted, in any language the same.

    Raises:
        OutputError: The output folder lies inside an input folder: overlays would be scanned as photos.
        NoPhotosError: There is nothing to scan.
    """
    found: dict[Path, None] = {}
    for item in inputs:
        path = Path(item)
        if path.is_dir():
            _refuse_output_inside(path, output)
            found.update(dict.fromkeys(_walk(path)))
        elif not path.exists() and (matches := _matches(str(item))):
            found.update(dict.fromkeys(matches))
        else:
            found[path] = None
    if not found:
        raise NoPhotosError(
            f"no photo in {', '.join(map(str, inputs))}; expected files such as .jpg, .png, .tif"
        )
    return list(found)


def _refuse_output_inside(folder: Path, output: Path) -> None:
    if output.resolve().is_relative_to(folder.resolve()):
        raise OutputError(
            f"the output {output} lies inside the input {folder}: its pictures would be scanned as photos; "
            "choose an output folder elsewhere"
        )


def _matches(pattern: str) -> list[Path]:
    """Files that a pattern names, for shells that leave patterns as they are."""
    # Path.glob takes no absolute pattern.
    names = glob.glob(pattern, recursive=True)  # noqa: PTH207
    return sorted(Path(name) for name in names if Path(name).is_file())


def _walk(folder: Path) -> Iterator[Path]:
    # Links to folders are not followed: they can loop.
    for root, folders, files in os.walk(folder):
        if JOURNAL_NAME in files:
            folders.clear()
            continue
        folders.sort()
        for name in sorted(files):
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield Path(root, name)
