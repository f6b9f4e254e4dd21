"""From a scan's ``results.json``, version 1, to the photos of a report."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crackscope.bundle import Bundle
from crackscope.errors import DataError
from crackscope.images import IMAGE_SUFFIXES
from crackscope.inspection.codec import RESULTS_JSON, SCHEMA_VERSION, photo_of_document
from crackscope.inspection.names import pure_path, short_names
from crackscope.inspection.records import PhotoReport
from crackscope.reporting.records import Inspection, ModelFacts, PhotoEntry, Report, entry_of, facts_of_models
from crackscope.storage import read_versioned_json, sha256_file

#: From a photo's path in the results, its short name and its SHA-256 to where it lies now.
_Find = Callable[[str, str, str | None], Path | None]


class ScanResults:
    """A read ``results.json``.

    Args:
        path: The file, or the folder of a scan's results.
        photos: Where the photos lie now, if not where they were scanned; searched to any depth.

    Attributes:
        settings: How it was scanned, as the file names it.
        tile_counts: Rows of each photo in ``tiles.csv``.

    Raises:
        DataError: It is not there, damaged, or of another version.
    """

    def __init__(self, path: Path, photos: Path | None = None) -> None:
        self.path = path / RESULTS_JSON if path.is_dir() else path
        document = read_versioned_json(
            self.path,
            SCHEMA_VERSION,
            error=DataError,
            expected="the results of `crackscope scan`",
            if_damaged="scan the photos again",
        )
        try:
            self.crackscope_version = str(document["crackscope_version"])
            self.model = ModelFacts(sha256=document["model"]["sha256"], name=document["model"]["name"])
            self.settings = dict(document["settings"])
            self.overlaps = (float(self.settings["overlap"]),)
            self.tile_counts = tuple(int(photo.get("tiles", 0)) for photo in document["photos"])
            self.photos = tuple(
                _entries(
                    document["photos"],
                    self.path.parent,
                    _where_it_was if photos is None else _MovedPhotos(photos),
                )
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"{self.path} is damaged: {type(error).__name__} {error}; scan the photos again"
            ) from error


def scan_report(source: Path, photos: Path | None, bundle: Bundle) -> Report:
    """The report of a scan's results; nobody has reviewed them.

    Args:
        source: ``results.json``, or the folder it lies in.
        photos: Where the photos lie now, if they moved.
        bundle: The model at hand; its facts are told where the results are of it.

    Raises:
        DataError: The results are not there, damaged, or of another version.
    """
    results = ScanResults(source, photos)
    return Report(
        inspection=Inspection(),
        photos=results.photos,
        models=facts_of_models([results.model], bundle),
        overlaps=results.overlaps,
        crackscope_version=results.crackscope_version,
        made_at=datetime.now(UTC),
    )


def _entries(documents: Sequence[dict[str, Any]], folder: Path, find: _Find) -> list[PhotoEntry]:
    names = short_names([document["path"] for document in documents])
    return [
        _entry(number, name, document, folder, find)
        for number, (name, document) in enumerate(zip(names, documents, strict=True), start=1)
    ]


def _entry(number: int, name: str, document: dict[str, Any], folder: Path, find: _Find) -> PhotoEntry:
    if document.get("error") is not None:
        file = find(document["path"], name, None)
        return PhotoEntry(number=number, name=name, file=file, error=document["error"])
    report = photo_of_document(document)
    _check(report)
    return entry_of(
        number,
        name,
        report,
        file=find(report.path, name, report.sha256),
        drawn=None if report.overlay is None else folder / report.overlay,
    )


def _check(report: PhotoReport) -> None:
    """What no annotation says, and no report or map could show."""
    place = report.metadata.latitude or 0.0, report.metadata.longitude or 0.0
    if min(report.photo_hw) < 1:
        raise ValueError(f"{report.path} has no pixels")
    if not math.isfinite(report.score) or not all(map(math.isfinite, place)):
        raise ValueError(f"{report.path} has a score or a position that is no number")
    if report.mm_per_px is not None and not 0 < report.mm_per_px < math.inf:
        raise ValueError(f"{report.path} has {report.mm_per_px} millimetres per pixel")


def _where_it_was(path: str, name: str, sha256: str | None) -> Path | None:
    return Path(path)


class _MovedPhotos:
    """Finds photos below another folder by their file's name, and by their content where names repeat."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise DataError(f"no folder at {folder}; expected the folder of the photos")
        self._by_name: defaultdict[str, list[Path]] = defaultdict(list)
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in IMAGE_SUFFIXES:
                self._by_name[path.name].append(path)

    def __call__(self, path: str, name: str, sha256: str | None) -> Path | None:
        found = self._by_name.get(pure_path(path).name, [])
        if len(found) > 1:
            return next((each for each in found if sha256_file(each) == sha256), None)
        return found[0] if found else None
