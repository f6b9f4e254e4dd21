"""JSON of a known version is read, and anything else is refused in the words of who reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from crackscope.errors import DataError, OutputError
from crackscope.storage import read_versioned_json, refuse_output_in_data, write_json


def read(path: Path, if_damaged: str = "") -> dict[str, object]:
    return read_versioned_json(path, 2, error=DataError, expected="a plan", if_damaged=if_damaged)


def test_a_document_of_this_version_is_read_back(tmp_path: Path) -> None:
    document = {"schema_version": 2, "name": "Стена", "parts": [1, None]}
    write_json(tmp_path / "plan.json", document)
    assert read(tmp_path / "plan.json") == document


@pytest.mark.parametrize("found", [1, 3, "2", None])
def test_another_version_is_refused_with_both_numbers(tmp_path: Path, found: object) -> None:
    write_json(tmp_path / "plan.json", {"schema_version": found})
    with pytest.raises(DataError, match=rf"plan.json has schema version {found!r}; this version reads 2"):
        read(tmp_path / "plan.json")


@pytest.mark.parametrize("text", ["[]", "null", "2", '"schema_version"'])
def test_what_is_no_object_has_no_version(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="has schema version None"):
        read(tmp_path / "plan.json")


@pytest.mark.parametrize("data", [b"", b"{", b'{"schema_version": \xff}'])
def test_what_is_no_json_is_called_damaged_and_says_what_to_do(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "plan.json").write_bytes(data)
    with pytest.raises(DataError, match=r"plan.json is damaged: .*; draw it again$"):
        read(tmp_path / "plan.json", "draw it again")
    with pytest.raises(DataError, match=r"is damaged: [^;]*$"):
        read(tmp_path / "plan.json")


def test_what_is_not_there_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*none.json: .*; expected a plan$"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("output", "data"),
    [
        ("data", "data"),
        ("data/../data/./out", "data"),
        ("link/out", "data"),
        ("file://{here}/data/out", "data"),
        ("s3://bridges/photos/out", "s3://bridges/photos/"),
        ("s3a://bridges/photos", "s3://bridges"),
        ("gcs://bridges/out", "gs://bridges"),
    ],
)
def test_no_output_lies_in_the_data(
    output: str, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("link").symlink_to("data")
    with pytest.raises(OutputError, match="lies in the data folder"):
        refuse_output_in_data(output.format(here=tmp_path), ["elsewhere", data])


@pytest.mark.parametrize(
    ("output", "data"),
    [
        ("out", "data"),
        ("data-out", "data"),
        ("s3://bridges/photos-out", "s3://bridges/photos"),
        ("s3://answers/photos/out", "s3://bridges/photos"),
        ("gs://bridges/photos/out", "s3://bridges/photos"),
        (".", "data"),
    ],
)
def test_beside_the_data_is_where_output_may_lie(output: str, data: str) -> None:
    assert refuse_output_in_data(output, [data]) is None


@pytest.mark.parametrize(("output", "data"), [(".", "data"), ("s3://bridges", "s3://bridges/photos")])
def test_some_output_must_not_hold_the_data_either(output: str, data: str) -> None:
    with pytest.raises(OutputError, match="lies in the output"):
        refuse_output_in_data(output, [data], nor_around=True)
