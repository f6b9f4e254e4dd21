from __future__ import annotations

import os
from pathlib import Path

import pytest

from crackscope.dataset.manifest import read_manifest, write_manifest
from crackscope.dataset.records import Manifest, ManifestRow, Part
from crackscope.errors import DataError
from crackscope.labels import Label

HEADER = "path,label,group,part,sha256\n"
SHA = "0123456789abcdef" * 4


def row(path: str, part: Part = Part.TRAIN, group: str = "g1", label: Label = Label.POSITIVE) -> ManifestRow:
    return ManifestRow(path=path, label=label, group=group, part=part, sha256=SHA)


def test_manifest_comes_back_as_written_and_sorted(tmp_path: Path) -> None:
    names = ['b,"1".jpg', "ä/riß é.jpg", "a b/c.jpg", "Positive/line\nbreak.jpg"]
    rows = tuple(row(name, group=f"g{index}", part=list(Part)[index]) for index, name in enumerate(names))
    write_manifest(tmp_path / "manifest.csv", Manifest(root=tmp_path, rows=rows))
    found = read_manifest(tmp_path / "manifest.csv", root=tmp_path)
    assert found == Manifest(root=tmp_path, rows=tuple(sorted(rows, key=lambda one: one.path)))


def test_file_is_utf8_with_lf_and_named_columns(tmp_path: Path) -> None:
    write_manifest(tmp_path / "m.csv", Manifest(root=tmp_path, rows=(row("é.jpg", Part.TEST),)))
    assert (tmp_path / "m.csv").read_bytes() == f"{HEADER}é.jpg,Positive,g1,test,{SHA}\n".encode()


def test_spreadsheets_byte_order_mark_and_line_ends_are_read(tmp_path: Path) -> None:
    text = f"{HEADER}a.jpg,Negative,g1,calibration,{SHA}\n".replace("\n", "\r\n")
    (tmp_path / "m.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    found = read_manifest(tmp_path / "m.csv", root=tmp_path)
    assert found.rows == (row("a.jpg", Part.CALIBRATION, label=Label.NEGATIVE),)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", r"has no rows"),
        (f"a.jpg,Positive,g,train,{SHA}\na.jpg,Positive,g,train,{SHA}\n", r"names a\.jpg twice"),
        (f"a.jpg,positive,g,train,{SHA}\n", r"line 2: unknown label 'positive'; valid: Negative, Positive"),
        (f"a.jpg,Positive,g,dev,{SHA}\n", r"unknown part 'dev'; valid: train, validation, calibration, test"),
        (f"/a.jpg,Positive,g,train,{SHA}\n", r"path '/a\.jpg' is not inside the data folder"),
        (f"a/../../b.jpg,Positive,g,train,{SHA}\n", r"is not inside the data folder"),
        (f",Positive,g,train,{SHA}\n", r"is not inside the data folder"),
        (f"a.jpg,Positive,,train,{SHA}\n", r"the group is empty"),
        ("a.jpg,Positive,g,train,abc\n", r"sha256 'abc' is not 64 hex digits"),
        ("a.jpg,Positive,g,train\n", r"line 2: 4 columns; expected 5"),
        (
            f"a.jpg,Positive,g,train,{SHA}\nb.jpg,Negative,g,test,{SHA}\n",
            r"group g in two parts, train and test",
        ),
    ],
)
def test_contradictions_are_refused_by_line(tmp_path: Path, lines: str, message: str) -> None:
    (tmp_path / "m.csv").write_text(HEADER + lines, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_manifest(tmp_path / "m.csv", root=tmp_path)


@pytest.mark.skipif(os.name != "nt", reason="backslashes and drives are ordinary characters elsewhere")
@pytest.mark.parametrize("path", ["C:\\a.jpg", "\\\\server\\share\\a.jpg", "a\\..\\..\\b.jpg"])
def test_windows_paths_that_leave_the_folder_are_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "m.csv").write_text(f"{HEADER}{path},Positive,g,train,{SHA}\n", encoding="utf-8")
    with pytest.raises(DataError, match="not inside the data folder"):
        read_manifest(tmp_path / "m.csv", root=tmp_path)


@pytest.mark.parametrize("content", [b"", b"path,label\n", b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_files_that_are_no_manifest_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"manifest|expected"):
        read_manifest(tmp_path / "m.csv", root=tmp_path)


def test_missing_manifest_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read the manifest .*m\.csv"):
        read_manifest(tmp_path / "m.csv", root=tmp_path)
