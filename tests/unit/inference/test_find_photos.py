"""Files, folders and patterns become a stream of photos: sorted, lazy, and nothing dropped in silence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crackscope.errors import NoPhotosError
from crackscope.inference.find_photos import find_photos, require_photo
from crackscope.records import Failure


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "sub/deep/c.tif", "sub/a.jpg", ".trash/x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _names(found: Iterator[str | Failure]) -> list[str]:
    return [item.replace(os.sep, "/") for item in found if isinstance(item, str)]


def test_a_folder_is_searched_sorted_and_to_any_depth(tree: Path) -> None:
    assert _names(find_photos(["."])) == ["./a.PNG", "./b.jpg", "./sub/a.jpg", "./sub/deep/c.tif"]


def test_names_keep_the_user_s_spelling_and_order(tree: Path) -> None:
    assert _names(find_photos(["sub", "b.jpg", str(tree / "a.PNG")])) == [
        "sub/a.jpg",
        "sub/deep/c.tif",
        "b.jpg",
        str(tree / "a.PNG").replace(os.sep, "/"),
    ]


def test_a_named_file_is_taken_whatever_its_ending(tree: Path) -> None:
    assert _names(find_photos(["notes.txt", ".hidden.jpg"])) == ["notes.txt", ".hidden.jpg"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["b.jpg"]),
        ("*.[Pp]??", ["a.PNG"]),
        ("s*", ["sub/a.jpg", "sub/deep/c.tif"]),
        ("**/*.jpg", ["b.jpg", "sub/a.jpg"]),
        ("sub/**", ["sub/a.jpg", "sub/deep/c.tif"]),
    ],
)
def test_patterns_are_expanded(tree: Path, pattern: str, expected: list[str]) -> None:
    assert _names(find_photos([pattern])) == expected


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tree: Path) -> None:
    (tree / "wall[1].jpg").touch()
    (tree / "wall1.jpg").touch()
    assert _names(find_photos(["wall[1].jpg"])) == ["wall[1].jpg"]


def test_what_does_not_exist_is_a_failure(tree: Path) -> None:
    assert list(find_photos(["nothing.jpg", "*.bmp"])) == [
        Failure(path="nothing.jpg", error="no such file or folder"),
        Failure(path="*.bmp", error="no file matches this pattern"),
    ]
    [failure] = find_photos(["*.jpg"], patterns=False)
    assert isinstance(failure, Failure)


def test_a_folder_named_like_a_photo_is_a_failure_unless_it_is_named(tree: Path) -> None:
    (tree / "sub" / "wall.jpg").mkdir()
    (tree / "sub" / "wall.jpg" / "x.png").touch()
    found = list(find_photos(["sub"]))
    assert [item.path for item in found if isinstance(item, Failure)] == [str(Path("sub", "wall.jpg"))]
    assert _names(find_photos(["sub/wall.jpg"])) == ["sub/wall.jpg/x.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
class TestLinks:
    def test_a_loop_is_a_failure_and_ends(self, tree: Path) -> None:
        (tree / "sub" / "again").symlink_to(tree)
        found = list(find_photos(["sub"]))
        [failure] = [item for item in found if isinstance(item, Failure)]
        assert failure.path == "sub/again/sub"
        assert "loop" in failure.error
        assert "sub/again/b.jpg" in found

    def test_a_link_to_another_folder_is_followed(self, tree: Path) -> None:
        (tree / "else").mkdir()
        (tree / "else" / "link").symlink_to(tree / "sub" / "deep")
        assert _names(find_photos(["else"])) == ["else/link/c.tif"]

    def test_dangling_and_self_referring_links_stay_in_the_stream(self, tree: Path) -> None:
        (tree / "x.jpg").symlink_to("nowhere")
        (tree / "y.jpg").symlink_to("y.jpg")
        assert _names(find_photos(["x.jpg", "y.jpg"])) == ["x.jpg", "y.jpg"]
        assert {"./x.jpg", "./y.jpg"} <= set(_names(find_photos(["."])))


def test_a_folder_that_can_not_be_read_is_a_failure(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_listdir = os.listdir

    def refuse(folder: str) -> list[str]:
        if str(folder).endswith("deep"):
            raise PermissionError(13, "Permission denied")
        return real_listdir(folder)

    monkeypatch.setattr(os, "listdir", refuse)
    found = list(find_photos(["sub"]))
    assert found[0] == str(Path("sub", "a.jpg"))
    assert isinstance(found[1], Failure)
    assert "Permission denied" in found[1].error


def test_names_are_taken_lazily(tree: Path) -> None:
    def names() -> Iterator[str]:
        yield "b.jpg"
        raise AssertionError("took a second name before it was needed")

    assert next(find_photos(names())) == "b.jpg"


def test_a_stream_with_a_photo_passes_unchanged(tree: Path) -> None:
    assert list(require_photo(find_photos(["nothing", "b.jpg", "gone"]))) == list(
        find_photos(["nothing", "b.jpg", "gone"])
    )


def test_no_photo_at_all_is_an_error_that_says_what_was_found(tree: Path) -> None:
    with pytest.raises(NoPhotosError, match=r"nothing\.jpg: no such file"):
        require_photo(find_photos(["nothing.jpg"]))
    (tree / "empty").mkdir()
    with pytest.raises(NoPhotosError, match=r"\.jpg"):
        require_photo(find_photos(["empty"]))
