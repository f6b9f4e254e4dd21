"""Photos are called by what tells them apart."""

from __future__ import annotations

import pytest

from crackscope.inspection.names import short_names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/mnt/x/photos/a.jpg", "/mnt/x/photos/b.jpg"], ["a.jpg", "b.jpg"]),
        (["photos/north/a.jpg", "photos/south/a.jpg"], ["north/a.jpg", "south/a.jpg"]),
        (["a.jpg"], ["a.jpg"]),
        ([r"C:\photos\a.jpg", r"C:\photos\sub\b.jpg"], ["a.jpg", "sub/b.jpg"]),
        (["/one/a.jpg", "clip.mp4#t=3.5"], ["one/a.jpg", "clip.mp4#t=3.5"]),
        ([], []),
    ],
)
def test_names_leave_out_the_folders_that_all_photos_share(paths: list[str], names: list[str]) -> None:
    assert [name.lstrip("/") for name in short_names(paths)] == names
