"""The journal of finished photos survives being cut off anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from crackscope.errors import OutputError
from crackscope.scanning.journal import JOURNAL_NAME, Journal


def test_what_was_appended_is_read_back_after_opening_again(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append("a", {"n": 1})
        journal.append("b", {"n": 2})
        journal.append("a", {"n": 3})
        assert journal.read("a") == {"n": 3}
    with Journal(tmp_path) as again:
        assert again.read("a") == {"n": 3}
        assert again.read("b") == {"n": 2}
        assert "c" not in again


def test_a_journal_torn_at_any_byte_keeps_all_whole_lines_and_goes_on(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for number in range(3):
            journal.append(f"k{number}", {"number": number, "text": "é\n"})
    whole = (tmp_path / JOURNAL_NAME).read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole) + 1):
        (tmp_path / JOURNAL_NAME).write_bytes(whole[:cut])
        with Journal(tmp_path) as torn:
            kept = sum(end <= cut for end in ends)
            assert [f"k{number}" in torn for number in range(3)] == [number < kept for number in range(3)]
            torn.append("new", {"after": cut})
        with Journal(tmp_path) as again:
            assert again.read("new") == {"after": cut}


def test_fresh_forgets(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append("a", {})
    with Journal(tmp_path, fresh=True) as journal:
        assert "a" not in journal


def test_a_folder_that_is_a_file_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        Journal(tmp_path / "file")
