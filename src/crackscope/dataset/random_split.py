"""What a random split by file would have shared between training and test: the reason to split by group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from crackscope.dataset.assign import draw
from crackscope.dataset.records import Fingerprint, LabelledPhoto
from crackscope.dataset.shares import Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomSplit:
    """What a random split by file, of the same shares and seed, would have put into training and test.

    Attributes:
        test: Photos in its test part.
        exact: Of these, photos with a byte-for-byte copy in its training part.
        near: Of the others, photos with a near copy there.
        grouped: Of the others, photos with another member of their group there, such as a patch of the same
            source photo.
    """

    test: int
    exact: int
    near: int
    grouped: int


def random_split(
    photos: Sequence[LabelledPhoto],
    fingerprints: Sequence[Fingerprint],
    copies: Sequence[int],
    groups: Sequence[int],
    *,
    shares: Shares,
    seed: int,
) -> RandomSplit:
    """Draw one random split by file, stratified like the real one, and count what its sides share.

    ``copies`` and ``groups`` have one number per photo, the same for photos that belong together.
    """
    shuffled = _shuffled_strata(photos, fingerprints, seed)
    train, test = set[int](), set[int]()
    for members in shuffled.values():
        test_count = round(shares.test * len(members))
        test.update(members[:test_count])
        train.update(members[test_count : test_count + round(shares.train * len(members))])
    shared: Counter[str] = Counter()
    content = [one.sha256 for one in fingerprints]
    kinds: dict[str, Sequence[Hashable]] = {"exact": content, "near": copies, "grouped": groups}
    for kind, labels in kinds.items():
        in_training = {labels[index] for index in train}
        hits = {index for index in test if labels[index] in in_training}
        shared[kind] = len(hits)
        test -= hits
    return RandomSplit(
        test=len(test) + shared.total(),
        exact=shared["exact"],
        near=shared["near"],
        grouped=shared["grouped"],
    )


def _shuffled_strata(
    photos: Sequence[LabelledPhoto], fingerprints: Sequence[Fingerprint], seed: int
) -> dict[Hashable, list[int]]:
    strata: dict[Hashable, list[int]] = defaultdict(list)
    occurrences: Counter[str] = Counter()
    draws = []
    for index, (photo, fingerprint) in enumerate(zip(photos, fingerprints, strict=True)):
        strata[photo.source, photo.label].append(index)
        # Byte-for-byte copies must be drawn apart.
        occurrences[fingerprint.sha256] += 1
        draws.append(draw(seed, f"{fingerprint.sha256} {occurrences[fingerprint.sha256]}"))
    for members in strata.values():
        members.sort(key=lambda index: draws[index])
    return strata
