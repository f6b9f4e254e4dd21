"""Photos of other storage are found by the rules, and in the order, of local folders."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("fsspec", reason="the extra [batch] is not installed")
pyarrow = pytest.importorskip("pyarrow", reason="the extra [batch] is not installed")

import fsspec
from pyarrow import parquet

from crackscope.batch.listing import list_photos
from crackscope.errors import DataError
from crackscope.images import IMAGE_SUFFIXES
from crackscope.inference.find_photos import Found, find_photos
from crackscope.records import Failure

FILES = ["b.jpg", "a/2.png", "a/10.png", "a.png", "a-b/1.png", "c/deep/er/x.JPG", "notes.txt", ".hidden.jpg"]
FILES += [".folder/y.jpg", "looks.jpg/z.png"]


def listed(*sources: str) -> list[Found]:
    return list(list_photos(sources, IMAGE_SUFFIXES, find_photos, patience_s=0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    return tmp_path / "photos"


@pytest.fixture
def url(folder: Path) -> str:
    root = f"memory://{uuid4().hex}/photos"
    fsspec.filesystem("memory").put(f"{folder}/", root, recursive=True)
    return root


def under(root: str, found: list[Found]) -> list[object]:
    return [
        ("error", each.path.removeprefix(root), each.error)
        if isinstance(each, Failure)
        else each.removeprefix(root)
        for each in found
    ]


def _as_named(url: str, found: list[Found]) -> list[object]:
    # The memory file system's paths begin with a slash.
    return under(url.replace("memory://", "memory:///"), found)


def test_folders_of_other_storage_are_searched_as_local_ones(folder: Path, url: str) -> None:
    assert _as_named(url, listed(url)) == under(str(folder), listed(str(folder)))
    assert len(listed(url)) == 7


def test_patterns_match_as_local_ones(folder: Path, url: str) -> None:
    for pattern in ("/a/*.png", "/*.jpg", "/**/*.png"):
        assert _as_named(url, listed(url + pattern)) == under(str(folder), listed(str(folder) + pattern))
    assert listed(f"{url}/*.webp") == [Failure(path=f"{url}/*.webp", error="no file matches this pattern")]


def test_one_photo_and_one_that_is_not_there(url: str) -> None:
    assert listed(f"{url}/b.jpg", f"{url}/none.jpg") == [
        f"{url}/b.jpg",
        Failure(path=f"{url}/none.jpg", error="no such file or folder"),
    ]


def test_lists_name_photos_in_their_own_order(folder: Path, url: str, tmp_path: Path) -> None:
    names = [f"{url}/b.jpg", str(folder / "a.png"), str(folder / "gone.png"), str(folder / "a.png")]
    (tmp_path / "list.csv").write_text("taken,path\n" + "".join(f"2024,{name}\n" for name in names))
    parquet.write_table(pyarrow.table({"anything": names}), tmp_path / "list.parquet")
    expected = [*names[:2], Failure(path=names[2], error="no such file or folder"), names[3]]
    assert listed(str(tmp_path / "list.csv")) == listed(str(tmp_path / "list.parquet")) == expected
    fsspec.filesystem("memory").put(str(tmp_path / "list.csv"), url + "/list.csv")
    assert listed(f"{url}/list.csv") == expected


def test_a_list_that_does_not_say_where_the_paths_are_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"columns \['a', 'b'\]; expected one named 'path'"):
        listed(str(tmp_path / "list.csv"))
    with pytest.raises(DataError, match="cannot read the list"):
        listed(str(tmp_path / "none.parquet"))
