from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from crackscope.errors import MissingExtraError
from crackscope.reporting.records import Report
from crackscope.reporting.write import write_report

FORMULAS = (
    "=1+1",
    '=HYPERLINK("http://x.test","y")',
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1",
    "{=1}",
)


def _read(report: Report, folder: Path, language: str = "en") -> Any:
    target = folder / "report.xlsx"
    write_report(target, report, language=language)
    return load_workbook(target)


def _rows(sheet: Any) -> list[dict[str, Any]]:
    titles, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(titles, row, strict=True)) for row in rows]


def test_photos_regions_and_reviews_are_rows_with_numbers_as_numbers(report: Report, tmp_path: Path) -> None:
    book = _read(report, tmp_path)
    assert book.sheetnames == ["Photos", "Regions", "Reviews", "About"]
    photos = _rows(book["Photos"])
    assert [row["No."] for row in photos] == [1, 2, 3, 4, 5, 6]
    first = photos[0]
    assert (first["Score"], first["Threshold"], first["Scale (mm per px)"]) == (0.913, 0.5, 0.4)
    assert (first["SHA-256"], first["File found"]) == (report.photos[0].sha256, "yes")
    assert (first["Latitude"], first["Longitude"]) == (47.3769, 8.5417)
    assert (photos[1]["Label by the model"], photos[1]["Label after review"]) == ("Positive", "Negative")
    assert (photos[1]["Decided by"], photos[5]["File found"]) == ("Anna", "no")
    assert photos[4]["Not scanned because"] == "truncated or damaged JPEG"
    assert photos[4]["Score"] is None
    regions = _rows(book["Regions"])
    assert len(regions) == sum(len(photo.regions) for photo in report.photos)
    assert [regions[0][name] for name in ("Left (px)", "Top (px)", "Right (px)", "Bottom (px)")] == [
        100,
        200,
        150,
        300,
    ]
    assert [regions[0][name] for name in ("Width (mm)", "Height (mm)", "Area (mm²)")] == [20, 40, 640]
    assert regions[-1]["Width (mm)"] is None
    reviews = _rows(book["Reviews"])
    assert [(row["Act"], row["By"], row["Undone"]) for row in reviews] == [
        ("confirmed", "Anna", "yes"),
        ("rejected", "Anna", "no"),
    ]
    assert reviews[0]["When (UTC)"] == datetime(2026, 11, 22, 17, 5)


def test_what_it_is_about_stands_in_a_sheet_of_its_own(report: Report, tmp_path: Path) -> None:
    rows = dict(_read(report, tmp_path)["About"].iter_rows(values_only=True, max_col=2))
    assert rows["Structure"] == "Aare bridge <3>"
    assert rows["Inspector"] == "Jürgen Müller"
    assert "ab" * 32 in rows.values()


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula_or_a_link(report: Report, tmp_path: Path, text: str) -> None:
    act = replace(report.photos[1].acts[1], who=text, note=text)
    photos = (
        replace(report.photos[0], name=text, camera=text, taken=text),
        replace(report.photos[1], acts=(act,)),
        replace(report.photos[4], error=text),
    )
    inspection = replace(report.inspection, structure=text, inspector=text, title=text)
    book = _read(replace(report, photos=photos, inspection=inspection), tmp_path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert [cell for cell in cells if cell.hyperlink] == []
    shown = text.replace("\t", "\ufffd")
    assert sum(cell.value == shown and cell.data_type == "s" for cell in cells) >= 7


def test_a_text_longer_than_a_cell_is_cut_and_odd_letters_are_kept_out(
    report: Report, tmp_path: Path
) -> None:
    photo = replace(report.photos[0], name="x" * 40_000, camera="橋😀\x00\udcff")
    row = _rows(_read(replace(report, photos=(photo,)), tmp_path)["Photos"])[0]
    assert len(row["Photo"]) == 32_767
    assert row["Camera"] == "橋😀\ufffd\ufffd"


def test_german_headings(report: Report, tmp_path: Path) -> None:
    book = _read(report, tmp_path, "de")
    assert book.sheetnames == ["Fotos", "Bereiche", "Prüfungen", "Angaben"]
    assert _rows(book["Fotos"])[0]["Einstufung des Modells"] == "Positiv"


def test_without_photos_the_tables_are_empty(report: Report, tmp_path: Path) -> None:
    book = _read(replace(report, photos=()), tmp_path)
    assert _rows(book["Photos"]) == _rows(book["Regions"]) == _rows(book["Reviews"]) == []


def test_a_missing_package_says_what_to_install(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    monkeypatch.delitem(sys.modules, "crackscope.reporting.excel", raising=False)
    with pytest.raises(MissingExtraError, match=r'pip install "crackscope\[report\]"'):
        write_report(tmp_path / "report.xlsx", report)
    assert list(tmp_path.iterdir()) == []
