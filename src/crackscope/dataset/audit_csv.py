"""``audit.csv``: what an audit knows of every photo, one row each."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from crackscope.dataset.audit import Audit
from crackscope.dataset.records import Fingerprint, LabelledPhoto
from crackscope.storage import atomic_path
from crackscope.table_text import spreadsheet_row

_COLUMNS = (
    "path",
    "label",
    "source",
    "height",
    "width",
    "mean_r",
    "mean_g",
    "mean_b",
    "std_r",
    "std_g",
    "std_b",
    "sha256",
    "copy_of",
    "findings",
    "error",
)


def write_audit_csv(path: Path, audit: Audit) -> None:
    """Write UTF-8 CSV with LF: colours in levels, findings separated by ``; ``.

    ``copy_of`` is the first of a photo's copies in path order; the first itself has none.
    """
    findings: dict[str, list[str]] = defaultdict(list)
    first_copy: dict[str, str] = {}
    for finding in audit.findings:
        for name in finding.paths:
            findings[name].append(finding.kind)
            if name != finding.paths[0]:
                first_copy[name] = min(finding.paths[0], first_copy.get(name, name))
    # A name that is no valid Unicode is written with its bytes as escapes.
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="", errors="backslashreplace") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for photo, one in zip(audit.photos, audit.fingerprints, strict=True):
            found = "; ".join(findings[photo.path])
            copy_of = first_copy.get(photo.path, "")
            label = photo.label if isinstance(photo, LabelledPhoto) else ""
            measured = _measured(one)
            cells = [photo.path, label, photo.source, *measured, one.sha256, copy_of, found, one.error]
            writer.writerow(spreadsheet_row(dict(zip(_COLUMNS, cells, strict=True))))


def _measured(one: Fingerprint) -> list[str]:
    if one.error is not None:
        return [""] * 8
    return [
        *map(str, one.size_hw),
        *(f"{value:.2f}" for value in (*one.mean_rgb, *one.std_rgb)),
    ]
