"""``corrections.csv``: what people saw in photos whose label was doubted. No photo is touched."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from crackscope.dataset.copies import copy_numbers, members_by_number
from crackscope.dataset.records import Dataset, Fingerprint, LabelledPhoto
from crackscope.errors import DataError
from crackscope.labels import Label
from crackscope.storage import atomic_path
from crackscope.table_text import spreadsheet_row, text_of_cell

#: Come with the package, and are called by name; docs/label-audit.md says how they were made.
SHIPPED = ("metu", "sdnet2018")
_SHIPPED_FOLDER = Path(__file__).parent / "shipped_corrections"

_COLUMNS = ["sha256", "file", "given", "seen", "reason", "seen_by", "date"]
_JOIN_THEM = "join people's files with `crackscope data corrections`"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Seen(StrEnum):
    """What a person saw at full size."""

    CRACK = "crack"
    HEALTHY = "healthy"
    NOT_TO_BE_TOLD = "not to be told"

    @property
    def label(self) -> Label | None:
        """The label that follows; ``None``: the photo has none and belongs in no data set."""
        return {Seen.CRACK: Label.POSITIVE, Seen.HEALTHY: Label.NEGATIVE}.get(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One row.

    Attributes:
        sha256: Of the file, 64 hex digits; what the photo is recognised by.
        file: Its name, for people.
        given: The label that it came with.
        seen: What a person saw; may confirm the label.
        reason: In a few words; may be empty.
        seen_by: Whoever looked; may be empty.
        date: ISO 8601; may be empty.
    """

    sha256: str
    file: str
    given: Label
    seen: Seen
    reason: str = ""
    seen_by: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """The rows of one file, each photo once; ``name`` is what the user called it."""

    name: str
    rows: tuple[Correction, ...]

    @property
    def sha256(self) -> str:
        """Of what they say, whatever the file is called."""
        said = sorted(f"{row.sha256} {row.seen}" for row in self.rows)
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    def by_sha256(self) -> dict[str, Seen]:
        """What was seen in the file of each hash."""
        return {row.sha256: row.seen for row in self.rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionCounts:
    """What corrections did to a data set, in photos.

    Attributes:
        name: Of the corrections.
        relabelled: By the label that they now have.
        left_out: Not to be told.
        confirmed: Looked at, and rightly labelled.
        by_copy: Of all these, those that are only copies of a photo in the file.
        unmatched: Rows of the file whose photo is not in the data set.
    """

    name: str
    relabelled: dict[Label, int]
    left_out: int
    confirmed: int
    by_copy: int
    unmatched: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with the sentence."""
        return {**asdict(self), "sentence": self.sentence()}

    def sentence(self) -> str:
        """All of it, for people."""
        relabelled = ", ".join(
            f"{self.relabelled[label]:,} now {label}" for label in sorted(Label, reverse=True)
        )
        text = f"corrections {self.name}: {relabelled}, {self.left_out:,} not to be told and left out"
        text += f", {self.confirmed:,} confirmed" if self.confirmed else ""
        text += f"; {self.by_copy:,} of these as copies of a photo looked at" if self.by_copy else ""
        return text + (f"; {self.unmatched:,} rows are of photos not here" if self.unmatched else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A data set with labels as seen, without what can't be told; a fingerprint for each photo left."""

    dataset: Dataset
    fingerprints: list[Fingerprint]
    counts: CorrectionCounts


def read_corrections(*names: str | Path) -> Corrections:
    """Read files of corrections, or those that come with the package (`SHIPPED`) by name, as one.

    Raises:
        DataError: A file is missing, is no corrections file, or says two things of one photo (with the line);
            or two files do.
    """
    files = [_read_file(name) for name in names]
    rows: dict[str, Correction] = {}
    for row in (row for file in files for row in file.rows):
        if rows.setdefault(row.sha256, row).seen is not row.seen:
            raise DataError(f"{row.file} was seen as {rows[row.sha256].seen} and as {row.seen}; {_JOIN_THEM}")
    return Corrections(name=" + ".join(file.name for file in files), rows=tuple(rows.values()))


def _read_file(name: str | Path) -> Corrections:
    path = _SHIPPED_FOLDER / f"{name}.csv" if str(name) in SHIPPED else Path(name)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = tuple(_read_rows(stream, path))
    except OSError as error:
        raise DataError(
            f"cannot read the corrections {name}: {error.strerror or error}; expected a file, or one of "
            f"{', '.join(SHIPPED)}, which come with crackscope"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a corrections file: {error}") from error
    return Corrections(name=str(name), rows=rows)


def write_corrections(path: Path, rows: Sequence[Correction]) -> None:
    """Write `corrections_text` atomically."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        stream.write(corrections_text(rows))


def corrections_text(rows: Sequence[Correction]) -> str:
    """Rows in the order of files' names, as CSV with LF."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in sorted(rows, key=lambda row: (row.file, row.sha256)):
        writer.writerow(spreadsheet_row({name: getattr(row, name) for name in _COLUMNS}))
    return stream.getvalue()


def what_was_seen(
    fingerprints: Sequence[Fingerprint], copies: Sequence[int], corrections: Corrections
) -> list[Seen | None]:
    """What a person saw in each photo or, of one that nobody looked at, in its copies.

    ``None`` where nobody looked at any; a photo whose copies were seen differently is not to be told.
    """
    known = corrections.by_sha256()
    seen = [known.get(one.sha256) for one in fingerprints]
    for members in members_by_number(copies):
        found = {seen[index] for index in members} - {None}
        if found:
            inherited = found.pop() if len(found) == 1 else Seen.NOT_TO_BE_TOLD
            for index in members:
                seen[index] = seen[index] or inherited
    return seen


def apply_corrections(
    dataset: Dataset, fingerprints: Sequence[Fingerprint], corrections: Corrections | None
) -> Corrected | None:
    """The data set as it was seen; ``None`` without corrections. No file is touched."""
    if corrections is None:
        return None
    seen = what_was_seen(fingerprints, copy_numbers(fingerprints), corrections)
    kept = [index for index, what in enumerate(seen) if what is not Seen.NOT_TO_BE_TOLD]
    photos = tuple(_relabelled(dataset.photos[index], seen[index]) for index in kept)
    return Corrected(
        dataset=replace(dataset, photos=photos),
        fingerprints=[fingerprints[index] for index in kept],
        counts=count_corrections(
            [photo.label for photo in dataset.photos], seen, [one.sha256 for one in fingerprints], corrections
        ),
    )


def count_corrections(
    labels: Sequence[Label], seen: Sequence[Seen | None], sha256: Sequence[str], corrections: Corrections
) -> CorrectionCounts:
    """Count what corrections do to photos with these labels and hashes, in which this was seen."""
    known = corrections.by_sha256()
    touched = [(label, what, key) for label, what, key in zip(labels, seen, sha256, strict=True) if what]
    new = Counter(what.label for label, what, _ in touched if what.label not in (None, label))
    return CorrectionCounts(
        name=corrections.name,
        relabelled={label: new[label] for label in Label},
        left_out=sum(what is Seen.NOT_TO_BE_TOLD for _, what, _ in touched),
        confirmed=sum(what.label is label for label, what, _ in touched),
        by_copy=sum(key not in known for _, _, key in touched),
        unmatched=len(set(known) - set(sha256)),
    )


def _relabelled(photo: LabelledPhoto, seen: Seen | None) -> LabelledPhoto:
    label = None if seen is None else seen.label
    return photo if label is None else replace(photo, label=label)


def _read_rows(stream: Iterator[str], path: Path) -> Iterator[Correction]:
    reader = csv.reader(stream)
    header = next(reader, [])
    if header != _COLUMNS:
        raise DataError(f"{path} has columns {header}; expected {_COLUMNS}")
    seen: dict[str, Seen] = {}
    for cells in reader:
        where = f"{path}, line {reader.line_num}"
        if len(cells) != len(_COLUMNS):
            raise DataError(f"{where}: {len(cells)} columns; expected {len(_COLUMNS)}")
        row = _row(
            {name: text_of_cell(name, cell) for name, cell in zip(_COLUMNS, cells, strict=True)}, where
        )
        if row.sha256 in seen:
            if seen[row.sha256] is not row.seen:
                raise DataError(
                    f"{where}: {row.file} was seen as {seen[row.sha256]} further up and as {row.seen} here; "
                    f"{_JOIN_THEM}"
                )
            continue
        seen[row.sha256] = row.seen
        yield row


def _row(cells: dict[str, str], where: str) -> Correction:
    if not _SHA256.fullmatch(cells["sha256"]):
        raise DataError(f"{where}: sha256 {cells['sha256']!r} is not 64 hex digits")
    for column, valid in (("given", Label), ("seen", Seen)):
        if cells[column] not in list(valid):
            raise DataError(f"{where}: {column} is {cells[column]!r}; valid: {', '.join(valid)}")
    return Correction(
        sha256=cells["sha256"],
        file=cells["file"],
        given=Label(cells["given"]),
        seen=Seen(cells["seen"]),
        reason=cells["reason"],
        seen_by=cells["seen_by"],
        date=cells["date"],
    )
