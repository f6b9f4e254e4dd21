"""What a report is made of: entries of the inspection record, from a scan's results or a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from crackscope.bundle import Bundle, ModelConfig
from crackscope.inspection.changes import Comparison
from crackscope.inspection.conditions import ConditionList
from crackscope.inspection.findings import CRACKS, Finding
from crackscope.inspection.records import Act, PhotoReport, Place, Region, Verdict
from crackscope.inspection.verdict import judge
from crackscope.labels import Label, ReviewReason


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoEntry:
    """One photo of the inspection; label, score and threshold are ``None`` where it could not be scanned.

    Attributes:
        number: Its number in this report, from 1.
        name: As the reader knows it.
        file: Where it should lie; ``None`` where nobody knows.
        drawn: The annotated picture of the scan, shown where the photo itself can't be.
        photo_hw: Height and width, upright, in pixels.
        label: The model's.
        mm_per_px: ``None`` is "uncalibrated".
        taken: ISO 8601.
        acts: All that people did, oldest first.
        element: The part of the structure; empty where it is of none.
        findings: What people state of it, by number.
    """

    number: int
    name: str
    file: Path | None = None
    drawn: Path | None = None
    sha256: str | None = None
    photo_hw: tuple[int, int] | None = None
    label: Label | None = None
    score: float | None = None
    threshold: float | None = None
    reason: ReviewReason | None = None
    error: str | None = None
    cracked_share: float = 0.0
    tile_px: tuple[int, ...] = ()
    mm_per_px: float | None = None
    taken: str | None = None
    camera: str | None = None
    focal_length_mm: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    regions: tuple[Region, ...] = ()
    acts: tuple[Act, ...] = ()
    element: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What counts, by the one rule."""
        cracks = [finding.when for finding in self.findings if finding.statement.kind in CRACKS]
        return judge(self.label, self.regions, self.acts, crack_stated=max(cracks, default=None))

    @property
    def places(self) -> tuple[Place, ...]:
        """Regions and drawn boxes as they count, rejected ones among them."""
        return self.verdict.places

    @property
    def decision(self) -> Act | None:
        """What settled the label; ``None`` where only the model has spoken."""
        return self.verdict.act

    @property
    def final_label(self) -> Label | None:
        """The label that counts."""
        return self.verdict.label

    @property
    def reviewed(self) -> bool:
        """Whether a person decided or stated anything about it that still counts."""
        return bool(self.findings) or any(act.decides for act in self.acts)

    @property
    def review_open(self) -> bool:
        """Whether a look is asked for that nobody has taken yet."""
        verdict = self.verdict
        return verdict.question is not None or (self.reason is not None and verdict.act is None)

    @property
    def worth_showing(self) -> bool:
        """Whether it is shown as a picture: Positive to the model or a person, marked, or with a place."""
        if self.findings:
            return True
        return self.label is not None and (
            Label.POSITIVE in (self.label, self.final_label) or self.reason is not None or bool(self.places)
        )


def entry_of(
    number: int,
    name: str,
    report: PhotoReport,
    *,
    file: Path | None,
    drawn: Path | None = None,
    acts: tuple[Act, ...] = (),
    element: str = "",
    findings: tuple[Finding, ...] = (),
) -> PhotoEntry:
    """A scanned photo as an entry of a report."""
    metadata = report.metadata
    return PhotoEntry(
        number=number,
        name=name,
        file=file,
        drawn=drawn,
        sha256=report.sha256,
        photo_hw=report.photo_hw,
        label=report.label,
        score=report.score,
        threshold=report.threshold,
        reason=report.reason,
        cracked_share=report.cracked_share,
        tile_px=report.tile_px,
        mm_per_px=report.mm_per_px,
        taken=metadata.taken,
        camera=metadata.camera,
        focal_length_mm=metadata.focal_length_mm,
        latitude=metadata.latitude,
        longitude=metadata.longitude,
        regions=report.regions,
        acts=acts,
        element=element,
        findings=findings,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A model that gave results; ``config`` is ``None`` where its folder is not at hand."""

    sha256: str
    name: str | None = None
    config: ModelConfig | None = None


def facts_of_models(models: Iterable[ModelFacts], bundle: Bundle) -> tuple[ModelFacts, ...]:
    """The models; the one that ``bundle`` is gets its config, of the others only the hash is known."""
    return tuple(
        ModelFacts(sha256=model.sha256, name=bundle.config.name, config=bundle.config)
        if model.sha256 == bundle.identity
        else model
        for model in models
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a person says of the inspection; empty where nothing was said.

    Attributes:
        number: Of the report, as its maker counts.
        letterhead: Who made it: name and address, a line each.
        logo: PNG, as `logo.read_logo` makes it.
    """

    title: str = ""
    project: str = ""
    structure: str = ""
    element: str = ""
    inspector: str = ""
    inspected_on: date | None = None
    notes: str = ""
    number: str = ""
    letterhead: str = ""
    logo: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedWith:
    """The comparison with an earlier inspection, and the folder its pictures lie in."""

    comparison: Comparison
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a report says, before it is put into words.

    Attributes:
        overlaps: Share of a tile that its neighbour covers too, each setting that was used.
        made_at: With a time zone; all that makes two reports of the same photos differ.
        zone: Time zone of the times in it, an IANA name; ``None`` is this machine's.
        conditions: By which classes findings are rated.
        font: A TrueType or OpenType font for letters that the PDF's own one lacks.
        compared: What changed since an earlier inspection, where it was compared.
    """

    inspection: Inspection
    photos: tuple[PhotoEntry, ...]
    models: tuple[ModelFacts, ...]
    overlaps: tuple[float, ...]
    crackscope_version: str
    made_at: datetime
    zone: str | None = None
    conditions: ConditionList | None = None
    font: Path | None = None
    compared: ComparedWith | None = None

    @property
    def findings(self) -> tuple[tuple[PhotoEntry, Finding], ...]:
        """All findings by number, each with its photo."""
        found = ((photo, finding) for photo in self.photos for finding in photo.findings)
        return tuple(sorted(found, key=lambda pair: pair[1].number))

    @property
    def elements(self) -> tuple[str, ...]:
        """The parts of the structure by name; photos of none are not among them."""
        return tuple(sorted({photo.element for photo in self.photos} - {""}, key=str.casefold))

    @property
    def reviewed(self) -> tuple[PhotoEntry, ...]:
        """The photos about which a person decided anything."""
        return tuple(photo for photo in self.photos if photo.reviewed)

    @property
    def shown(self) -> tuple[PhotoEntry, ...]:
        """The photos that are shown as pictures."""
        return tuple(photo for photo in self.photos if photo.worth_showing)
