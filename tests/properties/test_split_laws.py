from __future__ import annotations

import dataclasses
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope.dataset.records import Dataset, Fingerprint, Part
from crackscope.dataset.split import split_dataset
from crackscope.labels import Label
from tests.unit.dataset.prints import made_up

Photos = tuple[Dataset, list[Fingerprint]]


@st.composite
def data_sets(draw: st.DrawFn) -> Photos:
    """Both classes, each with some photos that occur several times, exactly or nearly."""
    contents = {}
    for label in Label:
        copies = draw(st.lists(st.integers(1, 4), min_size=30, max_size=80))
        contents[str(label)] = [
            f"{label}{number}#{draw(st.integers(0, 2))}"
            for number, count in enumerate(copies)
            for _ in range(count)
        ]
    return made_up(contents)


def content_parts(photos: Photos, seed: int) -> dict[str, Part]:
    dataset, prints = photos
    return {row.sha256: row.part for row in split_dataset(dataset, prints, seed=seed).manifest.rows}


@settings(max_examples=40, deadline=None)
@given(photos=data_sets(), seed=st.integers(0, 1000), data=st.data())
def test_split_depends_on_content_and_seed_only(photos: Photos, seed: int, data: st.DataObject) -> None:
    dataset, prints = photos
    order = data.draw(st.permutations(range(len(prints))))
    # Other names in another order below another root: a renamed and moved data set.
    names = [f"{dataset.photos[index].label}/renamed-{place}.jpg" for place, index in enumerate(order)]
    renamed = Dataset(
        root=Path("/somewhere/else"),
        photos=tuple(
            dataclasses.replace(dataset.photos[index], path=name)
            for index, name in zip(order, names, strict=True)
        ),
    )
    renamed_prints = [
        dataclasses.replace(prints[index], path=name) for index, name in zip(order, names, strict=True)
    ]
    assert content_parts(photos, seed) == content_parts((renamed, renamed_prints), seed)


@settings(max_examples=40, deadline=None)
@given(photos=data_sets(), seed=st.integers(0, 1000))
def test_every_photo_is_in_one_part_with_all_its_copies(photos: Photos, seed: int) -> None:
    dataset, prints = photos
    rows = split_dataset(dataset, prints, seed=seed).manifest.rows
    assert [row.path for row in rows] == sorted(photo.path for photo in dataset.photos)
    parts: dict[bytes, set[Part]] = {}
    # The hash's last bytes are the same for all versions of a photo.
    content = {one.path: one.dhash[1:] for one in prints}
    for row in rows:
        parts.setdefault(content[row.path], set()).add(row.part)
    assert all(len(found) == 1 for found in parts.values())


@settings(max_examples=40, deadline=None)
@given(photos=data_sets(), seed=st.integers(0, 1000))
def test_shares_are_met_within_one_group_per_class(photos: Photos, seed: int) -> None:
    counts = split_dataset(*photos, seed=seed).counts()
    for label in Label:
        total = sum(found[label] for found in counts.values())
        for part, share in ((Part.TRAIN, 0.7), (Part.TEST, 0.15), (Part.VALIDATION, 0.075)):
            assert abs(counts[part][label] - share * total) <= 4
