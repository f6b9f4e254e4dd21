"""Photos of a file server that is away are not failures."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("fsspec", reason="the extra [batch] is not installed")

import fsspec

from crackscope.batch.photos import PhotoFetcher, PhotoHere
from crackscope.errors import StorageError
from crackscope.inference.find_photos import Found
from crackscope.records import Failure


def fetcher(tmp_path: Path, *sources: str) -> PhotoFetcher:
    return PhotoFetcher(str(tmp_path), sources, tmp_path / "scratch", patience_s=0)


def test_a_folder_that_is_gone_is_an_outage_and_a_photo_that_is_gone_is_not(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    fetch = fetcher(tmp_path, "share")
    photo = PhotoHere(name="share/a.jpg", path=str(tmp_path / "share" / "a.jpg"))
    missing = [photo.failure(os.strerror(errno.ENOENT))]
    fetch.refuse_outage(photo, missing)
    (tmp_path / "share").rmdir()
    with pytest.raises(StorageError, match="is its disk or file server there"):
        fetch.refuse_outage(photo, missing)


def test_an_error_of_the_disk_is_an_outage_and_a_damaged_photo_is_not(tmp_path: Path) -> None:
    photo = PhotoHere(name="a.jpg", path=str(tmp_path / "a.jpg"))
    fetch = fetcher(tmp_path, "a.jpg")
    fetch.refuse_outage(photo, [photo.failure("truncated or damaged JPEG")])
    with pytest.raises(StorageError, match="Input/output error"):
        fetch.refuse_outage(photo, [photo.failure(os.strerror(errno.EIO))])


def test_photos_of_other_storage_are_copies_under_their_own_name(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    root = f"memory://{uuid4().hex}"
    fsspec.filesystem("memory").pipe({f"{root}/{number}.jpg": b"%d" % number for number in range(40)})
    names = [f"{root}/{number}.jpg" for number in range(40)]
    found = [*names, f"{root}/none.jpg", Failure(path="x", error="y"), "local.jpg"]
    photos = list(fetcher(tmp_path).fetch_all(found))
    assert [photo.name for photo in photos[:40] if isinstance(photo, PhotoHere)] == names
    for number, photo in enumerate(photos[:40]):
        assert isinstance(photo, PhotoHere)
        assert Path(photo.path).read_bytes() == b"%d" % number
        assert photo.failure(f"bad: {photo.path}").error == f"bad: {photo.name}"
        photo.release()
    assert photos[40] == Failure(path=f"{root}/none.jpg", error="No such file or directory")
    assert photos[41] == Failure(path="x", error="y")
    assert photos[42] == PhotoHere(name="local.jpg", path=str(tmp_path / "local.jpg"))
    assert list((tmp_path / "scratch").iterdir()) == []


def test_copies_of_photos_do_not_pile_up_before_a_slow_model(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    root = f"memory://{uuid4().hex}"
    names: list[Found] = [f"{root}/{number:03d}.jpg" for number in range(300)]
    fsspec.filesystem("memory").pipe({str(name): b"photo" for name in names})
    held = []
    for photo in fetcher(tmp_path).fetch_all(names):
        assert isinstance(photo, PhotoHere)
        held.append(len(list(scratch.iterdir())))
        photo.release()
    assert len(held) == 300
    assert max(held) <= 2 * 16  # as many as 16 transfers keep on their way
