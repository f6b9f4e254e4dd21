"""From folders, patterns, lists and URLs to a stream of photos, lazily and in a fixed order."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath
from typing import Any

from crackscope.batch.places import is_remote, open_filesystem, patiently
from crackscope.errors import DataError
from crackscope.inference.find_photos import Found, find_photos
from crackscope.records import Failure

#: Finds the photos of local names, in the way of the command whose answers are wanted.
FindLocal = Callable[[Iterable[str]], Iterator[Found]]

#: Endings of a source that is a list of photos.
LIST_SUFFIXES = frozenset({".csv", ".parquet"})

#: The column of a list that names the photos; a list of one column needs no such name.
PATH_COLUMN = "path"


def list_photos(
    sources: Iterable[str], suffixes: AbstractSet[str], find_local: FindLocal, patience_s: float
) -> Iterator[Found]:
    """The photos of all sources, in their order.

    Local folders, files and patterns are searched as everywhere in crackscope; folders and patterns of other
    storage by the same rules. A source that ends in ``.csv`` or ``.parquet`` lists photos in its column
    ``path``.

    Args:
        sources: Local names and URLs.
        suffixes: Endings that folders are searched for, lower case.
        find_local: Finds the photos of local names.
        patience_s: How long storage that does not answer is waited for.

    Raises:
        DataError: A list can't be read, or does not say where the paths are.
    """
    for source in sources:
        if PurePosixPath(source).suffix.lower() in LIST_SUFFIXES:
            yield from _listed(source, suffixes, patience_s)
        elif is_remote(source):
            yield from _RemoteSearch(source, suffixes, patience_s).photos()
        else:
            yield from find_local([source])


def _listed(source: str, suffixes: AbstractSet[str], patience_s: float) -> Iterator[Found]:
    for name in _listed_names(source, patience_s):
        if is_remote(name):
            yield name
        else:
            yield from find_photos([name], patterns=False, suffixes=suffixes)


def _listed_names(source: str, patience_s: float) -> Iterator[str]:
    filesystem, path = open_filesystem(source)
    read = _names_of_parquet if path.lower().endswith(".parquet") else _names_of_csv
    try:
        # Opening is where a storage is away; whoever reads a list of millions does not want it in memory.
        stream = patiently(lambda: filesystem.open(path, "rb"), patience_s)
        with stream:
            yield from read(stream, source)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the list {source}: {error}") from error


def _names_of_csv(stream: Any, source: str) -> Iterator[str]:
    rows = csv.DictReader(
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    )
    column = _path_column(list(rows.fieldnames or []), source)
    for row in rows:
        if name := row[column]:
            yield name


def _names_of_parquet(stream: Any, source: str) -> Iterator[str]:
    from pyarrow import parquet

    file = parquet.ParquetFile(stream)
    column = _path_column(file.schema_arrow.names, source)
    for batch in file.iter_batches(columns=[column]):
        yield from (str(name) for name in batch.column(0).to_pylist() if name)


def _path_column(columns: list[str], source: str) -> str:
    if PATH_COLUMN in columns:
        return PATH_COLUMN
    if len(columns) == 1:
        return columns[0]
    raise DataError(f"{source} has the columns {columns}; expected one named {PATH_COLUMN!r}")


class _RemoteSearch:
    """One URL: a photo, a folder or a pattern; by the rules of `find_photos`."""

    def __init__(self, url: str, suffixes: AbstractSet[str], patience_s: float) -> None:
        self._url, self._suffixes, self._patience_s = url, suffixes, patience_s
        self._filesystem, self._path = open_filesystem(url)
        self._protocol = url.partition("://")[0]

    def photos(self) -> Iterator[Found]:
        if any(sign in self._path for sign in "*?["):
            yield from self._match()
            return
        kind = self._ask(lambda: self._kind(self._path))
        if kind == "directory":
            yield from self._search(self._path)
        elif kind == "file":
            yield self._url
        else:
            yield Failure(path=self._url, error="no such file or folder")

    def _match(self) -> Iterator[Found]:
        found = self._ask(lambda: self._filesystem.glob(self._path, detail=True))
        if "/." not in self._path:  # as in a shell, where a dot hides
            found = {path: entry for path, entry in found.items() if "/." not in path}
        if "**" in self._path:
            # The pattern names what is in its folders by itself.
            found = {path: entry for path, entry in found.items() if entry["type"] != "directory"}
        if not found:
            yield Failure(path=self._url, error="no file matches this pattern")
        for path in sorted(found):
            if found[path]["type"] == "directory":
                yield from self._search(path)
            else:
                yield self._name(path)

    def _search(self, folder: str) -> Iterator[Found]:
        try:
            entries = self._ask(lambda: self._entries(folder))
        except (FileNotFoundError, PermissionError) as error:
            yield Failure(path=self._name(folder), error=f"the folder can't be searched: {error}")
            return
        for path, is_folder in entries:
            looks_like_photo = PurePosixPath(path).suffix.lower() in self._suffixes
            if not is_folder:
                if looks_like_photo:
                    yield self._name(path)
            elif looks_like_photo:
                reason = "a folder, named like a photo; name it yourself to search it"
                yield Failure(path=self._name(path), error=reason)
            else:
                yield from self._search(path)

    def _entries(self, folder: str) -> list[tuple[str, bool]]:
        """Paths in a folder, sorted, and whether they are folders; nothing is left in a cache."""
        self._filesystem.invalidate_cache()
        found = [
            (str(entry["name"]).rstrip("/"), entry["type"] == "directory")
            for entry in self._filesystem.ls(folder, detail=True)
        ]
        self._filesystem.invalidate_cache()
        # Some tools mark a folder by an empty object of its name.
        folder = folder.rstrip("/")
        return sorted(
            (path, is_folder)
            for path, is_folder in found
            if path != folder and not path.rpartition("/")[2].startswith(".")
        )

    def _kind(self, path: str) -> str | None:
        try:
            return str(self._filesystem.info(path)["type"])
        except FileNotFoundError:
            return None

    def _name(self, path: str) -> str:
        return f"{self._protocol}://{path}"

    def _ask(self, question: Callable[[], Any]) -> Any:
        return patiently(question, self._patience_s)
