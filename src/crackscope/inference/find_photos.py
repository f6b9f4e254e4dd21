"""From what a user names (files, folders, patterns) to a stream of photos, lazily and in a fixed order."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from pathlib import Path

from crackscope.errors import DataError, NoPhotosError
from crackscope.images import IMAGE_SUFFIXES
from crackscope.records import Failure

#: Each level is a level of recursion.
_DEEPEST = 150

#: A photo's path as it is named in results, or why there is none.
Found = str | Failure


def find_photos(
    names: Iterable[str], *, patterns: bool = True, suffixes: AbstractSet[str] = IMAGE_SUFFIXES
) -> Iterator[Found]:
    """The photos that names stand for, in the order of the names.

    A file is taken whatever its ending. A folder is searched, its folders too and through links, for files
    with an image's ending (``suffixes``), sorted by name; names that begin with a dot, and ``__MACOSX``, are
    left out. A name that does not exist may be a pattern with ``*``, ``?``, ``[...]`` or ``**``. What can't
    be searched or does not exist becomes a `Failure`: nothing is dropped in silence.

    Args:
        names: Taken only as photos are.
        patterns: Whether names may be patterns.
        suffixes: Endings that folders are searched for, lower case.
    """
    for name in names:
        if os.path.isdir(name):  # noqa: PTH112 - names stay strings, as the user wrote them
            yield from _search(name, suffixes, ancestors=())
        elif os.path.lexists(name):
            yield name
        elif patterns and glob.has_magic(name):
            yield from _match(name, suffixes)
        else:
            yield Failure(path=name, error="no such file or folder")


def require_photo(found: Iterator[Found]) -> Iterator[Found]:
    """The same stream, once it is sure that there is a photo in it.

    Raises:
        NoPhotosError: There is none; says what was found instead.
    """
    failures: list[Failure] = []
    for item in found:
        if not isinstance(item, Failure):
            return chain(failures, [item], found)
        failures.append(item)
    reasons = "; ".join(f"{failure.path}: {failure.error}" for failure in failures[:3])
    endings = ", ".join(sorted(IMAGE_SUFFIXES))
    raise NoPhotosError(f"no photo found ({reasons or f'expected files ending in {endings}'})")


def _match(pattern: str, suffixes: AbstractSet[str]) -> Iterator[Found]:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - keeps the pattern's own spelling
    if "**" in pattern:
        # The pattern names what is in its folders by itself.
        matches = [match for match in matches if not os.path.isdir(match)]  # noqa: PTH112
    if not matches:
        yield Failure(path=pattern, error="no file matches this pattern")
    yield from find_photos(matches, patterns=False, suffixes=suffixes)


def _search(
    folder: str, suffixes: AbstractSet[str], ancestors: tuple[tuple[int, int], ...]
) -> Iterator[Found]:
    """Photos below a folder; ``ancestors`` are device and file number of the folders it was reached by."""
    try:
        status = os.stat(folder)  # noqa: PTH116 - a Path for each of a million files would double the time
        # Names only, because a folder of a million files should not become a million objects.
        names = sorted(name for name in os.listdir(folder) if not _is_aside(name))  # noqa: PTH208
    except OSError as error:
        yield Failure(path=folder, error=f"the folder can't be searched: {error.strerror or error}")
        return
    identity = (status.st_dev, status.st_ino)
    if len(ancestors) > _DEEPEST:
        yield Failure(path=folder, error=f"more than {_DEEPEST} folders inside each other; name it yourself")
        return
    if identity in ancestors:
        yield Failure(path=folder, error="a folder loop: this link leads back to a folder that it lies in")
        return
    for name in names:
        yield from _search_entry(os.path.join(folder, name), suffixes, (*ancestors, identity))  # noqa: PTH118


def _is_aside(name: str) -> bool:
    """What systems keep beside photos: hidden files, ``._x.jpg`` of macOS too, and its folder in ZIPs."""
    return name.startswith(".") or name == "__MACOSX"


def _search_entry(
    path: str, suffixes: AbstractSet[str], ancestors: tuple[tuple[int, int], ...]
) -> Iterator[Found]:
    looks_like_photo = Path(path).suffix.lower() in suffixes
    if not os.path.isdir(path):  # noqa: PTH112
        if looks_like_photo:
            yield path
    elif looks_like_photo:
        yield Failure(path=path, error="a folder, named like a photo; name it yourself to search it")
    else:
        yield from _search(path, suffixes, ancestors)


def photo_files(folders: Sequence[Path]) -> list[Path]:
    """The photos in folders that a user named, in the order of their names.

    Raises:
        NoPhotosError: There is none.
        DataError: Something that was named is not there.
    """
    if not folders:
        return []
    names = require_photo(find_photos(str(folder) for folder in folders))
    # What can't even be found is an error here: the user named it as evidence.
    files = []
    for name in names:
        if isinstance(name, Failure):
            raise DataError(f"{name.path}: {name.error}")
        files.append(Path(os.path.abspath(name)))  # noqa: PTH100 - resolve() would follow links
    return files
