"""YOLO's text files: https://docs.ultralytics.com/datasets/detect/ (boxes), /segment/ (polygons)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from crackscope.dataset.annotations.records import AnnotatedPhoto, Mark, kinds_of, polygon_mark
from crackscope.errors import DataError

CLASSES, DATA_YAML, LABELS = "classes.txt", "data.yaml", "labels"
#: What data sets call the file, most usual first.
_YAMLS = (DATA_YAML, "dataset.yaml", "data.yml")
_NOT_LABELS = frozenset((CLASSES, "train.txt", "val.txt", "test.txt", "images.txt", "notes.txt"))


def is_yolo(folder: Path) -> bool:
    """Whether a folder has label files of YOLO in it."""
    return folder.is_dir() and next(_label_files(folder), None) is not None


def read_yolo(folder: Path, sizes: Mapping[str, tuple[int, int]]) -> tuple[AnnotatedPhoto, ...]:
    """Labels of all photos that there are; one without a file is background, by YOLO's own rule.

    Args:
        folder: Holds ``labels/`` or the text files themselves, and ``classes.txt`` or ``data.yaml``.
        sizes: Height and width of every photo, by its path below the folder of photos.

    Raises:
        DataError: There are no class names, a line is none, or no photo has a file.
    """
    names = _class_names(folder)
    root = folder / LABELS if (folder / LABELS).is_dir() else folder
    files = {path.relative_to(root).with_suffix("").as_posix(): path for path in _label_files(folder)}
    photos, used = [], set()
    for name, photo_hw in sizes.items():
        stem = PurePosixPath(name).with_suffix("").as_posix()
        file = files.get(stem)
        used.add(stem)
        marks = () if file is None else tuple(_marks(file, names, photo_hw))
        photos.append(AnnotatedPhoto(name=name, marks=marks, photo_hw=photo_hw))
    if not used & files.keys():
        raise DataError(f"none of the {len(files)} label files below {root} is named like a photo")
    return tuple(photos)


def yolo_files(photos: tuple[AnnotatedPhoto, ...]) -> dict[str, str]:
    """Texts by their path below a folder; every photo must have its size.

    A polygon makes a line of YOLO's segmentation format where all marks have one; else all are boxes,
    because its programs do not take both in one data set.
    """
    kinds = kinds_of(photos)
    polygons = all(mark.polygon for photo in photos for mark in photo.marks)
    files = {CLASSES: "".join(f"{kind}\n" for kind in kinds), DATA_YAML: _yaml(kinds)}
    for photo in photos:
        path = PurePosixPath(LABELS, PurePosixPath(photo.name).with_suffix(".txt"))
        lines = (_line(mark, kinds, photo.photo_hw or (1, 1), polygons) for mark in photo.marks)
        files[path.as_posix()] = "".join(lines)
    return files


def _label_files(folder: Path) -> Iterator[Path]:
    root = folder / LABELS if (folder / LABELS).is_dir() else folder
    return (path for path in sorted(root.rglob("*.txt")) if path.name not in _NOT_LABELS)


def _class_names(folder: Path) -> list[str]:
    for place in (folder, folder.parent):
        if (place / CLASSES).is_file():
            return _text(place / CLASSES).splitlines()
        for name in _YAMLS:
            if (place / name).is_file():
                return _yaml_names(_text(place / name), place / name)
    raise DataError(f"{folder} has no {CLASSES} and no {DATA_YAML}: nothing names its classes")


def _yaml_names(text: str, path: Path) -> list[str]:
    """The list ``names`` in the three ways in which such files write it."""
    inline = re.search(r"^names:\s*\[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    if inline is not None:
        return [_unquoted(name) for name in inline[1].split(",") if name.strip()]
    block = re.search(
        r"^names:[^\n]*\n((?:[ \t]*(?:-|\d+:)[^\n]*\n?|[ \t]*(?:#[^\n]*)?\n)+)", text, re.MULTILINE
    )
    found = (
        []
        if block is None
        else re.findall(r"^[ \t]*(?:-|\d+:)[ \t]*([^\n]+?)[ \t]*$", block[1], re.MULTILINE)
    )
    if not found:
        raise DataError(f"{path} has no list of names")
    return [_unquoted(re.sub(r"\s+#.*", "", name)) for name in found]


def _unquoted(name: str) -> str:
    return name.strip().strip("'\"")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8: {error.reason}") from error


def _class(names: list[str], number: int) -> str:
    if number < 0:
        raise IndexError("no class")
    return names[number]


def _marks(file: Path, names: list[str], photo_hw: tuple[int, int]) -> Iterator[Mark]:
    for number, line in enumerate(_text(file).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            kind, *values = line.split()
            name, numbers = _class(names, int(kind)), [float(value) for value in values]
            yield _mark(name, numbers, photo_hw)
        except (ValueError, IndexError) as error:
            raise DataError(
                f"{file}, line {number} is {line[:60]!r}; expected a class below {len(names)}, then x, y, "
                "width and height, or the corners of a polygon, all as shares of the photo"
            ) from error


def _mark(kind: str, numbers: list[float], photo_hw: tuple[int, int]) -> Mark:
    height, width = photo_hw
    if len(numbers) == 4:
        x, y, wide, high = numbers
        box = (x - wide / 2) * width, (y - high / 2) * height, (x + wide / 2) * width, (y + high / 2) * height
        return Mark(kind=kind, box_ltrb=box)
    if len(numbers) < 6 or len(numbers) % 2:
        raise ValueError("no polygon")
    corners = zip(numbers[::2], numbers[1::2], strict=True)
    return polygon_mark(kind, tuple((x * width, y * height) for x, y in corners))


def _line(mark: Mark, kinds: list[str], photo_hw: tuple[int, int], polygons: bool) -> str:
    height, width = photo_hw
    left, top, right, bottom = mark.box_ltrb
    values = [(left + right) / 2 / width, (top + bottom) / 2 / height]
    values += [(right - left) / width, (bottom - top) / height]
    if polygons:
        values = [share for x, y in mark.polygon for share in (x / width, y / height)]
    return " ".join([str(kinds.index(mark.kind)), *(f"{value:.8f}" for value in values)]) + "\n"


def _yaml(kinds: list[str]) -> str:
    names = "".join(f"  {number}: {kind}\n" for number, kind in enumerate(kinds))
    return f"path: .\ntrain: images\nval: images\nnames:\n{names}"
