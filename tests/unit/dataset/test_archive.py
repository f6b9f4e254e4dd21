from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from crackscope.dataset.archive import unpack
from crackscope.errors import ArchiveError, MissingExtraError, OutputError
from tests.unit.dataset.rar_files import LINK_MODE, write_rar

METU = {"Positive/1.jpg": b"cracked", "Negative/1.jpg": b"sound", "Negative/2 ä.jpg": b""}
HOSTILE = [
    "../out.jpg",
    "a/../../out.jpg",
    "/etc/out.jpg",
    "C:\\out.jpg",
    "..\\out.jpg",
    "\\\\server\\out.jpg",
]


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def write_tar(path: Path, members: dict[str, bytes], *, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as packed:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return path


def content_of(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def assert_refused(archive: Path, message: str) -> None:
    """Refused, with nothing left behind in the target's folder or beside it."""
    place = archive.parent / "place"
    place.mkdir()
    before = set(archive.parent.rglob("*"))
    with pytest.raises(ArchiveError, match=message):
        unpack(archive, place / "metu")
    assert set(archive.parent.rglob("*")) == before


needs_rar_tool = pytest.mark.skipif(
    not any(shutil.which(tool) for tool in ("unrar", "unar", "bsdtar")),
    reason="no tool that unpacks RAR is installed (unar, libarchive-tools)",
)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_is_unpacked_whatever_its_compression(tmp_path: Path, mode: str) -> None:
    unpack(write_tar(tmp_path / "metu.archive", METU, mode=mode), tmp_path / "metu")
    assert content_of(tmp_path / "metu") == METU


def test_zip_is_unpacked_and_progress_told(tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    unpack(write_zip(tmp_path / "a", METU), tmp_path / "metu", progress=lambda *call: calls.append(call))
    assert content_of(tmp_path / "metu") == METU
    assert calls[-1] == (12, None)


def test_zip_made_on_windows_with_backslashes_is_unpacked(tmp_path: Path) -> None:
    unpack(
        write_zip(tmp_path / "a.zip", {"Positive\\1.jpg": b"x", "Negative\\1.jpg": b"y"}), tmp_path / "metu"
    )
    assert content_of(tmp_path / "metu") == {"Positive/1.jpg": b"x", "Negative/1.jpg": b"y"}


def test_folders_that_only_wrap_the_rest_are_taken_off_but_class_folders_stay(tmp_path: Path) -> None:
    wrapped = {f"Concrete Crack Images/v2/{name}": content for name, content in METU.items()}
    unpack(write_zip(tmp_path / "a.zip", wrapped), tmp_path / "metu")
    assert content_of(tmp_path / "metu") == METU
    unpack(write_zip(tmp_path / "b.zip", {"Positive/1.jpg": b"x"}), tmp_path / "half")
    assert content_of(tmp_path / "half") == {"Positive/1.jpg": b"x"}


@needs_rar_tool
def test_rar_is_unpacked(tmp_path: Path) -> None:
    unpack(write_rar(tmp_path / "metu.archive", METU), tmp_path / "metu")
    assert content_of(tmp_path / "metu") == METU


@needs_rar_tool
def test_rar_inside_a_zip_is_unpacked(tmp_path: Path) -> None:
    rar = write_rar(tmp_path / "inner.rar", METU).read_bytes()
    outer = write_zip(tmp_path / "outer.zip", {"5y9wdsg2zt-2/Concrete Crack Images.rar": rar})
    unpack(outer, tmp_path / "metu")
    assert content_of(tmp_path / "metu") == METU


def test_archives_beside_photos_get_folders_of_their_own(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", {"1.jpg": b"x"}).read_bytes()
    unpack(
        write_zip(tmp_path / "a.zip", {"Positive/more.zip": inner, "Positive/2.jpg": b"y"}), tmp_path / "metu"
    )
    assert content_of(tmp_path / "metu") == {"Positive/more.zip.unpacked/1.jpg": b"x", "Positive/2.jpg": b"y"}


@pytest.mark.parametrize("write", [write_zip, write_tar, write_rar])
@pytest.mark.parametrize("name", HOSTILE)
def test_members_that_would_leave_the_folder_are_refused(tmp_path: Path, write: object, name: str) -> None:
    assert callable(write)
    archive = write(tmp_path / "bad", {"Positive/1.jpg": b"x", name: b"y"})
    assert_refused(archive, "outside its folder")
    assert not (tmp_path / "out.jpg").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as packed:
        info = tarfile.TarInfo("Positive")
        info.type, info.linkname = kind, "/etc"
        packed.addfile(info)
    assert_refused(tmp_path / "bad.tar", "link or device: Positive")


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("Positive")
    info.external_attr = LINK_MODE << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        packed.writestr(info, "/etc")
    assert_refused(tmp_path / "bad.zip", "link or device: Positive")


def test_links_in_a_rar_are_refused(tmp_path: Path) -> None:
    assert_refused(
        write_rar(tmp_path / "bad.rar", {"Positive": b"/etc"}, mode=LINK_MODE), "link or device: Positive"
    )


@pytest.mark.parametrize("write", [write_zip, write_tar, write_rar])
def test_bombs_run_into_the_limits(tmp_path: Path, write: object) -> None:
    assert callable(write)
    archive = write(tmp_path / "bomb", {f"Positive/{number}.jpg": bytes(100_000) for number in range(5)})
    with pytest.raises(ArchiveError, match="more than the limit"):
        unpack(archive, tmp_path / "metu", limit_bytes=499_999)
    with pytest.raises(ArchiveError, match="too many members"):
        unpack(archive, tmp_path / "metu", limit_members=4)
    assert [path.name for path in tmp_path.iterdir()] == ["bomb"]


def test_bomb_inside_an_archive_shares_its_limit(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", {"1.jpg": bytes(1_000_000)}).read_bytes()
    outer = write_zip(tmp_path / "outer.zip", {"inner.zip": inner, "2.jpg": bytes(1_000_000)})
    with pytest.raises(ArchiveError, match="more than the limit"):
        unpack(outer, tmp_path / "metu", limit_bytes=1_999_999)


def test_member_that_comes_twice_is_refused(tmp_path: Path) -> None:
    assert_refused(
        write_tar(tmp_path / "bad", {"Positive/1.jpg": b"x", "Positive/./1.jpg": b"y"}), r"1\.jpg twice"
    )


@pytest.mark.parametrize("write", [write_zip, write_tar, pytest.param(write_rar, marks=needs_rar_tool)])
def test_truncated_archives_are_refused(tmp_path: Path, write: object) -> None:
    assert callable(write)
    archive = write(tmp_path / "bad", {"Positive/1.jpg": bytes(range(256)) * 400})
    archive.write_bytes(
        archive.read_bytes()[:-60_000] if write is not write_zip else archive.read_bytes()[:-40]
    )
    assert_refused(archive, "damaged|no zip|could not be unpacked")


def test_bad_checksums_are_refused(tmp_path: Path) -> None:
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("Positive/1.jpg", b"stored as it is")
    archive.write_bytes(archive.read_bytes().replace(b"stored as", b"stored AS"))
    assert_refused(archive, "damaged: Bad CRC-32")


@needs_rar_tool
def test_rar_with_bad_checksums_is_refused_with_the_words_of_the_tools(tmp_path: Path) -> None:
    archive = write_rar(tmp_path / "bad.rar", {"Positive/1.jpg": b"some content"}, damage=True)
    assert_refused(archive, r"could not be unpacked \((unrar|unar|bsdtar|7z).*: .*fetch it again")


def test_a_truncated_rar_is_refused_without_a_tool_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    archive = write_rar(tmp_path / "bad", {"Positive/1.jpg": bytes(range(256)) * 400})
    archive.write_bytes(archive.read_bytes()[:-60_000])
    assert_refused(archive, "damaged|no tool to unpack it was found")


def test_rar_without_a_tool_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert_refused(
        write_rar(tmp_path / "a.rar", METU), "no tool to unpack it was found; install .*apt install unar"
    )


def test_rar_without_rarfile_says_which_extra_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rarfile", None)
    with pytest.raises(MissingExtraError, match=r"crackscope\[data\]"):
        unpack(write_rar(tmp_path / "a.rar", METU), tmp_path / "metu")


def test_files_that_are_no_archive_are_refused(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html>please log in</html>", encoding="utf-8")
    assert_refused(tmp_path / "page.html", "no zip, tar or RAR archive")


def test_folder_that_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "metu").mkdir()
    (tmp_path / "metu" / "mine.jpg").write_bytes(b"mine")
    with pytest.raises(OutputError, match="already there"):
        unpack(write_zip(tmp_path / "a.zip", METU), tmp_path / "metu")
    assert content_of(tmp_path / "metu") == {"mine.jpg": b"mine"}
