"""``manifest.csv``: which photo is in which part, by group. Written once, checked whenever it is read."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path, PurePath, PurePosixPath

from crackscope.dataset.records import Manifest, ManifestRow, Part
from crackscope.errors import DataError
from crackscope.labels import Label
from crackscope.storage import atomic_path
from crackscope.table_text import spreadsheet_row, text_of_cell

_COLUMNS = [field.name for field in fields(ManifestRow)]
_SHA256 = re.compile(r"[0-9a-f]{64}")


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write the rows in path order as UTF-8 CSV with LF, atomically; ``root`` is not written."""
    rows = sorted(manifest.rows, key=lambda row: row.path)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(spreadsheet_row({name: getattr(row, name) for name in _COLUMNS}) for row in rows)


def read_manifest(path: Path, *, root: Path) -> Manifest:
    """Read a manifest of photos below ``root``.

    Raises:
        DataError: The file is missing, is no manifest, or contradicts itself: an unknown column, label or
            part, a path twice, a path that leaves ``root``, or a group in two parts. The line is named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = tuple(_read_rows(stream, path))
    except OSError as error:
        raise DataError(f"cannot read the manifest {path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a manifest: {error}") from error
    if not rows:
        raise DataError(f"the manifest {path} has no rows; make one with `crackscope data split`")
    _check_consistent(rows, path)
    return Manifest(root=root, rows=tuple(sorted(rows, key=lambda row: row.path)))


def _read_rows(stream: Iterator[str], path: Path) -> Iterator[ManifestRow]:
    reader = csv.reader(stream)
    header = next(reader, [])
    if header != _COLUMNS:
        raise DataError(f"{path} has columns {header}; expected {_COLUMNS}")
    for cells in reader:
        where = f"{path}, line {reader.line_num}"
        if len(cells) != len(_COLUMNS):
            raise DataError(f"{where}: {len(cells)} columns; expected {len(_COLUMNS)}")
        yield _row(
            {name: text_of_cell(name, cell) for name, cell in zip(_COLUMNS, cells, strict=True)}, where
        )


def _row(cells: dict[str, str], where: str) -> ManifestRow:
    photo = cells["path"]
    if not photo or any(_leaves_root(flavour(photo)) for flavour in (PurePosixPath, PurePath)):
        raise DataError(f"{where}: path {photo!r} is not inside the data folder")
    if not cells["group"]:
        raise DataError(f"{where}: the group is empty")
    if not _SHA256.fullmatch(cells["sha256"]):
        raise DataError(f"{where}: sha256 {cells['sha256']!r} is not 64 hex digits")
    if cells["label"] not in list(Label):
        raise DataError(f"{where}: unknown label {cells['label']!r}; valid: {', '.join(Label)}")
    if cells["part"] not in list(Part):
        raise DataError(f"{where}: unknown part {cells['part']!r}; valid: {', '.join(Part)}")
    return ManifestRow(
        path=photo,
        label=Label(cells["label"]),
        group=cells["group"],
        part=Part(cells["part"]),
        sha256=cells["sha256"],
    )


def _leaves_root(path: PurePath) -> bool:
    return bool(path.anchor) or ".." in path.parts


def _check_consistent(rows: tuple[ManifestRow, ...], path: Path) -> None:
    seen: set[str] = set()
    part_of: dict[str, Part] = {}
    for row in rows:
        if row.path in seen:
            raise DataError(f"{path} names {row.path} twice")
        seen.add(row.path)
        part = part_of.setdefault(row.group, row.part)
        if part is not row.part:
            raise DataError(f"{path} has group {row.group} in two parts, {part} and {row.part}")
