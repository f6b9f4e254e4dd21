"""The page on labels says of the shipped corrections what they hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crackscope.dataset.corrections import SHIPPED, Seen, read_corrections
from crackscope.labels import Label

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "label-audit.md").read_text(encoding="utf-8")


def _column(rows: str, number: int) -> int:
    """The sum of a column over the rows of the table that begin so; intervals follow the counts."""
    lines = [line for line in PAGE.splitlines() if line.startswith(f"| {rows}, ")]
    assert lines, f"no row of {rows}"
    return sum(int(re.sub(r"\D.*", "", line.split(" | ")[number])) for line in lines)


@pytest.mark.parametrize(("source", "rows"), [("metu", "METU"), ("sdnet2018", "SDNET walls")])
def test_labels_that_the_table_overturns_are_those_of_the_file(source: str, rows: str) -> None:
    found = read_corrections(source).rows
    cracks = [row for row in found if (row.given, row.seen) == (Label.NEGATIVE, Seen.CRACK)]
    sound = [row for row in found if (row.given, row.seen) == (Label.POSITIVE, Seen.HEALTHY)]
    assert _column(f"{rows} Negative", 2) == len(cracks)
    assert _column(f"{rows} Positive", 4) == len(sound)


@pytest.mark.parametrize("source", SHIPPED)
def test_the_files_say_whose_eyes_they_were(source: str) -> None:
    assert {row.seen_by for row in read_corrections(source).rows} == {"crackscope founders (AI reader)"}


@pytest.mark.parametrize(("source", "rows"), [("metu", "METU"), ("sdnet2018", "SDNET walls")])
def test_500_random_photos_of_each_class_were_looked_at(source: str, rows: str) -> None:
    given = [row.given for row in read_corrections(source).rows]
    for label in Label:
        [line] = [line for line in PAGE.splitlines() if line.startswith(f"| {rows} {label}, random")]
        assert int(line.split(" | ")[1]) == 500
        assert given.count(label) >= 500
