"""A destination's files are whole or not there, and storage that is away for a while costs only time."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("fsspec", reason="the extra [batch] is not installed")

from crackscope.batch import places
from crackscope.batch.places import Place, is_remote, open_place, patiently
from crackscope.errors import MissingExtraError, OutputError, SettingsError, StorageError


@pytest.fixture(params=["folder", "file://", "memory://"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    url = {"folder": str(tmp_path), "file://": f"file://{tmp_path}"}.get(
        request.param, f"memory://{uuid4().hex}"
    )
    return open_place(url, patience_s=0)


def test_files_are_written_read_listed_and_removed(place: Place, tmp_path: Path) -> None:
    assert place.names("shards") == []
    assert place.read_if_there("shards/1.json") is None
    place.write("shards/2.json", b"two")
    place.write("shards/1.json", b"one")
    place.write("shards/1.json", b"ONE")
    assert place.names("shards") == ["1.json", "2.json"]
    assert place.read("shards/1.json") == place.read_if_there("shards/1.json") == b"ONE"
    place.download("shards/2.json", tmp_path / "copy")
    place.upload("overlays/3.jpg", tmp_path / "copy")
    assert place.read("overlays/3.jpg") == b"two"
    place.remove("shards/1.json")
    place.remove("shards/1.json")
    assert place.names("shards") == ["2.json"]
    with pytest.raises(StorageError, match=r"No such file|shards/1\.json"):
        place.read("shards/1.json")


def test_what_a_killed_writer_leaves_is_not_listed(tmp_path: Path) -> None:
    place = open_place(str(tmp_path), patience_s=0)
    place.write("manifests/1.json", b"{}")
    (tmp_path / "manifests" / ".2.k3xw.json").write_bytes(b"half")
    assert place.names("manifests") == ["1.json"]


@contextmanager
def _full_disk(target: Path) -> Iterator[Path]:
    raise OutputError("cannot write") from OSError(errno.ENOSPC, "No space left on device")
    yield target


def test_a_full_disk_is_waited_for_and_then_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = open_place(str(tmp_path), patience_s=0.3)
    whole = places.atomic_path
    tries = iter([_full_disk, _full_disk])
    monkeypatch.setattr(places, "atomic_path", lambda target: next(tries, whole)(target))
    place.write("shard", b"content")
    assert place.read("shard") == b"content"

    monkeypatch.setattr(places, "atomic_path", _full_disk)
    with pytest.raises(StorageError, match=r"No space left on device \(tried for 0 s\)"):
        place.write("shard", b"other")
    assert place.read("shard") == b"content"


def test_what_does_not_pass_by_waiting_is_not_waited_for() -> None:
    tries = []

    def forbidden() -> None:
        tries.append(1)
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(PermissionError, match="Permission denied"):
        patiently(forbidden, patience_s=60)
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("name", "remote"), [("s3://bucket/a", True), ("file:///a", True), ("a/b", False), ("C:\\a", False)]
)
def test_a_url_has_a_protocol(name: str, remote: bool) -> None:
    assert is_remote(name) is remote


def test_an_unknown_protocol_names_the_usual_ones() -> None:
    with pytest.raises(SettingsError, match="s3://, gs:// and az://"):
        open_place("nowhere://bucket", patience_s=0)


def _forget_storages(monkeypatch: pytest.MonkeyPatch) -> None:
    """fsspec looks a package up once."""
    known = sys.modules["fsspec.registry"]._registry
    for protocol in list(known):
        monkeypatch.delitem(known, protocol)


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [
        ("s3://bucket/a", "s3fs", "batch-s3"),
        ("gs://bucket/a", "gcsfs", "batch-gcs"),
        ("gcs://bucket/a", "gcsfs", "batch-gcs"),
        ("az://container/a", "adlfs", "batch-azure"),
        ("abfs://container/a", "adlfs", "batch-azure"),
    ],
)
def test_a_storage_whose_package_is_missing_names_it_and_its_extra(
    url: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    _forget_storages(monkeypatch)
    with pytest.raises(MissingExtraError, match=rf"{package} is not installed.*crackscope\[{extra}\]"):
        open_place(url, patience_s=0)


def test_another_storage_is_named_in_the_words_of_fsspec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paramiko", None)
    _forget_storages(monkeypatch)
    with pytest.raises(SettingsError, match="paramiko"):
        open_place("sftp://server/a", patience_s=0)
