"""The site's photos: labelled tiles and healthy concrete, grouped together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crackscope.dataset.discover import discover
from crackscope.dataset.groups import Grouping
from crackscope.dataset.records import Dataset, LabelledPhoto
from crackscope.errors import DataError
from crackscope.evaluation.photos import GroupedPhoto, Progress, photos_of_dataset
from crackscope.inference.find_photos import photo_files
from crackscope.labels import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePhotos:
    """What is known of a site.

    Attributes:
        labelled: Tiles with a person's label.
        healthy: Photos of intact concrete that are not among them.
    """

    labelled: tuple[GroupedPhoto, ...]
    healthy: tuple[GroupedPhoto, ...]


def find_site_photos(
    labelled: Sequence[Path],
    healthy: Sequence[Path],
    *,
    grouping: str = Grouping.AUTO,
    positive: str | None = None,
    negative: str | None = None,
    progress: Progress | None = None,
) -> SitePhotos:
    """Find and group the photos of a site.

    Args:
        labelled: Folders with both classes, as `discover` knows them; may be empty.
        healthy: Folders or photos of intact concrete, whatever they are called; may be empty.
        grouping: A `Grouping`.
        positive: Name of the folder of Positive photos below ``labelled``.
        negative: Likewise.
        progress: Told (photos fingerprinted, photos).

    Raises:
        NoPhotosError: A folder is missing or without a photo.
        DataError: A class is missing, or the folders have no common parent.
    """
    found = discover(labelled, positive=positive, negative=negative) if labelled else None
    known = {} if found is None else {found.absolute(photo): photo for photo in found.photos}
    # Named like the labelled tiles' source, so that tiles of one source photo find each other.
    source = next(iter(known.values())).source if known else "site"
    paths = {file: None for file in photo_files(healthy) if file not in known}
    root = _common_parent([*([] if found is None else [found.root]), *(path.parent for path in paths)])
    photos = [
        *(replace(photo, path=file.relative_to(root).as_posix()) for file, photo in known.items()),
        *(
            LabelledPhoto(path=file.relative_to(root).as_posix(), label=Label.NEGATIVE, source=source)
            for file in paths
        ),
    ]
    dataset = Dataset(root=root, photos=tuple(sorted(photos, key=lambda photo: photo.path)))
    grouped = photos_of_dataset(dataset, grouping=Grouping.named(grouping), progress=progress)
    return SitePhotos(
        labelled=tuple(photo for photo in grouped if photo.file not in paths),
        healthy=tuple(photo for photo in grouped if photo.file in paths),
    )


def _common_parent(folders: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath(folders))
    except ValueError as error:
        raise DataError(f"the folders of the site have no common parent: {error}") from error
