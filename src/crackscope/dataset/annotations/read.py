"""Read the labels of another tool, and find the photos they are about."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from urllib.parse import unquote

from crackscope.dataset.annotations.coco import read_coco
from crackscope.dataset.annotations.label_studio import read_label_studio
from crackscope.dataset.annotations.records import AnnotatedPhoto, Mark, kinds_of
from crackscope.dataset.annotations.tables import read_table
from crackscope.dataset.annotations.yolo import is_yolo, read_yolo
from crackscope.errors import DataError, NoPhotosError, UnreadablePhotoError
from crackscope.images import IMAGE_SUFFIXES
from crackscope.photos.metadata import read_header
from crackscope.storage import read_json

_LIMIT_PIXELS = 4_000_000_000
#: Label Studio puts it before the name of an uploaded file.
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
#: Class names that mean a crack, where nobody says which do.
_CRACK = re.compile(r"crack|riss|fissur|^positive$", re.IGNORECASE)
#: And those of them that say there is none: uncracked, no_crack, crack-free, ohne Riss.
_NO_CRACK = re.compile(
    r"(?<![a-z])(?:no|non|not|without|kein|keine|ohne|sans)(?![a-z])"
    r"|(?:un|no|non)crack|(?:crack|riss)[ _-]?(?:free|frei)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledFile:
    """A photo with its labels, and where it lies."""

    file: Path
    annotated: AnnotatedPhoto


def is_labels(path: Path) -> bool:
    """Whether a path holds labels of a known format, and no masks."""
    return path.suffix.lower() in (".json", ".csv") or is_yolo(path)


def read_labels(path: Path, photos: Path) -> tuple[LabelledFile, ...]:
    """The photos below a folder that the labels speak of, in the order of the labels.

    Args:
        path: COCO or Label Studio (JSON), a table (CSV), or a folder of YOLO's.
        photos: Folder of the photos, searched to any depth.

    Raises:
        DataError: The labels can't be read, a photo they name is missing, twice there or of another size,
            or a mark lies outside its photo.
        NoPhotosError: The folder has no photo.
    """
    files = _photo_files(photos)
    if path.is_dir():
        sizes = {file.relative_to(photos).as_posix(): _size(file) for file in files}
        found = read_yolo(path, sizes)
    elif path.suffix.lower() == ".csv":
        found = _read_csv(path)
    else:
        found = _read_json(path)
    if not found:
        raise DataError(f"{path} has no labelled photo; what nobody has annotated is not counted")
    lookup = _Lookup(files, photos)
    labelled = [LabelledFile(file=lookup.find(each.name), annotated=each) for each in found]
    _refuse_twice(labelled)
    return tuple(_checked(each) for each in labelled)


def crack_kinds(photos: Sequence[AnnotatedPhoto], chosen: Sequence[str] = ()) -> frozenset[str]:
    """The classes that mean a crack: those chosen, else those whose names say so.

    Raises:
        DataError: A chosen class is not there, or none says it is a crack.
    """
    kinds = kinds_of(tuple(photos))
    listed = ", ".join(kinds) or "none"
    if missing := [kind for kind in chosen if kind not in kinds]:
        raise DataError(f"there is no class {missing[0]!r}; classes: {listed}")
    found = frozenset(chosen or (kind for kind in kinds if _says_crack(kind)))
    if kinds and not found:
        raise DataError(f"no class is called a crack; name those that are one with --crack-class ({listed})")
    return found


def _says_crack(kind: str) -> bool:
    return _CRACK.search(kind) is not None and _NO_CRACK.search(kind) is None


def _refuse_twice(labelled: Sequence[LabelledFile]) -> None:
    """A photo that two entries speak of would be sound by the one where it is cracked by the other."""
    twice = next((file for file, count in Counter(each.file for each in labelled).items() if count > 1), None)
    if twice is not None:
        raise DataError(f"{twice.name} is there twice in the labels; join its entries")


def _photo_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise NoPhotosError(f"there is no folder {folder}")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise NoPhotosError(f"no image in {folder}; expected the photos that the labels are about")
    return files


def _read_csv(path: Path) -> tuple[AnnotatedPhoto, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return read_table(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}") from error


def _read_json(path: Path) -> tuple[AnnotatedPhoto, ...]:
    document = read_json(path, error=DataError, expected="labels of COCO or Label Studio")
    return read_label_studio(document) if isinstance(document, list) else read_coco(document)


class _Lookup:
    """From the name in the labels to the file: by its path, else by the end of it, else by its bare name."""

    def __init__(self, files: Sequence[Path], root: Path) -> None:
        self._root = root
        self._by_name: defaultdict[str, list[Path]] = defaultdict(list)
        for file in files:
            self._by_name[file.name].append(file)

    def find(self, name: str) -> Path:
        told = name.rpartition("?d=")[2]
        best = self._best(told) or self._best(unquote(told))
        if len(best) == 1:
            return best[0]
        problem = f"is there {len(best)} times" if best else "is not there"
        raise DataError(f"the labels speak of {name}, which {problem} below {self._root}")

    def _best(self, name: str) -> list[Path]:
        parts = name.replace("\\", "/").split("/")
        bare = parts[-1]
        found = self._by_name.get(bare) or self._by_name.get(_UPLOADED.sub("", bare), [])
        most = max((_shared_end(file, parts) for file in found), default=0)
        return [file for file in found if _shared_end(file, parts) == most]


def _shared_end(file: Path, parts: Sequence[str]) -> int:
    """How many folders and names are the same, from the end."""
    pairs = zip(reversed(file.parts), reversed(parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _checked(labelled: LabelledFile) -> LabelledFile:
    told, there = labelled.annotated.photo_hw, _size(labelled.file)
    if told is not None and told != there:
        raise DataError(
            f"{labelled.file.name} is {there[1]} x {there[0]} pixels, upright; its labels are for "
            f"{told[1]} x {told[0]}"
        )
    for mark in labelled.annotated.marks:
        if not _lies_in(mark, there):
            raise DataError(
                f"{labelled.file.name} is {there[1]} x {there[0]} pixels; its label {mark.kind!r} with "
                f"the box {', '.join(f'{side:g}' for side in mark.box_ltrb)} is not in it"
            )
    return labelled


def _lies_in(mark: Mark, photo_hw: tuple[int, int]) -> bool:
    """Whether a mark has a place in its photo. Tools round: it may reach out, but not by the whole size."""
    height, width = photo_hw
    left, top, right, bottom = mark.box_ltrb
    # What is no number fails every comparison.
    across = -width <= left <= min(right, width) and 0 <= right <= 2 * width
    down = -height <= top <= min(bottom, height) and 0 <= bottom <= 2 * height
    corners = (-width <= x <= 2 * width and -height <= y <= 2 * height for x, y in mark.polygon)
    return across and down and all(corners)


def _size(file: Path) -> tuple[int, int]:
    header = read_header(file, _LIMIT_PIXELS)
    if header is None:
        raise UnreadablePhotoError(f"{file}: no photo")
    return header.photo_hw
