"""Find labelled photos below a folder, whatever layout they come in.

Layouts: ``Positive/`` and ``Negative/`` at any depth and in any case, SDNET2018's ``D|P|W/{C?,U?}``, or two
folders that the caller names; ``train/``, ``valid/`` and ``test/`` may stand above or below.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from crackscope.dataset.records import Dataset, LabelledPhoto, Part, Photo
from crackscope.errors import DataError, MissingClassError, NoPhotosError
from crackscope.images import IMAGE_SUFFIXES
from crackscope.labels import Label

#: Where data lies unless the caller says otherwise, and where `crackscope data download` puts it.
DEFAULT_FOLDER = Path("datasets")

_PARTS = {
    **dict.fromkeys(("train", "training"), Part.TRAIN),
    **dict.fromkeys(("valid", "validation", "val"), Part.VALIDATION),
    **dict.fromkeys(("calibration", "calib"), Part.CALIBRATION),
    **dict.fromkeys(("test", "testing"), Part.TEST),
}
_Names = tuple[str, ...]

#: SDNET2018: deck, pavement, wall; below each, a folder of cracked and one of uncracked patches.
_SDNET: dict[_Names, Label] = {
    (surface, kind + surface): label
    for surface in "dpw"
    for kind, label in (("c", Label.POSITIVE), ("u", Label.NEGATIVE))
}
#: Folder names that say nothing about where photos come from.
_NAMELESS = frozenset({"data", "dataset", "datasets", "images", "img", "patches", "photos"})

_EXPECTED = (
    "expected photos in folders named Positive/ and Negative/ (at any depth) or SDNET2018's D, P and W; "
    "name other folders with --positive and --negative, or fetch a data set with `crackscope data download`"
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Folder names, case-folded, that mean a label: as many as the path ends with."""

    labels: dict[_Names, Label]

    def find(self, names: _Names) -> tuple[Label, int] | None:
        """The label of the innermost class folder and the position where its name begins."""
        for end in range(len(names), 0, -1):
            for pattern, label in self.labels.items():
                if names[max(0, end - len(pattern)) : end] == pattern:
                    return label, end - len(pattern)
        return None


_KNOWN_LAYOUTS = _Layout({("positive",): Label.POSITIVE, ("negative",): Label.NEGATIVE, **_SDNET})


def discover(
    folders: Sequence[Path | str],
    *,
    positive: str | Path | None = None,
    negative: str | Path | None = None,
) -> Dataset:
    """Find the labelled photos below one or several folders.

    Args:
        folders: With several, the data set's root is their common parent.
        positive: A folder's name or path, instead of the layouts known by themselves.
        negative: Likewise; both or neither.

    Returns:
        Photos sorted by path; a photo reached twice is there once. Hidden files are left aside.

    Raises:
        NoPhotosError: A folder is missing or there is no image below any.
        MissingClassError: A class has no photo.
        DataError: The folders can't be read, or have no common parent.
    """
    roots = [_existing(Path(folder)) for folder in folders]
    if not roots:
        raise NoPhotosError("no data folder was given")
    layout = _layout(roots, positive, negative)
    root = _common_parent(roots)
    found: dict[str, LabelledPhoto] = {}
    strangers: Counter[str] = Counter()
    for folder in roots:
        for path in _image_files(folder):
            photo = _labelled(path, folder=folder, root=root, layout=layout)
            if photo is None:
                strangers[_name_of(path.parent, root)] += 1
            else:
                found.setdefault(photo.path, photo)
    photos = tuple(found[path] for path in sorted(found))
    dataset = Dataset(root=root, photos=photos, unlabelled=strangers.total())
    _require_both_classes(dataset, roots, strangers)
    return dataset


def label_of_folders(path: PurePath) -> Label | None:
    """The label that the folders above a file mean, in the layouts that `discover` knows."""
    match = _KNOWN_LAYOUTS.find(_folded(path.parent))
    return None if match is None else match[0]


def is_labelled(folders: Sequence[Path]) -> bool:
    """Whether any photo below the folders lies in a class folder that is known by itself.

    Raises:
        NoPhotosError: A folder is missing.
        DataError: A folder can't be read.
    """
    roots = [_existing(folder) for folder in folders]
    return any(
        _labelled(path, folder=folder, root=folder, layout=_KNOWN_LAYOUTS) is not None
        for folder in roots
        for path in _image_files(folder)
    )


def discover_unlabelled(folders: Sequence[Path]) -> tuple[Path, tuple[Photo, ...]]:
    """All photos below one or several folders, whatever their folders are called.

    Returns:
        The common parent, and the photos sorted by path; each folder given is a source.

    Raises:
        NoPhotosError: A folder is missing or there is no image below any.
        DataError: The folders can't be read, or have no common parent.
    """
    roots = [_existing(folder) for folder in folders]
    if not roots:
        raise NoPhotosError("no data folder was given")
    root = _common_parent(roots)
    found: dict[str, Photo] = {}
    for folder in roots:
        for path in _image_files(folder):
            name = path.relative_to(root).as_posix()
            found.setdefault(name, Photo(path=name, source=folder.name.casefold()))
    if not found:
        raise NoPhotosError(f"no image below {' and '.join(str(root) for root in roots)}; {_EXPECTED}")
    return root, tuple(found[name] for name in sorted(found))


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise NoPhotosError(f"there is no folder {folder}; {_EXPECTED}")
    return Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links and lose their names


def _common_parent(roots: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath(roots))
    except ValueError as error:
        raise DataError(f"the data folders have no common parent: {error}") from error


def _layout(roots: Sequence[Path], positive: str | Path | None, negative: str | Path | None) -> _Layout:
    if positive is None and negative is None:
        return _KNOWN_LAYOUTS
    if positive is None or negative is None:
        raise DataError("one class folder is named; name both, with --positive and --negative")
    names = [_class_names(Path(value), roots) for value in (positive, negative)]
    if names[0] == names[1]:
        raise DataError(f"--positive and --negative both name {positive}; expected two folders")
    return _Layout({names[0]: Label.POSITIVE, names[1]: Label.NEGATIVE})


def _class_names(value: Path, roots: Sequence[Path]) -> _Names:
    """A class folder as names below a data folder: given by name, or by a path that exists."""
    absolute = Path(os.path.abspath(value))  # noqa: PTH100
    for root in roots:
        if absolute != root and absolute.is_relative_to(root):
            return _folded(absolute.relative_to(root))
    if value.is_absolute() or ".." in value.parts or not value.parts:
        raise DataError(f"{value} is not below the data folder {roots[0]}; expected a folder in it")
    return _folded(value)


def _labelled(path: Path, *, folder: Path, root: Path, layout: _Layout) -> LabelledPhoto | None:
    below = path.parent.relative_to(folder)
    # The folder's own name counts, so that `metu/Positive metu/Negative` and `sdnet2018/W` may be given.
    match = layout.find((folder.name.casefold(), *_folded(below)))
    if match is None:
        return None
    label, position = match
    parts = [part for name in _folded(below) if (part := _PARTS.get(name)) is not None]
    return LabelledPhoto(
        path=path.relative_to(root).as_posix(),
        label=label,
        source=_source(folder, below.parts[: max(0, position - 1)]),
        part=parts[-1] if parts else None,
    )


def _source(folder: Path, above_class: Sequence[str]) -> str:
    """The data set's name: the first folder above the class that says something, else the folder given."""
    for name in above_class:
        if not is_layout_name(name) and name.casefold() not in _NAMELESS:
            return name.casefold()
    named = (name for name in reversed(folder.parts) if not is_layout_name(name))
    return next(named, folder.name).casefold()


def is_layout_name(name: str) -> bool:
    """Whether a folder of this name means a class, a part or a surface of SDNET2018."""
    folded = name.casefold()
    return folded in _PARTS or folded in {"positive", "negative", "d", "p", "w"}


def _image_files(folder: Path) -> Iterator[Path]:
    """Every image below ``folder``, each real folder visited once, so that loops of links end."""
    # A link to a folder above would bring in the neighbours of the data set.
    seen = {_identity(parent) for parent in folder.resolve().parents}
    pending = [folder]
    links: list[Path] = []
    while pending or links:
        # Real folders first: a link to a folder that is there anyway then adds nothing.
        here = pending.pop() if pending else links.pop()
        if _identity(here) in seen:
            continue
        seen.add(_identity(here))
        for entry in _entries(here):
            if entry.is_dir():
                (links if entry.is_symlink() else pending).append(Path(entry.path))
            # A broken link is a photo that can't be read, and is reported as one; a pipe is no photo.
            elif _is_image(entry.name) and (entry.is_file() or entry.is_symlink()):
                yield Path(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            kept = [entry for entry in entries if not entry.name.startswith(".") and entry.name != "__MACOSX"]
    except OSError as error:
        raise DataError(f"cannot read the folder {folder}: {error.strerror or error}") from error
    return sorted(kept, key=lambda entry: entry.name, reverse=True)


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122 - four times faster than Path


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _folded(path: PurePath) -> _Names:
    return tuple(name.casefold() for name in path.parts)


def _name_of(folder: Path, root: Path) -> str:
    return f"{folder.relative_to(root).as_posix()}/"


def _require_both_classes(dataset: Dataset, roots: Sequence[Path], strangers: Counter[str]) -> None:
    where = " and ".join(str(root) for root in roots)
    if not dataset.photos and not strangers:
        raise NoPhotosError(f"no image below {where}; {_EXPECTED}")
    counts = dataset.counts()
    if all(counts.values()):
        return
    found = ", ".join(f"{count:,} {label}" for label, count in counts.items())
    if strangers:
        listed = ", ".join(f"{name} ({count:,})" for name, count in strangers.most_common(5))
        found += f", and images without a label in {listed}"
    raise MissingClassError(f"below {where} there are {found}; {_EXPECTED}")
