"""Which photos and videos a scan works on, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from crackscope.images import IMAGE_SUFFIXES
from crackscope.inference.find_photos import Found, find_photos, require_photo
from crackscope.records import Failure
from crackscope.scanning.journal import JOURNAL_NAME
from crackscope.storage import refuse_output_in_data

VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".m4v", ".webm"})


def find_inputs(inputs: Iterable[Path | str], output: Path) -> list[Found]:
    """Files, folders and patterns as a list without repeats; folders that hold results are left out.

    Raises:
        OutputError: The output folder lies inside an input folder: overlays would be scanned as photos.
        NoPhotosError: There is nothing to scan.
    """
    found = chain.from_iterable(find_scannable(str(item), output) for item in inputs)
    return list(dict.fromkeys(require_photo(found)))


def find_scannable(name: str, output: Path | None) -> Iterator[Found]:
    """The photos and videos that a name stands for; folders that hold results are left out.

    Raises:
        OutputError: The output folder lies inside the folder of that name.
    """
    found = find_photos([name], suffixes=IMAGE_SUFFIXES | VIDEO_SUFFIXES)
    if not Path(name).is_dir():
        return found
    if output is not None:
        refuse_output_in_data(output, [name])

    @cache
    def in_results(folder: Path) -> bool:
        return (folder / JOURNAL_NAME).exists() or (folder != Path(name) and in_results(folder.parent))

    return (item for item in found if isinstance(item, Failure) or not in_results(Path(item).parent))
