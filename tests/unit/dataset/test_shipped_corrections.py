"""The corrections that come with the package are well formed and fit the photos they are of."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from crackscope.dataset.corrections import SHIPPED, Seen, read_corrections
from crackscope.labels import Label
from crackscope.storage import sha256_file


@pytest.mark.parametrize("name", SHIPPED)
def test_every_row_says_who_looked_and_why(name: str) -> None:
    rows = read_corrections(name).rows
    assert len(rows) > 500
    assert all(row.reason and row.seen_by and row.date for row in rows)


def test_no_label_is_overturned_by_a_single_look() -> None:
    for name in SHIPPED:
        for row in read_corrections(name).rows:
            if row.seen.label not in (None, row.given):
                assert "looked at once" not in row.reason, row.file


def test_metus_wrong_labels_are_cracks_called_negative() -> None:
    kinds = Counter((row.given, row.seen) for row in read_corrections("metu").rows)
    assert kinds[Label.NEGATIVE, Seen.CRACK] > 100
    assert kinds[Label.POSITIVE, Seen.HEALTHY] == 0


@pytest.mark.parametrize("name", SHIPPED)
def test_hashes_are_those_of_the_files(name: str, real_data: Path) -> None:
    folder = real_data / name
    for row in read_corrections(name).rows[::100]:
        assert sha256_file(folder / row.file) == row.sha256
