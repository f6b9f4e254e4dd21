"""Two people's corrections: how far they agree, and one file of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crackscope.dataset.corrections import Correction, Corrections, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Of two people who looked at the same photos.

    Attributes:
        both: Photos that both looked at.
        same: Of those, how many both saw alike.
        kappa: Cohen's (1960); ``None`` where it is undefined: no photo, or all of one kind.
        merged: One row per photo that either looked at; what they saw differently is not to be told.
    """

    both: int
    same: int
    kappa: float | None
    merged: tuple[Correction, ...]


def agree(first: Corrections, second: Corrections) -> Agreement:
    """Compare and join the files of two people."""
    mine, theirs = ({row.sha256: row for row in file.rows} for file in (first, second))
    both = sorted(set(mine) & set(theirs))
    same = [key for key in both if mine[key].seen is theirs[key].seen]
    joined = {**mine, **theirs, **{key: _joined(mine[key], theirs[key]) for key in both}}
    return Agreement(
        both=len(both),
        same=len(same),
        kappa=_kappa([mine[key].seen for key in both], [theirs[key].seen for key in both]),
        merged=tuple(joined.values()),
    )


def _joined(one: Correction, other: Correction) -> Correction:
    names = " and ".join(dict.fromkeys(name for name in (one.seen_by, other.seen_by) if name))
    reasons = "; ".join(dict.fromkeys(reason for reason in (one.reason, other.reason) if reason))
    row = replace(one, seen_by=names, reason=reasons, date=max(one.date, other.date))
    if one.seen is other.seen:
        return row
    differently = f"seen as {one.seen} and as {other.seen}"
    return replace(
        row, seen=Seen.NOT_TO_BE_TOLD, reason=f"{reasons}; {differently}" if reasons else differently
    )


def _kappa(one: Sequence[Seen], other: Sequence[Seen]) -> float | None:
    if not one or len({*one, *other}) < 2:
        return None
    total = len(one)
    alike = sum(mine is theirs for mine, theirs in zip(one, other, strict=True)) / total
    counts = Counter(one), Counter(other)
    by_chance = sum(counts[0][seen] * counts[1][seen] for seen in Seen) / total**2
    return (alike - by_chance) / (1 - by_chance)
