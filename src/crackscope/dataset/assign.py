"""Share out groups of photos among the parts, stratified, in an order that only content and seed decide."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crackscope.dataset.copies import members_by_number
from crackscope.dataset.records import Fingerprint, LabelledPhoto, Part

# Of the SHA-256: 64 bits, so that even a million groups share no id.
_ID_DIGITS = 16

Share = TypeVar("Share", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Photos that stay together.

    Attributes:
        id: Derived from content.
        members: Indices of the photos.
        strata: Photos per stratum, such as (data set, label).
        allowed: The parts it may go to.
    """

    id: str
    members: tuple[int, ...]
    strata: Counter[Hashable]
    allowed: tuple[Part, ...]


def make_groups(
    photos: Sequence[LabelledPhoto],
    fingerprints: Sequence[Fingerprint],
    numbers: Sequence[int],
    shares: Mapping[Part, float],
) -> list[Group]:
    """Make groups of the photos that have the same number, with the parts their folder layout allows.

    A group that the layout puts into different parts is divided between these, and its photos without a part
    go where they give least away: to the test side.
    """
    allowed = _allowed_parts(photos, shares)
    groups = []
    for members in members_by_number(numbers):
        common = [part for part in Part if all(part in allowed[index] for index in members)]
        smallest = min(fingerprints[index].sha256 for index in members)[:_ID_DIGITS]
        if common:
            groups.append(_group(smallest, photos, members, tuple(common)))
            continue
        given = [photos[index].part for index in members]
        latest = max((part for part in given if part is not None), key=list(Part).index)
        for part in dict.fromkeys(given):
            inside = [index for index in members if (photos[index].part or latest) is part]
            if part is not None:
                groups.append(_group(f"{smallest}-{part}", photos, inside, (part,)))
    return groups


def _group(
    identity: str, photos: Sequence[LabelledPhoto], members: Sequence[int], allowed: tuple[Part, ...]
) -> Group:
    strata: Counter[Hashable] = Counter((photos[index].source, photos[index].label) for index in members)
    return Group(id=identity, members=tuple(members), strata=strata, allowed=allowed)


def _allowed_parts(photos: Sequence[LabelledPhoto], shares: Mapping[Part, float]) -> list[tuple[Part, ...]]:
    """Per photo: the parts it may go to. A data set without given parts leaves all open."""
    given: dict[str, set[Part]] = defaultdict(set)
    for photo in photos:
        if photo.part is not None:
            given[photo.source].add(photo.part)
    open_parts = {
        (source, part): _choices(part, parts, shares) for source, parts in given.items() for part in parts
    }
    return [tuple(shares) if photo.part is None else open_parts[photo.source, photo.part] for photo in photos]


def _choices(part: Part, given: set[Part], shares: Mapping[Part, float]) -> tuple[Part, ...]:
    if part is Part.TRAIN:
        missing = {Part.VALIDATION, Part.CALIBRATION, Part.TEST} - given
        # Calibration photos come out of the given validation photos where there are any.
        missing -= {Part.CALIBRATION} if Part.VALIDATION in given else set()
        return tuple(other for other in shares if other is part or other in missing)
    if part is Part.VALIDATION and Part.CALIBRATION not in given and Part.CALIBRATION in shares:
        return (Part.VALIDATION, Part.CALIBRATION)
    return (part,)


def assign_parts(groups: Sequence[Group], shares: Mapping[Part, float], *, seed: int) -> dict[str, Part]:
    """The part of every group, by id.

    Groups that may go to the same parts are shared out among these by ``shares``, so that in every stratum
    each part comes as near to its share as the groups allow.
    """
    pools: dict[tuple[Part, ...], list[Group]] = defaultdict(list)
    for group in groups:
        pools[group.allowed].append(group)
    parts: dict[str, Part] = {}
    for allowed, pool in pools.items():
        parts.update(share_out(pool, {part: shares.get(part, 0.0) for part in allowed}, seed))
    return parts


def draw(seed: int, name: str) -> str:
    """A number as good as random that is the same on every machine; as hex, for sorting."""
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def share_out(
    pool: Iterable[Group], shares: Mapping[Share, float], seed: int, *, largest_first: bool = True
) -> dict[str, Share]:
    """Give every group, by id, to one of the keys of ``shares``, which get near their share of each stratum.

    Groups' own ``allowed`` parts are not looked at. Largest first comes nearest to the shares; without it
    another seed is another division also where no two groups are of one size.
    """
    pool = list(pool)
    if len(shares) == 1:
        return {group.id: next(iter(shares)) for group in pool}
    totals: Counter[Hashable] = Counter()
    for group in pool:
        totals.update(group.strata)
    whole = sum(shares.values())
    wanted = {
        part: {stratum: total * share / whole for stratum, total in totals.items()}
        for part, share in shares.items()
    }
    filled: dict[Share, Counter[Hashable]] = {part: Counter() for part in shares}
    parts = {}
    # Large groups first: the small ones then even out what these leave.
    for group in sorted(pool, key=lambda one: (-len(one.members) * largest_first, draw(seed, one.id))):
        part = min(shares, key=lambda part: _misfit(group.strata, filled[part], wanted[part]))
        filled[part].update(group.strata)
        parts[group.id] = part
    return parts


def _misfit(strata: Counter[Hashable], filled: Counter[Hashable], wanted: Mapping[Hashable, float]) -> float:
    """Growth of chi-squared, the sum of (filled - wanted)^2 / wanted, if a part takes these photos."""
    return sum(
        count * (2 * (filled[stratum] - wanted[stratum]) + count) / wanted[stratum]
        for stratum, count in strata.items()
    )
