"""A small inspection with one photo of every kind."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from PIL import Image

from crackscope.inspection.records import Act, Region
from crackscope.labels import Label, ReviewReason
from crackscope.reporting.records import Inspection, ModelFacts, PhotoEntry, Report

MADE_AT = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
PHOTO_WH = (640, 480)


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Six photos: Positive, rejected by a reviewer, marked for review, Negative, unreadable, and missing."""
    folder = tmp_path_factory.mktemp("inspection")
    return Report(
        inspection=Inspection(
            structure="Aare bridge <3>",
            element="Pier & bearing",
            inspector="Jürgen Müller",
            inspected_on=date(2026, 11, 21),
            notes="Gerüst im Süden.\nRegen.",
        ),
        photos=(
            _scanned(folder, 1, "pier.jpg", score=0.913, place=(47.3769, 8.5417), mm_per_px=0.4, regions=2),
            _scanned(folder, 2, "joint.jpg", score=0.702, regions=1, acts=_rejected("Anna")),
            _scanned(
                folder, 3, "dark.jpg", score=0.412, reason=ReviewReason.UNCERTAIN, place=(47.378, 8.542)
            ),
            _scanned(folder, 4, "sound.jpg", score=0.012, place=(47.377, 8.543)),
            PhotoEntry(number=5, name="damaged.jpg", error="truncated or damaged JPEG"),
            _scanned(folder, 6, "lost.jpg", score=0.99, regions=1, written=False),
        ),
        models=(ModelFacts(sha256="ab" * 32, name="crackscope detector"),),
        overlaps=(0.5,),
        crackscope_version="0.1.0",
        made_at=MADE_AT,
        zone="UTC",
    )


def _scanned(
    folder: Path,
    number: int,
    name: str,
    *,
    score: float,
    place: tuple[float, float] = (float("nan"), 0.0),
    regions: int = 0,
    mm_per_px: float | None = None,
    reason: ReviewReason | None = None,
    acts: tuple[Act, ...] = (),
    written: bool = True,
) -> PhotoEntry:
    file = folder / "photos" / name
    sha256 = "cd" * 32
    if written:
        file.parent.mkdir(exist_ok=True)
        Image.new("RGB", PHOTO_WH, (150, 10 * number, 140)).save(file, quality=90)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    known = place[0] == place[0]
    return PhotoEntry(
        number=number,
        name=name,
        file=file,
        sha256=sha256,
        photo_hw=PHOTO_WH[::-1],
        label=Label.POSITIVE if score >= 0.5 else Label.NEGATIVE,
        score=score,
        threshold=0.5,
        reason=reason,
        cracked_share=0.05 * regions,
        tile_px=(60,),
        mm_per_px=mm_per_px,
        taken=f"2026-11-21T10:0{number}:00+01:00",
        camera="Canon EOS R5",
        focal_length_mm=35.0,
        latitude=place[0] if known else None,
        longitude=place[1] if known else None,
        regions=tuple(
            Region(number=i, box_ltrb=(100 * i, 200, 100 * i + 50, 300), score=0.9 / i, area_px=4000)
            for i in range(1, regions + 1)
        ),
        acts=acts,
    )


def _rejected(who: str) -> tuple[Act, ...]:
    acts = (("confirm", Label.POSITIVE, "", True), ("reject", Label.NEGATIVE, "a joint, not a crack", False))
    return tuple(
        Act(
            id=number,
            action=action,
            old_label=Label.POSITIVE,
            new_label=new,
            box_ltrb=None,
            note=note,
            who=who,
            when=MADE_AT,
            undone=undone,
        )
        for number, (action, new, note, undone) in enumerate(acts, start=1)
    )
