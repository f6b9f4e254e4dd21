"""Every format carries the same fields, one row for each photo, whatever is in its name."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from crackscope.errors import OutputError, SettingsError
from crackscope.inference.writers import Format, text_lines, write_outcomes
from crackscope.labels import Label, ReviewReason
from crackscope.records import COLUMNS, Failure, Outcome, Prediction
from crackscope.table_text import one_line

PLAIN = Prediction(path="a.jpg", label=Label.NEGATIVE, score=0.25, threshold=0.4137281936)
REVIEWED = Prediction(
    path='стена "1", links.jpg',
    label=Label.POSITIVE,
    score=0.999999,
    threshold=0.4137281936,
    reason=ReviewReason.LARGER_THAN_A_PATCH,
)
FAILED = Failure(path="b.jpg", error="not an image,\nor damaged")
NASTY = Prediction(
    path="new\nline\r\x1b[31m\u2028\udcff.jpg", label=Label.NEGATIVE, score=1e-6, threshold=0.5
)
OUTCOMES: list[Outcome] = [PLAIN, REVIEWED, FAILED, NASTY]


def _text(form: Format, outcomes: list[Outcome] = OUTCOMES) -> str:
    return "".join(text_lines(outcomes, form))


def test_csv_is_one_physical_line_a_row_to_the_byte() -> None:
    assert _text(Format.CSV) == (
        "path,label,score,threshold,review,reason,error\n"
        "a.jpg,Negative,0.250000,0.4137281936,false,,\n"
        '"стена ""1"", links.jpg",Positive,0.999999,0.4137281936,true,larger than a patch,\n'
        'b.jpg,,,,,,"not an image,\\nor damaged"\n'
        "new\\nline\\r\\x1b[31m\\u2028\\udcff.jpg,Negative,0.000001,0.5,false,,\n"
    )


def test_json_and_json_lines_hold_the_rows() -> None:
    rows = json.loads(_text(Format.JSON))
    assert rows == [json.loads(line) for line in _text(Format.JSONL).split("\n")[:-1]]
    assert rows == [outcome.as_row() for outcome in OUTCOMES]
    assert list(rows[0]) == list(COLUMNS)
    assert "стена" in _text(Format.JSON)


@pytest.mark.parametrize("form", [Format.TABLE, Format.CSV, Format.JSON, Format.JSONL])
def test_text_is_valid_utf8_without_control_characters(form: Format) -> None:
    data = _text(form).encode("utf-8")
    assert not set(data) & (set(range(32)) - {0x0A})


@pytest.mark.parametrize("form", [Format.CSV, Format.JSON])
def test_csv_and_json_carry_the_same_number(form: Format) -> None:
    score = round(0.1234565000001, 6)
    outcome = Prediction(path="a", label=Label.NEGATIVE, score=score, threshold=1 / 3)
    text = _text(form, [outcome])
    row: dict[str, Any] = (
        json.loads(text)[0] if form is Format.JSON else next(csv.DictReader(io.StringIO(text)))
    )
    assert float(row["score"]) == score
    assert float(row["threshold"]) == 1 / 3


def test_no_outcome_at_all_is_still_a_valid_document() -> None:
    assert json.loads(_text(Format.JSON, [])) == []
    assert _text(Format.JSONL, []) == ""
    assert _text(Format.CSV, []) == ",".join(COLUMNS) + "\n"


def test_the_table_aligns_its_columns_and_ends_with_the_path() -> None:
    header, *lines = _text(Format.TABLE).splitlines()
    assert len(lines) == len(OUTCOMES)
    column = header.index("path")
    assert lines[0][column:] == "a.jpg"
    assert lines[2][column:] == "b.jpg  error: not an image,\\nor damaged"
    assert lines[1].startswith("Positive  0.999999  0.413728   true    larger than a patch  ")


def test_parquet_holds_the_rows_and_its_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_outcomes(tmp_path / "rows.parquet", OUTCOMES, Format.PARQUET)
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.column_names == list(COLUMNS)
    assert [str(table.schema.field(name).type) for name in ("score", "review")] == ["double", "bool"]
    rows = table.to_pylist()
    assert rows[:2] == [PLAIN.as_row(), REVIEWED.as_row()]
    assert rows[2]["label"] is None
    assert rows[3]["path"] == one_line(NASTY.path)


def test_parquet_is_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("crackscope.inference.writers._ROW_GROUP", 4)
    write_outcomes(tmp_path / "rows.parquet", (PLAIN for _ in range(10)), Format.PARQUET)
    file = parquet.ParquetFile(tmp_path / "rows.parquet")
    assert (file.metadata.num_rows, file.num_row_groups) == (10, 3)


def test_parquet_is_no_text() -> None:
    with pytest.raises(SettingsError, match="--output"):
        text_lines(OUTCOMES, Format.PARQUET)


@pytest.mark.parametrize("form", list(Format))
def test_a_run_that_breaks_off_leaves_the_old_file(tmp_path: Path, form: Format) -> None:
    target = tmp_path / "rows"
    target.write_text("old")

    def breaking() -> Any:
        yield PLAIN
        raise OSError("the disk went away")

    with pytest.raises(OutputError, match="went away"):
        write_outcomes(target, breaking(), form)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_place_that_can_not_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        write_outcomes(tmp_path / "file" / "rows.csv", OUTCOMES, Format.CSV)
