"""Photos and fingerprints made up without files, for tests of grouping and splitting."""

from __future__ import annotations

import hashlib
from pathlib import Path

from crackscope.dataset.records import Dataset, Fingerprint, LabelledPhoto, Part
from crackscope.labels import Label


def labelled(path: str, label: Label, *, source: str = "made", part: Part | None = None) -> LabelledPhoto:
    return LabelledPhoto(path=path, label=label, source=source, part=part)


def fingerprint(path: str, content: str, *, version: int = 0) -> Fingerprint:
    """Fingerprints of the same content and another version are near copies, those of others are not."""
    digest = hashlib.sha256(content.encode()).digest()
    level = digest[0]
    return Fingerprint(
        path=path,
        sha256=hashlib.sha256(f"{content} {version}".encode()).hexdigest(),
        dhash=bytes([digest[0] ^ version, *digest[1:]]),
        thumbnail=bytes([level] * 272),
        size_hw=(227, 227),
        mean_rgb=(level, level, level),
    )


def made_up(contents: dict[str, list[str]], *, root: str = "data") -> tuple[Dataset, list[Fingerprint]]:
    """A data set of ``{"Positive": [content, ...], "Negative": [...]}``; files are numbered per class."""
    photos, prints = [], []
    for label in Label:
        for number, content in enumerate(contents[str(label)]):
            path = f"{label}/{number:05d}.jpg"
            photos.append(labelled(path, label))
            name, _, version = content.partition("#")
            prints.append(fingerprint(path, name, version=int(version or 0)))
    return Dataset(root=Path(root), photos=tuple(photos)), prints
