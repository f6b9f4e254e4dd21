from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from crackscope.dataset.corrections import (
    SHIPPED,
    Correction,
    Corrections,
    Seen,
    apply_corrections,
    read_corrections,
    write_corrections,
)
from crackscope.dataset.records import Dataset, Fingerprint
from crackscope.dataset.split import split_dataset
from crackscope.errors import DataError
from crackscope.labels import Label
from tests.unit.dataset.prints import made_up


def correction(print_: Fingerprint, given: Label, seen: Seen) -> Correction:
    return Correction(sha256=print_.sha256, file=print_.path, given=given, seen=seen, reason="plain crack")


def of_prints(*rows: Correction) -> Corrections:
    return Corrections(name="mine.csv", rows=rows)


def labels(dataset: Dataset) -> dict[str, Label]:
    return {photo.path: photo.label for photo in dataset.photos}


def test_a_photo_gets_the_label_that_was_seen() -> None:
    dataset, prints = made_up({"Positive": ["a", "b"], "Negative": ["c", "d"]})
    rows = of_prints(correction(prints[0], Label.NEGATIVE, Seen.CRACK))
    found = apply_corrections(dataset, prints, rows)
    assert found is not None
    assert labels(found.dataset) == {**labels(dataset), prints[0].path: Label.POSITIVE}
    assert found.counts.relabelled == {Label.POSITIVE: 1, Label.NEGATIVE: 0}


def test_what_can_not_be_told_is_left_out_with_its_fingerprint() -> None:
    dataset, prints = made_up({"Positive": ["a", "b"], "Negative": ["c", "d"]})
    found = apply_corrections(
        dataset, prints, of_prints(correction(prints[3], Label.POSITIVE, Seen.NOT_TO_BE_TOLD))
    )
    assert found is not None
    assert prints[3].path not in labels(found.dataset)
    assert [one.path for one in found.fingerprints] == [photo.path for photo in found.dataset.photos]
    assert found.counts.left_out == 1


def test_copies_of_a_corrected_photo_are_corrected_alike() -> None:
    dataset, prints = made_up({"Positive": ["a"], "Negative": ["c", "c#1", "d"]})
    found = apply_corrections(dataset, prints, of_prints(correction(prints[0], Label.NEGATIVE, Seen.CRACK)))
    assert found is not None
    assert [photo.label for photo in found.dataset.photos[:2]] == [Label.POSITIVE, Label.POSITIVE]
    assert found.counts.by_copy == 1


def test_a_copy_of_photos_that_were_seen_differently_is_left_out() -> None:
    dataset, prints = made_up({"Positive": ["a"], "Negative": ["c", "c#1", "c#2"]})
    found = apply_corrections(
        dataset,
        prints,
        of_prints(
            correction(prints[0], Label.NEGATIVE, Seen.CRACK),
            correction(prints[1], Label.NEGATIVE, Seen.HEALTHY),
        ),
    )
    assert found is not None
    assert set(labels(found.dataset)) == {prints[0].path, prints[1].path, prints[3].path}


def test_confirmed_and_foreign_rows_are_counted_and_change_nothing() -> None:
    dataset, prints = made_up({"Positive": ["a"], "Negative": ["c"]})
    stranger = dataclasses.replace(prints[0], sha256="0" * 64)
    found = apply_corrections(
        dataset,
        prints,
        of_prints(
            correction(prints[1], Label.POSITIVE, Seen.CRACK),
            correction(stranger, Label.NEGATIVE, Seen.CRACK),
        ),
    )
    assert found is not None
    assert labels(found.dataset) == labels(dataset)
    assert (found.counts.confirmed, found.counts.unmatched) == (1, 1)
    assert "1 confirmed" in found.counts.sentence()


def test_a_corrected_contradiction_is_kept_by_the_split() -> None:
    contents = {str(label): [f"{label}{number}" for number in range(20)] for label in Label}
    contents["Positive"].append("both")
    contents["Negative"].append("both#1")
    dataset, prints = made_up(contents)
    assert len(split_dataset(dataset, prints).contradictory) == 1
    found = apply_corrections(dataset, prints, of_prints(correction(prints[20], Label.NEGATIVE, Seen.CRACK)))
    assert found is not None
    split = split_dataset(found.dataset, found.fingerprints)
    assert split.contradictory == ()
    assert len(split.manifest.rows) == 42


def test_rows_survive_the_file(tmp_path: Path) -> None:
    _, prints = made_up({"Positive": ["a", "b"], "Negative": []})
    rows = [
        correction(prints[0], Label.POSITIVE, Seen.HEALTHY),
        dataclasses.replace(
            correction(prints[1], Label.POSITIVE, Seen.NOT_TO_BE_TOLD), reason='=blurred, "dark"\nflat'
        ),
    ]
    write_corrections(tmp_path / "corrections.csv", rows)
    assert list(read_corrections(tmp_path / "corrections.csv").rows) == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\n", "has columns"),
        ("sha256,file,given,seen,reason,seen_by,date\nx,a.jpg,Positive,crack,,,\n", "64 hex digits"),
        (
            f"sha256,file,given,seen,reason,seen_by,date\n{'0' * 64},a.jpg,Positive,maybe,,,\n",
            "crack, healthy",
        ),
        (
            f"sha256,file,given,seen,reason,seen_by,date\n{'0' * 64},a.jpg,Positive,crack\n",
            "line 2: 4 columns",
        ),
        (
            "sha256,file,given,seen,reason,seen_by,date\n"
            f"{'0' * 64},a.jpg,Positive,crack,,,\n{'0' * 64},a.jpg,Positive,healthy,,,\n",
            "line 3: a.jpg was seen as crack",
        ),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "corrections.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_corrections(path)


def test_an_unknown_name_is_answered_with_those_that_ship(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=", ".join(SHIPPED)):
        read_corrections(tmp_path / "nothing.csv")
